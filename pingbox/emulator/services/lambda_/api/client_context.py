"""`ClientContext` of `lambda:Invoke`: from its header to the invocation it belongs to (LM-10, LM-30)."""

from __future__ import annotations

import base64
import json
from contextvars import ContextVar
from typing import Any

client_context: ContextVar[dict[str, Any] | None] = ContextVar("client_context", default=None)
"""Who sets this before invoking has the handler see it as `context.client_context`."""


def read(header: str | None) -> dict[str, Any] | None:
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
