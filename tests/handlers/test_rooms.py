"""updateRoom: titles, topics, closing; and removing a guest (docs/reference/protocol.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pingbox.handlers.storage.connections import Connections
from support.chat.world import World


def make_admin(world: World, connection: str) -> None:
    """As a claim of a token does it."""
    world.dynamodb.update_item(
        TableName="Connections",
        Key={"topic": {"S": f"conn#{connection}"}, "connectionId": {"S": connection}},
        UpdateExpression="SET admin = :true",
        ConditionExpression="attribute_exists(topic)",
        ExpressionAttributeValues={":true": {"BOOL": True}},
    )


@pytest.fixture
def cats(world: World) -> World:
    """Ana (c1) has started `cats`, Bo (c2) is in it, Root (c3) is an admin elsewhere."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.page("c3", "Root")
    world.ask("c1", action="createRoom", room="cats", title="Cats", topic="")
    world.ask("c2", action="joinRoom", room="cats")
    make_admin(world, "c3")
    for connection in ("c1", "c2", "c3"):
        world.take(connection)
    return world


def test_who_started_a_room_gives_it_a_topic_that_all_hear(cats: World) -> None:
    changed = cats.ask("c1", action="updateRoom", room="cats", topic="photos", cid="cid-to-1", seen=0, id="4")
    assert (changed["type"], changed["seq"], changed["n"], changed["title"], changed["topic"]) == (
        "room", 1, 0, "Cats", "photos",
    )  # fmt: skip
    (told,) = cats.take("c2")
    assert told == {key: value for key, value in changed.items() if key != "id"}
    assert cats.ask("c2", action="joinRoom", room="cats")["room"]["topic"] == "photos"
    assert next(r for r in cats.ask("c3", action="listRooms")["rooms"] if r["room"] == "cats")["topic"] == "photos"
    again = cats.ask("c1", action="updateRoom", room="cats", topic="photos", cid="cid-to-1", seen=0)
    assert (again["type"], again["seq"], again["dup"]) == ("ok", 1, True)
    title = cats.ask("c1", action="updateRoom", room="cats", title="Big cats", cid="cid-to-3", seen=1)
    assert (title["seq"], title["title"], title["topic"]) == (2, "Big cats", "photos")


def test_others_do_not(cats: World) -> None:
    assert cats.ask("c2", action="updateRoom", room="cats", title="Mine", seen=0)["code"] == "not_yours"
    assert cats.ask("c1", action="updateRoom", room="cats", closed=True, seen=0)["code"] == "forbidden"
    assert cats.ask("c1", action="updateRoom", room="dogs", title="Dogs")["code"] == "no_such_room"
    assert cats.ask("c1", action="updateRoom", room="cats")["code"] == "bad_request"
    assert cats.take("c2") == []


def test_an_admin_closes_a_room_and_opens_it(cats: World) -> None:
    """From that row on nobody writes, whoever was writing at that moment; what is there can be deleted."""
    cats.ask("c2", action="sendMessage", room="cats", text="meow", cid="cid-msg-1", seen=0)
    closed = cats.ask("c3", action="updateRoom", room="cats", closed=True, cid="cid-cl-1", seen=1)
    assert (closed["type"], closed["closed"]) == ("room", True)
    cats.take("c2")
    assert cats.ask("c2", action="sendMessage", room="cats", text="x", cid="cid-msg-2", seen=2)["code"] == "room_closed"
    assert cats.ask("c2", action="sendMessage", room="cats", text="x", cid="cid-msg-3", seen=1)["code"] == "room_closed"
    assert cats.ask("c2", action="react", room="cats", target=1, emoji="👍", seen=2)["code"] == "room_closed"
    assert cats.ask("c2", action="joinRoom", room="cats")["room"]["closed"] is True
    assert cats.ask("c2", action="deleteMessage", room="cats", target=1, cid="cid-de-1", seen=2)["type"] == "delete"
    assert cats.ask("c2", action="sendMessage", room="cats", text="x", cid="cid-msg-4", seen=3)["code"] == "room_closed"
    cats.ask("c3", action="updateRoom", room="cats", closed=False, cid="cid-op-1", seen=3)
    cats.take("c2")
    assert cats.ask("c2", action="sendMessage", room="cats", text="x", cid="cid-msg-5", seen=4)["seq"] == 5


def test_an_admin_deletes_anybodys_message_without_joining(cats: World) -> None:
    cats.ask("c2", action="sendMessage", room="cats", text="rude", cid="cid-msg-1", seen=0)
    cats.take("c1")
    assert cats.ask("c3", action="deleteMessage", room="cats", target=1, cid="cid-de-1", seen=1)["type"] == "delete"
    assert [event["type"] for event in cats.take("c1")] == ["delete"]


def test_a_removed_guest_is_told_and_does_not_come_back(cats: World) -> None:
    welcome = cats.page("c4", "Troll")
    troll = welcome["user"]["id"]
    cats.take("c4")
    cats.send("c3", action="removeUser", user=troll, id="1")
    left, removed = cats.take("c3")[-2:]
    assert (left["type"], left["state"]) == ("presence", "offline")
    assert removed == {"type": "ok", "id": "1", "user": troll}
    (bye,) = cats.take("c4")
    assert (bye["type"], bye["code"], bye["reconnect"]) == ("bye", "removed", False)
    assert cats.mailbox.closed == ["c4"]
    offer = f"pingbox.v1, auth.{welcome['token']}"
    assert cats.connect("c5", Sec_WebSocket_Protocol=offer)["statusCode"] == 403


def test_only_admins_remove_and_only_guests_are_removed(cats: World) -> None:
    assert cats.ask("c1", action="removeUser", user="g-x")["code"] == "forbidden"
    assert cats.ask("c3", action="removeUser", user="u-x")["code"] == "bad_request"


def test_an_admin_record_is_an_admin(cats: World) -> None:
    member = Connections(cats.ports).record("c3")
    assert member is not None
    assert replace(member, admin=False) != member
