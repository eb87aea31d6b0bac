"""Signing in with tokens of an issuer: at `$connect`, while connected, and as an admin (chat.md D1, D2)."""

from __future__ import annotations

import json
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning

from pingbox.handlers.issuer_keys import IssuerKeys
from pingbox_core.identity.jwt import BadTokenError, Issuer
from support.chat.world import SECRET, START, World

ISSUER = Issuer("RS256", "https://issuer.example", "chat", ("cognito:groups", "admins"))
KEY = rsa.generate_private_key(65537, 2048)
NEW_KEY = rsa.generate_private_key(65537, 2048)


def key_set(**keys: rsa.RSAPrivateKey) -> bytes:
    entries = [{**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid} for kid, key in keys.items()]
    return json.dumps({"keys": entries}).encode()


def token(user: str = "u-ana", *, seconds: int = 600, key: Any = KEY, kid: str = "k1", **claims: Any) -> str:
    base = {"iss": ISSUER.issuer, "aud": ISSUER.audience, "sub": user, "exp": START // 1000 + seconds, "name": "Ana"}
    return pyjwt.encode(base | claims, key, "RS256", {"kid": kid})


class KeyServer:
    """An issuer's document, and how often it was asked for."""

    def __init__(self) -> None:
        self.document: bytes | OSError = key_set(k1=KEY)
        self.asked = 0

    def get(self, url: str) -> bytes:
        self.asked += 1
        if isinstance(self.document, OSError):
            raise self.document
        return self.document


@pytest.fixture
def server() -> KeyServer:
    return KeyServer()


@pytest.fixture
def chat(world: World, server: KeyServer) -> World:
    world = world.with_settings(issuer=ISSUER, guests=False)
    object.__setattr__(world.ports, "issuer_keys", IssuerKeys("https://x", lambda: world.now, server.get))
    return world


def offer(given: str) -> dict[str, str]:
    return {"Sec_WebSocket_Protocol": f"pingbox.v1, auth.{given}"}


def test_a_token_brings_its_user_with_the_name_it_says(chat: World) -> None:
    """The name in `hello` is for guests; no guest's token is given out."""
    assert chat.connect("c1", **offer(token()))["headers"] == {"Sec-WebSocket-Protocol": "pingbox.v1"}
    chat.send("c1", action="hello", name="Boss")
    welcome = chat.take("c1")[0]
    assert welcome["user"] == {"id": "u-ana", "name": "Ana", "guest": False}
    assert "token" not in welcome


def test_without_a_token_nobody_is_let_in(chat: World) -> None:
    assert chat.connect("c1", Sec_WebSocket_Protocol="pingbox.v1")["statusCode"] == 401
    assert chat.connect("c2")["statusCode"] == 401
    assert chat.dynamodb.scan(TableName="Connections")["Items"] == []


def test_guests_and_users_share_a_chat_where_both_are_let_in(chat: World) -> None:
    both = chat.with_settings(guests=True)
    object.__setattr__(both.ports, "issuer_keys", chat.ports.issuer_keys)
    guest = both.page("c1", "Bo")
    assert both.connect("c2", **offer(token()))["statusCode"] == 200
    assert both.page("c3", token=guest["token"])["user"]["id"] == guest["user"]["id"]


def test_a_guests_token_is_worth_nothing_where_guests_are_not_let_in(world: World, chat: World) -> None:
    guest = world.page("c1", "Bo")
    assert chat.connect("c2", **offer(guest["token"]))["statusCode"] == 401


def test_a_shared_secret_signs_too(world: World) -> None:
    chat = world.with_settings(issuer=Issuer("HS256", ISSUER.issuer, "chat"), guests=False)
    claims = {"iss": ISSUER.issuer, "aud": "chat", "sub": "u-bo", "exp": START // 1000 + 60}
    with pytest.warns(InsecureKeyLengthWarning):  # the tests' secret is short; deploys make one of 32 bytes
        good = pyjwt.encode(claims, SECRET, "HS256")
    assert chat.connect("c1", **offer(good))["statusCode"] == 200
    assert chat.connect("c2", **offer(token()))["statusCode"] == 401


def test_a_sign_in_ends_while_connected(chat: World) -> None:
    """The next frame is answered by `bye auth_expired`, and the socket is closed."""
    chat.connect("c1", **offer(token(seconds=600)))
    chat.send("c1", action="hello")
    chat.take("c1")
    chat.now += 599_000
    assert chat.ask("c1", action="ping")["type"] == "pong"
    chat.now += 1_000
    bye = chat.ask("c1", action="ping")
    assert (bye["type"], bye["code"], bye["reconnect"]) == ("bye", "auth_expired", True)
    assert chat.mailbox.closed == ["c1"]


def test_a_claim_makes_an_admin(chat: World) -> None:
    chat.connect("c1", **offer(token(**{"cognito:groups": ["admins"]})))
    chat.connect("c2", **offer(token("u-bo")))
    for connection in ("c1", "c2"):
        chat.send(connection, action="hello")
        chat.take(connection)
    chat.ask("c2", action="sendMessage", room="general", text="rude", cid="cid-rude", seen=0)
    assert chat.ask("c2", action="updateRoom", room="general", closed=True, seen=1)["code"] == "forbidden"
    assert chat.ask("c1", action="deleteMessage", room="general", target=1, seen=1)["type"] == "delete"


def test_keys_are_fetched_once_and_again_for_a_new_one(chat: World, server: KeyServer) -> None:
    """Ten minutes they are kept; a `kid` that is not among them asks again, once a minute at most."""
    for i in range(3):
        assert chat.connect(f"c{i}", **offer(token()))["statusCode"] == 200
    assert server.asked == 1
    server.document = key_set(k1=KEY, k2=NEW_KEY)
    assert chat.connect("soon", **offer(token(key=NEW_KEY, kid="k2")))["statusCode"] == 401
    assert server.asked == 1
    chat.now += 60_000
    assert chat.connect("later", **offer(token(key=NEW_KEY, kid="k2")))["statusCode"] == 200
    assert server.asked == 2


def test_an_issuer_that_does_not_answer_stops_nobody_whose_key_is_known(chat: World, server: KeyServer) -> None:
    assert chat.connect("c1", **offer(token()))["statusCode"] == 200
    server.document = OSError("no route to the issuer")
    chat.now += 300_000
    assert chat.connect("c2", **offer(token()))["statusCode"] == 200
    chat.now += 400_000
    assert chat.connect("c3", **offer(token(seconds=3600)))["statusCode"] == 200


@pytest.mark.parametrize("document", [OSError("down"), b"<html>"])
def test_an_issuer_that_never_answered_is_told(server: KeyServer, document: bytes | OSError) -> None:
    server.document = document
    keys = IssuerKeys("https://x", lambda: START, server.get)
    with pytest.raises((OSError, BadTokenError)):
        keys()


def test_the_log_says_why_and_never_the_token(chat: World) -> None:
    bad = token(aud="other")
    chat.connect("c1", **offer(bad))
    assert chat.log[-1]["status"] == 401
    assert "audience" in str(chat.log[-1]["code"])
    assert bad not in str(chat.log)
