"""Refusals: the error codes of the protocol (chat.md B6) and the event that carries one.

Programs read `code` and `retry`; `message` is for people. Nothing of the server's insides is ever put into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Why a request was refused. A client must treat a code it does not know as not retryable."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_ACTION = "unknown_action"
    BAD_ROOM = "bad_room"
    BAD_NAME = "bad_name"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    UNSUPPORTED_VERSION = "unsupported_version"
    FORBIDDEN = "forbidden"
    NOT_YOURS = "not_yours"
    NOT_FOUND = "not_found"
    ROOM_CLOSED = "room_closed"
    NOT_JOINED = "not_joined"
    NO_SUCH_ROOM = "no_such_room"
    ROOM_EXISTS = "room_exists"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    BEHIND = "behind"
    INTERNAL = "internal"


# `behind` is retryable too, but only after a `sync`.
RETRYABLE = frozenset({Code.RATE_LIMITED, Code.BUSY, Code.BEHIND, Code.INTERNAL})


@dataclass(frozen=True)
class Request:
    """What an answer repeats of its request, so that the client can match them."""

    id: str | None = None
    cid: str | None = None


@dataclass(frozen=True)
class Refusal:
    """A request that was not done. `retry_after` in milliseconds, only with `rate_limited`."""

    code: Code
    message: str
    request: Request = Request()
    room: str | None = None
    retry_after: int | None = None


def error_event(refusal: Refusal) -> dict[str, Any]:
    """The `error` event of a refusal, as it goes over the wire."""
    event: dict[str, Any] = {"type": "error"}
    if refusal.request.id is not None:
        event["id"] = refusal.request.id
    if refusal.request.cid is not None:
        event["cid"] = refusal.request.cid
    if refusal.room is not None:
        event["room"] = refusal.room
    event |= {"code": refusal.code.value, "message": refusal.message, "retry": refusal.code in RETRYABLE}
    if refusal.retry_after is not None:
        event["retryAfter"] = refusal.retry_after
    return event
