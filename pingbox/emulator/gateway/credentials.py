"""API keys and signatures of the handshake (section 4.2 of the fact sheet)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pingbox.emulator.gateway import error_frames
from pingbox.emulator.gateway.authorizing import Permit
from pingbox.emulator.gateway.connecting import Refuse
from pingbox.emulator.gateway.declaration import Api
from pingbox.emulator.gateway.expressions import ExpressionError
from pingbox.emulator.gateway.handshake_request import HandshakeRequest

_BY_HEADER = re.compile(r"\$\{?request\.header\.(?P<name>[\w-]+)\}?")
_BY_AUTHORIZER = re.compile(r"\$\{?context\.authorizer\.usageIdentifierKey\}?")
_SIGNED_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=[^,\s]+\s*,\s*Signature=[0-9a-f]{64}"
)
_CREDENTIAL = re.compile(r"(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/execute-api/aws4_request")
_SIGNED_QUERY = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")


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
        raise ExpressionError(
            f"API key selection expression {expression!r} is not known; expected $request.header.x-api-key "
            "or $context.authorizer.usageIdentifierKey"
        )


def check_signature(request: HandshakeRequest, account_id: str) -> Mapping[str, str] | Refuse:
    """What a signature adds to the identity, or 403 without a well-formed one (AU-21).

    The form is checked (algorithm, credential scope of `execute-api`, signed headers, 64 hex digits), in the header or
    in the query. The signature itself is not: nobody knows here which secret belongs to an access key.
    """
    found = _from_header(request) or _from_query(request)
    if found is None:
        return Refuse(403, error_frames.FORBIDDEN, "AWS_IAM: no signature in the Authorization header or in the query")
    credential = _CREDENTIAL.fullmatch(found)
    if credential is None:
        return Refuse(
            403,
            error_frames.FORBIDDEN,
            "AWS_IAM: the signature's credential scope is not KEY/DATE/REGION/execute-api/aws4_request",
        )
    key = credential["key"]
    arn = f"arn:aws:iam::{account_id}:user/{key}"
    return {"accountId": account_id, "caller": key, "user": key, "userArn": arn, "accessKey": key}


def _from_header(request: HandshakeRequest) -> str | None:
    signed = _SIGNED_HEADER.fullmatch(request.header("authorization") or "")
    return signed["credential"] if signed is not None else None


def _from_query(request: HandshakeRequest) -> str | None:
    query = request.query_values()
    if query.get("X-Amz-Algorithm") != ["AWS4-HMAC-SHA256"] or any(not query.get(name) for name in _SIGNED_QUERY):
        return None
    return query["X-Amz-Credential"][-1] if re.fullmatch(r"[0-9a-f]{64}", query["X-Amz-Signature"][-1]) else None
