"""What becomes of an asynchronous event after each try (LM-50): pure decisions, by the clock that is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.model.function import AsynchronousSettings

# LAMBDA invocation-async: after an error again a minute and two minutes later; a throttled event comes back after a
# second, then ever more slowly, until it is too old.
ERROR_DELAYS = (60.0, 120.0)
THROTTLED_DELAY, MAX_THROTTLED_DELAY = 1.0, 300.0

DEFAULTS = AsynchronousSettings()


class RetryCondition(Enum):
    """How an event has ended, in the words of a destination's record."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@dataclass(frozen=True)
class Attempt:
    """How far an event has come: `errors` and `throttles` so far, `accepted` seconds since the epoch."""

    accepted: float
    errors: int = 0
    throttles: int = 0


@dataclass(frozen=True)
class Again:
    """Try again after `delay` seconds."""

    delay: float
    attempt: Attempt


@dataclass(frozen=True)
class Done:
    """No further try; it is over `delay` seconds from now. `reason`: why the event never succeeded, None if it did.

    `tries` is how many times the function ran.
    """

    condition: RetryCondition
    tries: int
    reason: str | None = None
    delay: float = 0.0


def after(outcome: Outcome, attempt: Attempt, now: float, settings: AsynchronousSettings = DEFAULTS) -> Again | Done:
    """What becomes of an event whose latest try ended in `outcome`."""
    match outcome:
        case Returned():
            return Done(RetryCondition.SUCCESS, attempt.errors + 1)
        case FunctionError(error_type=error_type):
            failed = Attempt(attempt.accepted, attempt.errors + 1, attempt.throttles)
            if attempt.errors >= min(settings.retries, len(ERROR_DELAYS)):
                tries = f"{failed.errors} tries" if failed.errors > 1 else "its only try"
                reason = f"{tries} ended in an error, the last in {error_type}"
                return Done(RetryCondition.RETRIES_EXHAUSTED, failed.errors, reason)
            return _again(ERROR_DELAYS[attempt.errors], failed, now, settings)
        case NotInvoked(cause="throttled"):
            delay = min(MAX_THROTTLED_DELAY, THROTTLED_DELAY * 2**attempt.throttles)
            return _again(delay, Attempt(attempt.accepted, attempt.errors, attempt.throttles + 1), now, settings)
        case NotInvoked(reason):
            return Done(RetryCondition.RETRIES_EXHAUSTED, attempt.errors, reason)
        case other:
            assert_never(other)


def _again(delay: float, attempt: Attempt, now: float, settings: AsynchronousSettings) -> Again | Done:
    """Unless the event becomes too old while it waits."""
    left = attempt.accepted + settings.max_age - now
    if delay < left:
        return Again(delay, attempt)
    reason = f"it was older than {settings.max_age:g} s before it could be tried again"
    return Done(RetryCondition.EVENT_AGE_EXCEEDED, attempt.errors, reason, max(0.0, left))
