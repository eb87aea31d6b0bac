"""From `$connect`'s outcome to the answer of the handshake (facts CN-*)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import assert_never

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.mapping.proxy_response import Malformed, read_proxy_response
from pingbox.emulator.services.apigateway.websocket import error_frames
from pingbox.emulator.services.apigateway.websocket.conversation import (
    IntegrationFailed,
    IntegrationOutcome,
    Rendered,
)
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned

_DEFAULTS = {"200": 200, "502": None}
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True)
class Accept:
    """Answer 101. `subprotocol` only if the function named one: the gateway never picks it (CN-11, CN-12)."""

    subprotocol: str | None = None


@dataclass(frozen=True)
class Refuse:
    """Answer `status`. `message` is shown to the client, `cause` is for the developer's log."""

    status: int
    message: str
    cause: str


def connect_ended(outcome: IntegrationOutcome, switches: Switches) -> Accept | Refuse:
    """CN-1 to CN-8, CN-20, AU-23."""
    match outcome:
        case Returned(value):
            response = read_proxy_response(value, default_status=_DEFAULTS[switches.connect_without_status])
            if isinstance(response, Malformed):
                return _failed(502, f"malformed Lambda proxy response: {response.problem}")
            return _by_status(response.status, response.headers.get("sec-websocket-protocol"))
        case FunctionError(error_type, _):
            return _failed(502, f"the function failed with {error_type}")
        case NotInvoked(reason):
            return _failed(500, f"the function was not invoked: {reason}")
        case IntegrationTimedOut():
            return Refuse(504, error_frames.ENDPOINT_REQUEST_TIMED_OUT, "the integration timed out")
        case IntegrationFailed(problem, unreachable):
            return _failed(504 if unreachable else 500, problem)  # AU-23: INTEGRATION_FAILURE, API_CONFIGURATION_ERROR
        case Rendered(status, _):
            return _by_status(status, None)
        case _:
            assert_never(outcome)


def _by_status(status: int, subprotocol: str | None) -> Accept | Refuse:
    if 200 <= status <= 299:
        if subprotocol is not None and not _HEADER_VALUE.fullmatch(subprotocol):
            return _failed(502, "$connect returned a Sec-WebSocket-Protocol that no header can carry, expected ASCII")
        return Accept(subprotocol)
    if not 300 <= status <= 599:  # CN-13: 101 is not for the function to say
        return _failed(502, f"$connect returned statusCode {status}, expected 2xx to accept or 300-599 to refuse")
    return Refuse(status, _phrase(status), f"$connect returned statusCode {status}")


def _failed(status: int, cause: str) -> Refuse:
    return Refuse(status, error_frames.INTERNAL_SERVER_ERROR, cause)


def _phrase(status: int) -> str:
    """OQ-9: the words of the error frames where there are some, else the status's own."""
    words = {401: error_frames.UNAUTHORIZED, 403: error_frames.FORBIDDEN, 429: error_frames.TOO_MANY_REQUESTS}
    if status in words:
        return words[status]
    if status >= 500:
        return error_frames.INTERNAL_SERVER_ERROR
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Refused"
