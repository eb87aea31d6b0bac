"""Tokens of other issuers: what PyJWT signs is taken, and nothing that it would refuse (chat.md D1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from pingbox_core.identity import jwt
from pingbox_core.identity.jwt import BadTokenError, Identity, Issuer, RsaKey, UnknownKeyError

NOW = 1_764_000_000_000
SECRET = b"thirty-two bytes of a shared secret"
PRIVATE = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
NUMBERS = PRIVATE.public_key().public_numbers()
KEYS = {"k1": RsaKey(NUMBERS.n, NUMBERS.e)}
RS = Issuer("RS256", "https://issuer.example", "chat", ("cognito:groups", "chat-admins"))
HS = Issuer("HS256", "https://issuer.example", "chat", ("role", "admin"))
CLAIMS = {"iss": "https://issuer.example", "aud": "chat", "sub": "u-ana", "exp": NOW // 1000 + 600, "name": "Ana"}


def rs256(claims: dict[str, Any], key: Any = PRIVATE, kid: str = "k1") -> str:
    return pyjwt.encode(claims, key, "RS256", {"kid": kid})


def hs256(claims: dict[str, Any], secret: bytes = SECRET) -> str:
    return pyjwt.encode(claims, secret, "HS256")


def test_what_the_library_signs_is_taken() -> None:
    ana = Identity("u-ana", "Ana", False, (NOW // 1000 + 600) * 1000)
    assert jwt.verify(rs256(CLAIMS), KEYS, RS, NOW) == ana
    assert jwt.verify(hs256(CLAIMS), SECRET, HS, NOW) == ana


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example"}, "another issuer"),
        ({"aud": "other"}, "another audience"),
        ({"aud": ["other"]}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"exp": NOW // 1000 - 61}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": "9999999999"}, "expired"),
        ({"exp": float("inf")}, "expired"),
        ({"nbf": NOW // 1000 + 61}, "nbf is in the future"),
        ({"iat": NOW // 1000 + 61}, "iat is in the future"),
        ({"sub": "g-abcdefghijklmnop"}, "guests"),
        ({"sub": "a b"}, "no user id"),
        ({"sub": ""}, "no user id"),
        ({"sub": 5}, "no user id"),
        ({"sub": None}, "no user id"),
    ],
)
def test_what_a_token_must_say(changes: dict[str, Any], reason: str) -> None:
    claims = {key: value for key, value in (CLAIMS | changes).items() if value is not None}
    with pytest.raises(BadTokenError, match=reason):
        jwt.verify(forged(claims), SECRET, HS, NOW)


def forged(claims: dict[str, Any], header: dict[str, Any] | None = None, secret: bytes = SECRET) -> str:
    """Signed past the library, which refuses to write some of this."""
    parts = [header or {"alg": "HS256"}, claims]
    body = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{body}.{encoded(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("skewed", [{"exp": NOW // 1000 - 59}, {"nbf": NOW // 1000 + 60}, {"aud": ["x", "chat"]}])
def test_clocks_may_differ_by_a_minute(skewed: dict[str, Any]) -> None:
    assert jwt.verify(hs256(CLAIMS | skewed), SECRET, HS, NOW).user == "u-ana"


def test_an_access_token_of_cognito_names_its_client() -> None:
    claims = {key: value for key, value in CLAIMS.items() if key != "aud"} | {"client_id": "chat"}
    assert jwt.verify(rs256(claims), KEYS, RS, NOW).user == "u-ana"


def test_the_algorithm_is_ours() -> None:
    """Not the header's: no `none`, and no secret made of a public key."""
    public = json.dumps(RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True)).encode()
    header = encoded(json.dumps({"alg": "none"}).encode())
    none = f"{header}.{encoded(json.dumps(CLAIMS).encode())}."
    for token in (none, forged(CLAIMS, {"alg": "HS256", "kid": "k1"}, public), hs256(CLAIMS)):
        with pytest.raises(BadTokenError):
            jwt.verify(token, KEYS, RS, NOW)
    with pytest.raises(BadTokenError):
        jwt.verify(rs256(CLAIMS), SECRET, HS, NOW)
    with pytest.raises(BadTokenError):
        jwt.verify(forged(CLAIMS, {"alg": "HS256", "crit": ["x"]}), SECRET, HS, NOW)


def test_only_the_issuers_keys_sign() -> None:
    with pytest.raises(BadTokenError, match="signature"):
        jwt.verify(rs256(CLAIMS, OTHER), KEYS, RS, NOW)
    with pytest.raises(UnknownKeyError):
        jwt.verify(rs256(CLAIMS, kid="k2"), KEYS, RS, NOW)
    with pytest.raises(BadTokenError, match="signature"):
        jwt.verify(hs256(CLAIMS, b"another secret, also of 32 bytes."), SECRET, HS, NOW)


@given(st.integers(0, 2000), st.sampled_from("ABab01-_.=+/ "))
def test_a_changed_token_is_no_token(at: int, letter: str) -> None:
    for token, keys, issuer in ((rs256(CLAIMS), KEYS, RS), (hs256(CLAIMS), SECRET, HS)):
        place = at % len(token)
        changed = token[:place] + letter + token[place + 1 :]
        if changed != token:
            with pytest.raises(BadTokenError):
                jwt.verify(changed, keys, issuer, NOW)  # type: ignore[arg-type]


@given(st.text())
def test_nothing_else_raises_anything_else(token: str) -> None:
    with pytest.raises(BadTokenError):
        jwt.verify(token, KEYS, RS, NOW)
    assert jwt.claimed_audience(token) is None


claim_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
claim_names = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "name", "role"])


@given(st.dictionaries(claim_names, claim_values))
def test_claims_of_any_kind_are_taken_or_refused(claims: dict[str, Any]) -> None:
    try:
        identity = jwt.verify(forged(CLAIMS | claims), SECRET, HS, NOW)
    except BadTokenError:
        return
    assert identity.user
    assert identity.expires_at > NOW - 61_000


@pytest.mark.parametrize(
    ("issuer", "claims", "admin"),
    [
        (RS, {"cognito:groups": ["x", "chat-admins"]}, True),
        (RS, {"cognito:groups": ["x"]}, False),
        (RS, {"cognito:groups": "chat-admins"}, True),
        (RS, {}, False),
        (Issuer("RS256", RS.issuer, "chat", ("admin", "true")), {"admin": True}, True),
        (Issuer("RS256", RS.issuer, "chat", ("admin", "true")), {"admin": 1}, False),
        (Issuer("RS256", RS.issuer, "chat", ("scope", "chat/admin")), {"scope": "openid chat/admin"}, True),
        (Issuer("RS256", RS.issuer, "chat"), {"admin": True}, False),
    ],
)
def test_who_is_an_admin(issuer: Issuer, claims: dict[str, Any], admin: bool) -> None:
    assert jwt.verify(rs256(CLAIMS | claims), KEYS, issuer, NOW).admin is admin


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": " Ana  Lena "}, "Ana Lena"),
        ({"name": "\u200b", "preferred_username": "ana"}, "ana"),
        ({"name": None, "email": "ana@example.org"}, "ana"),
        ({"name": None}, "User u-ana"),
    ],
)
def test_the_name_that_is_shown(claims: dict[str, Any], name: str) -> None:
    assert jwt.verify(rs256(CLAIMS | claims), KEYS, RS, NOW).name == name


def test_a_key_set_gives_its_signing_keys() -> None:
    """Keys for encryption, of other kinds or too short are passed over."""
    entry = RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True)
    short = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
    entries = [
        {**entry, "kid": "k1", "use": "sig", "alg": "RS256"}, {**entry, "kid": "k2"},
        {**entry, "kid": "k3", "use": "enc"},
        {**entry, "kid": "k4", "alg": "RS512"}, {**short, "kid": "k5"}, {"kty": "EC", "kid": "k6"}, entry,
    ]  # fmt: skip
    assert jwt.key_set(json.dumps({"keys": entries}).encode()) == {"k1": KEYS["k1"], "k2": KEYS["k1"]}


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys":5}', b'{"keys":[5]}', b'{"keys":[{"kty":"RSA","kid":"k"}]}', b"\xff"]
)
def test_what_is_no_key_set(document: bytes) -> None:
    with pytest.raises(BadTokenError):
        jwt.key_set(document)
