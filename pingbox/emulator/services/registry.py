"""Other AWS services on the same port: found by `X-Amz-Target`, or known to be missing by the signature's scope."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from xml.sax.saxutils import escape

ServiceHandler = Callable[[str, bytes, Mapping[str, str]], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""(operation, body, headers) -> (status, headers, body)."""

_SCOPE = re.compile(r"Credential=[^,/\s]+/\d{8}/[^,/\s]*/(?P<service>[^,/\s]+)/aws4_request")
_BY_PATH = frozenset({"execute-api", "lambda"})  # services whose requests are told by their path, not by a header


def target_of(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The service's prefix and the operation of `X-Amz-Target`, or None."""
    prefix, dot, operation = headers.get("X-Amz-Target", "").rpartition(".")
    return (prefix, operation) if dot else None


def signed_service(headers: Mapping[str, str]) -> str | None:
    """The service in the signature's credential scope, unless its requests go by path."""
    scope = _SCOPE.search(headers.get("Authorization", ""))
    return scope["service"] if scope is not None and scope["service"] not in _BY_PATH else None


def not_emulated(service: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    """501 in the shape that the service's own client can read: JSON, or XML for S3 and for the query protocol."""
    message = f"{service} is not emulated here; point its client at another endpoint (AWS_ENDPOINT_URL_<SERVICE>)"
    error = f"<Error><Code>NotImplemented</Code><Message>{escape(message)}</Message></Error>"
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return 501, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()
    if service == "s3":
        return 501, {"Content-Type": "application/xml"}, error.encode()
    body = json.dumps({"__type": "NotImplemented", "message": message}).encode()
    return 501, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": "NotImplemented"}, body
