"""The text frames that the gateway itself sends to a client, to the byte (facts RT-20 on)."""

from __future__ import annotations

import json

FORBIDDEN = "Forbidden"  # RT-20: no route, and no $default
INTERNAL_SERVER_ERROR = "Internal server error"  # RT-21: the integration failed
ENDPOINT_REQUEST_TIMED_OUT = "Endpoint request timed out"  # RT-22
BAD_REQUEST_BODY = "Bad request body"  # RT-23
TOO_MANY_REQUESTS = "Too Many Requests"  # RT-24
UNAUTHORIZED = "Unauthorized"  # OQ-9: only in refused handshakes


def error_frame(message: str, connection_id: str, request_id: str) -> str:
    """RT-20, RT-21, RT-22 and RT-24: mind the one space that follows only the first colon."""
    return f'{{"message": {json.dumps(message)}, "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def bad_request_body(connection_id: str, message_id: str) -> str:
    """RT-23, which is spaced differently and names the message, not the request."""
    return f'{{"message" : "{BAD_REQUEST_BODY}", "connectionId": "{connection_id}", "messageId": "{message_id}"}}'
