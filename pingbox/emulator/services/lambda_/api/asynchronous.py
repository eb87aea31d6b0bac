"""`lambda:Invoke` of type Event: accepted at once, run later, tried again when it fails, as AWS does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Any, assert_never

from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_.outcome import FunctionError, Functions, NotInvoked, Outcome, Returned

log = logging.getLogger(__name__)

# LAMBDA invocation-async: two more tries, a minute and two minutes later; a throttled event comes back after a second,
# then ever more slowly, for six hours.
ERROR_DELAYS = (60.0, 120.0)
THROTTLED_DELAY, MAX_THROTTLED_DELAY = 1.0, 300.0
OLDEST_EVENT = 6 * 3600.0
MAX_EVENTS = 10_000


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
    """No further try; `reason` says why if the event never succeeded."""

    reason: str | None = None


def after(outcome: Outcome, attempt: Attempt, now: float) -> Again | Done:
    """What becomes of an event whose latest try ended in `outcome`."""
    match outcome:
        case Returned():
            return Done()
        case FunctionError(error_type=error_type):
            if attempt.errors == len(ERROR_DELAYS):
                return Done(f"{1 + attempt.errors} tries ended in an error, the last in {error_type}")
            return Again(ERROR_DELAYS[attempt.errors], Attempt(attempt.accepted, attempt.errors + 1, attempt.throttles))
        case NotInvoked(cause="throttled"):
            delay = min(MAX_THROTTLED_DELAY, THROTTLED_DELAY * 2**attempt.throttles)
            if now + delay - attempt.accepted > OLDEST_EVENT:
                return Done("it was throttled for six hours")
            return Again(delay, Attempt(attempt.accepted, attempt.errors, attempt.throttles + 1))
        case NotInvoked(reason):
            return Done(reason)
        case other:
            assert_never(other)


class AsynchronousInvocations:
    """The events that were accepted and are not done. Delays pass by `clock`. On one loop; `close` at the end."""

    def __init__(self, functions: Functions, clock: Clock, most: int = MAX_EVENTS) -> None:
        self._functions = functions
        self._clock = clock
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Future[Outcome]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jumps: set[asyncio.Event] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def accept(self, function: str, event: Any) -> bool:
        """Run it in the background; False if too many events wait already."""
        if len(self._tasks) >= self._most:
            return False
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._clock.on_advance(self._jumped)
        task = self._loop.create_task(self._run(function, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settled(self) -> None:
        """Return once no event is being run; those that wait for another try are not waited for."""
        await asyncio.sleep(0)  # what has just been accepted begins
        while self._running:
            await asyncio.wait(self._running)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Drop the events that are not done; handlers that run are not waited for."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, function: str, event: Any) -> None:
        attempt = Attempt(self._clock.now())
        while True:
            outcome = await self._invoked(function, event)
            match after(outcome, attempt, self._clock.now()):
                case Done(reason):
                    if reason is not None:
                        log.warning("an asynchronous event for %s is dropped: %s", function, reason)
                    return
                case Again(delay, attempt):
                    log.info("an asynchronous event for %s is tried again in %d s: %s", function, delay, outcome)
                    await self._wait(delay)
                case other:
                    assert_never(other)

    async def _invoked(self, function: str, event: Any) -> Outcome:
        running = asyncio.ensure_future(self._functions.invoke(function, event))
        self._running.add(running)
        try:
            return await running
        finally:
            self._running.discard(running)

    async def _wait(self, seconds: float) -> None:
        due = self._clock.now() + seconds
        jumped = asyncio.Event()
        self._jumps.add(jumped)
        try:
            while (left := due - self._clock.now()) > 0:
                jumped.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await jumped.wait()
        finally:
            self._jumps.discard(jumped)

    def _jumped(self) -> None:
        """The clock was wound on; told from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_waits)

    def _end_waits(self) -> None:
        for jumped in self._jumps:
            jumped.set()
