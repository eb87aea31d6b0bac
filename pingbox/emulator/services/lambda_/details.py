"""What one call of `lambda:Invoke` says besides function and event, on its way to the invocation that it causes."""

from __future__ import annotations

import base64
import json
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

LATEST = "$LATEST"


@dataclass(frozen=True)
class Details:
    """`request_id`: the id that the caller was told, None for a new one (LM-40).

    `qualifier` is what the function's ARN ends with, None for none; `version` what it means: `$LATEST` or a number
    (LM-41). `client_context`: as `context.client_context` has it (LM-10, LM-30). `payload` is the event's JSON as it
    was sent, for runtimes that read it themselves; None: the event is written anew. The invocation's log lines are
    appended to `tail`, unless it is None (`LogType=Tail`). `rounds`: how many functions have caused it one after
    another by their destinations.
    """

    request_id: str | None = None
    qualifier: str | None = None
    version: str = LATEST
    client_context: dict[str, Any] | None = None
    payload: bytes | None = None
    tail: list[str] | None = None
    rounds: int = 0

    def qualified(self, arn: str) -> str:
        """The ARN that was invoked."""
        return arn if self.qualifier is None else f"{arn}:{self.qualifier}"


details: ContextVar[Details] = ContextVar("details", default=Details())  # noqa: B039 -- a frozen dataclass
"""Whoever sets this before invoking has the next invocation of the same context described by it."""


def read_client_context(header: str | None) -> dict[str, Any] | None:
    """The document in an `X-Amz-Client-Context` header. Raises `ValueError` unless it is a JSON object in base64."""
    if not header:
        return None
    try:
        document = json.loads(base64.b64decode(header, validate=True))
    except ValueError as error:
        raise ValueError(f"the client context is no JSON in base64: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the client context is no JSON object")
    return document
