"""API keys of the handshake (AU-22)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pingbox.emulator.services.apigateway.common.authorizers import Permit
from pingbox.emulator.services.apigateway.common.expressions import SelectionError
from pingbox.emulator.services.apigateway.websocket import error_frames
from pingbox.emulator.services.apigateway.websocket.connect_route import Refuse
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest
from pingbox.model.api import Api

_BY_HEADER = re.compile(r"\$\{?request\.header\.(?P<name>[\w-]+)\}?")
_BY_AUTHORIZER = re.compile(r"\$\{?context\.authorizer\.usageIdentifierKey\}?")


def check_api_key(api: Api, request: HandshakeRequest, permit: Permit | None) -> Mapping[str, str] | Refuse:
    """What the key adds to the identity (EV-32), or 403 for a missing or unknown one (AU-22).

    `permit` is the authorizer's, whose `usageIdentifierKey` may be the key; None if none ran.
    """
    by_header = _BY_HEADER.fullmatch(api.api_key_selection_expression)
    if by_header is not None:
        key = request.header(by_header["name"])
    else:
        key = permit.usage_identifier_key if permit is not None else None
    if key is None or key not in api.api_keys:
        return Refuse(403, error_frames.FORBIDDEN, f"the API key is {'missing' if key is None else 'not known'}")
    return {"apiKey": key, "apiKeyId": api.api_keys[key]}


def check_key_expression(expression: str) -> None:
    """Raise `ExpressionError` for a selection expression that AU-22 does not know."""
    if not (_BY_HEADER.fullmatch(expression) or _BY_AUTHORIZER.fullmatch(expression)):
        raise SelectionError(
            f"API key selection expression {expression!r} is not known; expected $request.header.x-api-key "
            "or $context.authorizer.usageIdentifierKey"
        )
