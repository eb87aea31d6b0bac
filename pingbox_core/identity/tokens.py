"""Guest tokens: JWTs signed with HS256. The algorithm is ours, never the header's (chat.md D1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from pingbox_core import limits
from pingbox_core.identity.jwt import BadTokenError
from pingbox_core.names import is_user_id

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
AUDIENCE = "pingbox-guest"  # no issuer may have it
_SKEW = 60  # seconds
LONGEST = 1024  # characters; ours have about 200


def sign(user: str, secret: bytes, now: int) -> str:
    """A token for the guest `user`, valid for 30 days from `now` (milliseconds)."""
    issued = now // 1000
    claims = {"sub": user, "aud": AUDIENCE, "iat": issued, "exp": issued + limits.GUEST_TOKEN_LIFETIME // 1000}
    body = _HEADER + b"." + _encoded(json.dumps(claims, separators=(",", ":")).encode())
    return (body + b"." + _encoded(_signature(body, secret))).decode()


def verify(token: str, secret: bytes, now: int) -> str:
    """The guest's user id. Raises `BadTokenError`."""
    body, dot, signature = token.rpartition(".")
    if len(token) > LONGEST or not token.isascii() or not dot:
        raise BadTokenError("the token has not the shape of one")
    if not hmac.compare_digest(_encoded(_signature(body.encode(), secret)), signature.encode()):
        raise BadTokenError("the token's signature is not ours")
    return _subject(_claims(body), now // 1000)


def _claims(body: str) -> dict[str, Any]:
    header, _, payload = body.partition(".")
    if header.encode() != _HEADER:
        raise BadTokenError("the token's header is not ours")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        raise BadTokenError("the token's claims cannot be read") from None
    if not isinstance(claims, dict):
        raise BadTokenError("the token's claims are no object")
    return claims


def _subject(claims: dict[str, Any], now: int) -> str:
    user, expires, issued = claims.get("sub"), claims.get("exp"), claims.get("iat")
    if claims.get("aud") != AUDIENCE or not isinstance(user, str) or not is_user_id(user) or user[:2] != "g-":
        raise BadTokenError("the token is not for a guest of this chat")
    if not isinstance(expires, int) or expires <= now - _SKEW:
        raise BadTokenError("the token has expired")
    if not isinstance(issued, int) or issued > now + _SKEW:
        raise BadTokenError("the token is from the future")
    return user


def _signature(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
