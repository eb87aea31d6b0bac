"""What `@connections` answers (facts MG-*)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote

from pingbox.emulator.services.apigateway.common import limits
from pingbox.emulator.services.apigateway.websocket import connection
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.port import AwsResponse

ERROR_TYPE = "x-amzn-ErrorType"
_SEGMENT = "@connections"
_METHODS = ("POST", "GET", "DELETE")


@dataclass(frozen=True)
class ConnectionTarget:
    """Which connection of which stage a request is about, decoded. `prefix` is the path before the stage."""

    prefix: str
    stage: str
    connection_id: str


DELIVERED = AwsResponse(200)
DELETED = AwsResponse(204)  # MG-3


@lru_cache(maxsize=4096)
def read_path(path: str) -> ConnectionTarget | None:
    """`/{stage}/@connections/{id}`, percent-encoded or not (MG-4), with or without the API's id in front.

    None when the path is not about `@connections`. The query is not part of `path`.
    """
    segments = [unquote(segment) for segment in path.lstrip("/").split("/")]
    if _SEGMENT not in segments:
        return None
    at = segments.index(_SEGMENT)
    # An endpoint with a slash at its end, as many handlers write it, comes from today's SDK for JavaScript as `//`.
    before = [segment for segment in segments[:at] if segment]
    stage = before[-1] if before else ""
    return ConnectionTarget("/".join(before[:-1]), stage, "/".join(segments[at + 1 :]))


def refusal(method: str, connection_id: str, body_size: int) -> AwsResponse | None:
    """The answer that does not depend on whether the connection is there, or None to go on."""
    if method not in _METHODS:
        return error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if not connection.well_formed(connection_id):
        return error(400, "BadRequestException", f"Invalid connectionId: {connection_id}", connection_id)  # MG-11
    if method == "POST" and body_size > limits.MESSAGE_BYTES:
        return too_large(body_size)
    return None


def gone() -> AwsResponse:
    """MG-10: an empty body, and the header without which boto3 knows no `GoneException` (MG-20)."""
    return AwsResponse(410, {ERROR_TYPE: "GoneException"})


def forbidden() -> AwsResponse:
    """MG-13: no stage, or one that does not exist."""
    return error(403, "ForbiddenException", "Forbidden")


def unsigned() -> AwsResponse:
    """MG-14."""
    return error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def too_large(size: int) -> AwsResponse:
    """MG-16: a post of more than 128 KB."""
    return error(
        413, "PayloadTooLargeException", f"The message has {size} bytes, expected at most {limits.MESSAGE_BYTES}"
    )


def buffer_full() -> AwsResponse:
    """MG-17: the client does not read as fast as it is written to."""
    return error(429, "LimitExceededException", "The client's buffer is full")


def described(connection: Connection, last_active_at: float) -> AwsResponse:
    """GET's answer (MG-6, MG-7). `last_active_at` in seconds since the epoch."""
    body = {
        "connectedAt": iso_time(connection.connected_at),
        "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
        "lastActiveAt": iso_time(last_active_at),
    }
    return AwsResponse(200, {"Content-Type": "application/json"}, json.dumps(body).encode())


def error(status: int, error_type: str, message: str, connection_id: str | None = None) -> AwsResponse:
    """An error with the type that botocore reads from the header (MG-20)."""
    body = {"message": message} if connection_id is None else {"message": message, "connectionId": connection_id}
    text = json.dumps(body, separators=(",", ":"))
    return AwsResponse(status, {ERROR_TYPE: error_type, "Content-Type": "application/json"}, text.encode())


def iso_time(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds and `Z` (MG-7)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}Z"
