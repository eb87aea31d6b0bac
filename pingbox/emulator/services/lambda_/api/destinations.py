"""Where the record of an asynchronous event goes once it is over: destinations and dead-letter queues (LM-50)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pingbox.emulator.services.lambda_.api.retries import Done, RetryCondition
from pingbox.emulator.services.lambda_.outcome import FunctionError, Outcome, Returned
from pingbox.model.function import AsynchronousSettings

MAX_ROUNDS = 16
"""So many functions call each other by destinations before AWS stops what looks like a loop."""


class Destinations(Protocol):
    """The queues, topics and buses that the emulator serves."""

    async def send(self, arn: str, body: Any, attributes: Mapping[str, str]) -> bool:
        """Deliver `body` (JSON types) there; False if there is no such resource here."""
        ...


@dataclass(frozen=True)
class Ended:
    """An asynchronous event that is over. `arn`: the function's, unqualified; `at`: seconds since the epoch."""

    arn: str
    request_id: str
    event: Any
    outcome: Outcome
    done: Done
    at: float


def targets(settings: AsynchronousSettings, ended: Ended) -> list[str]:
    """The ARNs of the destinations that get the record."""
    succeeded = ended.done.condition is RetryCondition.SUCCESS
    target = settings.on_success if succeeded else settings.on_failure
    return [] if target is None else [target]


def record(ended: Ended) -> dict[str, Any]:
    """What a destination gets."""
    at = datetime.fromtimestamp(ended.at, UTC)
    return {
        "version": "1.0",
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "requestContext": {
            "requestId": ended.request_id,
            "functionArn": f"{ended.arn}:$LATEST",
            "condition": ended.done.condition.value,
            "approximateInvokeCount": ended.done.tries,
        },
        "requestPayload": ended.event,
        **_response(ended.outcome),
    }


def _response(outcome: Outcome) -> dict[str, Any]:
    context = {"statusCode": 200, "executedVersion": "$LATEST"}
    match outcome:
        case Returned(value):
            return {"responseContext": context, "responsePayload": value}
        case FunctionError():
            return {
                "responseContext": {**context, "functionError": "Unhandled"},
                "responsePayload": outcome.payload(),
            }
        case _:  # it never ran
            return {}


def dead_letter_attributes(ended: Ended) -> dict[str, str]:
    """The message attributes beside the event in a dead-letter queue."""
    message = ended.outcome.message if isinstance(ended.outcome, FunctionError) else ended.done.reason or ""
    return {"RequestID": ended.request_id, "ErrorCode": "200", "ErrorMessage": message[:1024]}
