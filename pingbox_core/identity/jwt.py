"""Checking the tokens of other issuers: JWTs signed with HS256 or RS256 (chat.md D1; RFC 7515, 7518, 7519, 8017).

Only verification, so nothing secret is computed but an HMAC; the tests hold it to PyJWT. It is written out here because
the functions are a zip of pure Python: the library needs `cryptography`, which is compiled for each platform.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard

from pingbox_core import names

Algorithm = Literal["HS256", "RS256"]
LONGEST: Final = 8_192  # characters; API Gateway lets no longer header through
_SKEW: Final = 60  # seconds
_MIN_MODULUS: Final = 2_048  # bits (RFC 7518, 3.3)
_MAX_MODULUS: Final = 8_192
_SHA256_PREFIX: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # of DigestInfo (RFC 8017, 9.2)


class BadTokenError(ValueError):
    """The token is not acceptable. The message says why and never holds the token."""


class UnknownKeyError(BadTokenError):
    """No key has the token's `kid`: newer keys of the issuer may have it."""


@dataclass(frozen=True)
class RsaKey:
    """A public key: modulus and exponent."""

    n: int
    e: int


@dataclass(frozen=True)
class Issuer:
    """Whose tokens are taken. `algorithm` is fixed here, whatever a token's header says.

    `audience` is looked for in `aud`, and in `client_id`, where Cognito's access tokens have it. `admin`: a claim and
    the value that makes an admin, which may be one of a list (`("cognito:groups", "chat-admins")`); None: nobody is.
    """

    algorithm: Algorithm
    issuer: str
    audience: str
    admin: tuple[str, str] | None = None


@dataclass(frozen=True)
class Identity:
    """Who a token says it is. `expires_at` in milliseconds."""

    user: str
    name: str
    admin: bool
    expires_at: int


def verify(token: str, keys: Mapping[str, RsaKey] | bytes, issuer: Issuer, now: int) -> Identity:
    """The identity in a token. `keys`: the issuer's public keys by `kid`, or the secret. `now` in milliseconds.

    Raises `BadTokenError`; `UnknownKeyError` if it may help to fetch the keys again.
    """
    header, claims, signed, signature = _parts(token)
    if header.get("alg") != issuer.algorithm or "crit" in header:
        raise BadTokenError(f"the token is not signed with {issuer.algorithm}")
    if isinstance(keys, bytes):
        if not hmac.compare_digest(hmac.new(keys, signed, hashlib.sha256).digest(), signature):
            raise BadTokenError("the token's signature is not the issuer's")
    elif not _is_signed_by(_key(header, keys), signed, signature):
        raise BadTokenError("the token's signature is not the issuer's")
    _check_times(claims, now // 1000)
    _check_issuer(claims, issuer)
    user = _user(claims)
    return Identity(user, _name(claims, user), _is_admin(claims, issuer), int(claims["exp"]) * 1000)


def claimed_audience(token: str) -> object:
    """The `aud` of a token that is not verified yet: only to tell whose rules it has to pass. None: not readable."""
    try:
        return _parts(token)[1].get("aud")
    except BadTokenError:
        return None


def key_set(document: bytes) -> dict[str, RsaKey]:
    """The RSA signing keys of a JWKS (RFC 7517) by `kid`; other keys are passed over. Raises `BadTokenError`."""
    try:
        entries = json.loads(document)["keys"]
        found = {entry["kid"]: _rsa_key(entry) for entry in entries if _is_signing_key(entry)}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadTokenError("the issuer's key set is no JWKS") from None
    return {kid: key for kid, key in found.items() if _MIN_MODULUS <= key.n.bit_length() <= _MAX_MODULUS}


def _is_signing_key(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("kty") == "RSA"
        and isinstance(entry.get("kid"), str)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
    )


def _rsa_key(entry: Mapping[str, Any]) -> RsaKey:
    return RsaKey(*(int.from_bytes(_decoded(entry[part]), "big") for part in ("n", "e")))


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    pieces = token.split(".")
    if len(token) > LONGEST or not token.isascii() or len(pieces) != 3:
        raise BadTokenError("the token has not the shape of one")
    header, claims = (_object(piece) for piece in pieces[:2])
    return header, claims, f"{pieces[0]}.{pieces[1]}".encode(), _decoded(pieces[2])


def _object(piece: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(piece))
    except (ValueError, RecursionError):
        raise BadTokenError("the token cannot be read") from None
    if not isinstance(value, dict):
        raise BadTokenError("the token's parts are no objects")
    return value


def _decoded(piece: str) -> bytes:
    try:
        decoded = base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadTokenError("the token is not base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != piece:
        raise BadTokenError("the token is not base64url")  # one signature must not have two spellings
    return decoded


def _key(header: Mapping[str, Any], keys: Mapping[str, RsaKey]) -> RsaKey:
    kid = header.get("kid")
    if not isinstance(kid, str) or kid not in keys:
        raise UnknownKeyError("the token is signed with a key that the issuer does not have")
    return keys[kid]


def _is_signed_by(key: RsaKey, signed: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): encode the digest as the signer must have, and compare the whole."""
    length = (key.n.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != length or value >= key.n:
        return False
    digest = _SHA256_PREFIX + hashlib.sha256(signed).digest()
    expected = b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
    return hmac.compare_digest(pow(value, key.e, key.n).to_bytes(length, "big"), expected)


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    expires = claims.get("exp")
    if not (_is_number(expires) and expires > now - _SKEW):
        raise BadTokenError("the token has expired, or never does")
    for name in ("nbf", "iat"):
        begins = claims.get(name)
        if begins is not None and not (_is_number(begins) and begins <= now + _SKEW):
            raise BadTokenError(f"the token's {name} is in the future")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53


def _check_issuer(claims: Mapping[str, Any], issuer: Issuer) -> None:
    if claims.get("iss") != issuer.issuer:
        raise BadTokenError("the token is from another issuer")
    audience = claims.get("aud", claims.get("client_id"))
    if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
        raise BadTokenError("the token is for another audience")


def _user(claims: Mapping[str, Any]) -> str:
    user = claims.get("sub")
    if not isinstance(user, str) or not names.is_user_id(user):
        raise BadTokenError("the token's sub is no user id: 1 to 64 of A-Z a-z 0-9 . _ ~ -")
    if user.startswith("g-"):
        raise BadTokenError("the token's sub begins as guests' ids do")
    return user


def _name(claims: Mapping[str, Any], user: str) -> str:
    """The first claim that can be shown; the beginning of the id if there is none."""
    for claim in ("name", "preferred_username", "nickname", "cognito:username", "email"):
        value = claims.get(claim)
        if isinstance(value, str):
            try:
                return names.display_name(value.partition("@")[0] if claim == "email" else value)
            except names.UnacceptableError:
                continue
    return f"User {user[:8]}"


def _is_admin(claims: Mapping[str, Any], issuer: Issuer) -> bool:
    if issuer.admin is None:
        return False
    claim, wanted = issuer.admin
    value = claims.get(claim)
    if claim == "scope" and isinstance(value, str):
        value = value.split()
    values = value if isinstance(value, list) else [value]
    return any(one == wanted or (one is True and wanted == "true") for one in values)
