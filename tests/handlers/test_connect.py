"""ConnectLambda: who gets a socket, as whom, and what is written for it (chat.md B3, D1-D3, decision 13)."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.handlers import connect
from pingbox_core.identity import tokens
from support.chat.interference import Meddler
from support.chat.world import SECRET, START, World

PAGE = {"Sec_WebSocket_Protocol": "pingbox.v1"}


def rows(world: World, topic: str) -> list[Any]:
    answer = world.dynamodb.query(
        TableName="Connections",
        KeyConditionExpression="topic = :t",
        ExpressionAttributeValues={":t": {"S": topic}},
    )
    return list(answer["Items"])


def test_a_page_gets_its_subprotocol_and_two_rows(dynamodb: Any) -> None:
    """CN-12: exactly the subprotocol `pingbox.v1` is answered; C2: `$connect` of a page is two writes."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    answer = world.connect("c1=", **PAGE)
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "pingbox.v1"}}
    assert meddler.names() == ["put_item", "put_item"]
    (record,) = rows(world, "conn#c1=")
    assert record["expiresAt"] == {"N": str((START + 130 * 60_000) // 1000)}
    assert "rooms" not in record


def test_a_plain_client_is_subscribed_at_once(world: World) -> None:
    """Decision 13: no subprotocol, no `hello`: connecting is enough to hear the default room, or `?room=`."""
    assert world.connect("c1") == {"statusCode": 200}
    assert world.connect("c2", query={"room": "cats", "name": " Bo  B "}) == {"statusCode": 200}
    assert [row["connectionId"]["S"] for row in rows(world, "room#general")] == ["c1"]
    assert [row["name"]["S"] for row in rows(world, "room#cats")] == ["Bo B"]


def test_header_names_are_read_in_any_case(world: World) -> None:
    """EV-9: client header names keep the client's case."""
    answer = world.connect("c1", SEC_WEBSOCKET_PROTOCOL="pingbox.v1")
    assert answer["headers"] == {"Sec-WebSocket-Protocol": "pingbox.v1"}


def test_a_token_brings_the_same_guest_back(world: World) -> None:
    """D1: the token of `welcome` makes the same browser the same guest again."""
    welcome = world.page("c1", "Ana")
    again = world.page("c2", token=welcome["token"])
    assert again["user"] == welcome["user"]


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Sec_WebSocket_Protocol": "pingbox.v2"}, {}, 400),
        ({"Sec_WebSocket_Protocol": "pingbox.v1, auth.x.y.z"}, {}, 401),
        ({"Sec_WebSocket_Protocol": f"pingbox.v1, auth.{tokens.sign('g-x', b'another secret 16', START)}"}, {}, 401),
        (
            {"Sec_WebSocket_Protocol": f"pingbox.v1, auth.{tokens.sign('g-x', SECRET, START - 31 * 86_400_000)}"},
            {},
            401,
        ),
        ({}, {"room": "No Such Name"}, 400),
        ({}, {"room": "dm:a:b"}, 400),
        ({}, {"name": "\u202e\u200b"}, 400),
    ],
)
def test_bad_handshakes_are_refused_and_leave_nothing(
    world: World, headers: dict[str, str], query: dict[str, str], status: int
) -> None:
    """CN-2, CN-3: the status is the handshake's; no row is written."""
    assert world.connect("c1", query=query, **headers) == {"statusCode": status}
    assert rows(world, "conn#c1") == []


@pytest.mark.parametrize(
    ("origins", "origin", "token", "status"),
    [
        ("https://a.example", "https://a.example", False, 200),
        ("https://a.example", "https://a.example.evil.example", False, 403),
        ("https://a.example", "http://a.example", False, 403),
        ("https://a.example", "null", False, 403),
        ("https://a.example", None, False, 403),
        ("https://a.example", None, True, 200),
        ("https://a.example,missing", None, False, 200),
        ("https://a.example,missing", "https://b.example", False, 403),
        ("*", "https://b.example", False, 200),
        ("*", None, False, 200),
        ("", "https://a.example", False, 403),
    ],
)
def test_the_origin_list_is_exact(world: World, origins: str, origin: str | None, token: bool, status: int) -> None:
    """D3: exact origins; no Origin (scripts) only with a token, or where the list says `missing`."""
    world = world.with_settings(allowed_origins=frozenset(o for o in origins.split(",") if o))
    offer = f"pingbox.v1, auth.{tokens.sign('g-abc', SECRET, START)}" if token else "pingbox.v1"
    headers = {"Sec_WebSocket_Protocol": offer} | ({} if origin is None else {"Origin": origin})
    assert world.connect("c1", **headers)["statusCode"] == status


def test_a_query_token_needs_its_switch(world: World) -> None:
    """D2: `?token=` ends up in access logs, so it counts only where it is switched on."""
    query = {"token": tokens.sign("g-abc", SECRET, START)}
    world.connect("c1", query=query)
    assert rows(world, "conn#c1")[0]["userId"]["S"] != "g-abc"
    world.with_settings(allow_query_token=True).connect("c2", query=query)
    assert rows(world, "conn#c2")[0]["userId"]["S"] == "g-abc"


def test_a_repeated_write_is_no_error(dynamodb: Any) -> None:
    """An answer that got lost makes botocore write again; the refusal it then gets is our own record."""
    meddler = Meddler(dynamodb)
    world = World(meddler)

    def lost(call: Any, arguments: dict[str, Any]) -> Any:
        call(**arguments)
        return call(**arguments)

    meddler.instead("put_item", 1, lost)
    assert world.connect("c1", **PAGE)["statusCode"] == 200


def test_nothing_is_posted_to_the_new_connection(world: World) -> None:
    """CN-14: its upgrade is still pending; posting would answer 410."""
    world.connect("c1")
    assert world.mailbox.posts == []


def test_an_unexpected_error_is_500_and_logged_in_full(world: World) -> None:
    """Never a traceback to the client; all of it in the log."""
    broken = world.with_settings(connections_table="NoSuchTable")
    assert broken.connect("c1", **PAGE) == {"statusCode": 500}
    assert broken.log[-1]["code"] == "internal"
    assert "ResourceNotFoundException" in broken.log[-1]["error"]


def test_the_log_line_holds_no_token_and_no_name(world: World) -> None:
    """D10."""
    token = tokens.sign("g-abc", SECRET, START)
    world.connect("c1", query={"name": "Ana Secretname"})
    world.connect("c2", Sec_WebSocket_Protocol=f"pingbox.v1, auth.{token}")
    world.connect("c3", Sec_WebSocket_Protocol=f"pingbox.v1, auth.{token}x")
    assert token not in str(world.log)
    assert "Secretname" not in str(world.log)


def test_the_handshake_event_of_the_fact_sheet_is_understood() -> None:
    """EV-3, EV-4, EV-11: headers come as lists too, a missing query is no member at all."""
    event = {"multiValueHeaders": {"sec-websocket-protocol": ["pingbox.v1", "auth.x"], "ORIGIN": ["https://a"]}}
    shake = connect.handshake(event)
    assert (shake.offered, shake.origin, dict(shake.query)) == (("pingbox.v1", "auth.x"), "https://a", {})
