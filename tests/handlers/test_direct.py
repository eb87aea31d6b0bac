"""Direct messages: only the two may write, read, or learn that they exist (chat.md B4, D4)."""

from __future__ import annotations

from typing import Any

import pytest

from support.chat.world import World


@pytest.fixture
def three(world: World) -> World:
    """Ana (c1), Bo (c2) and Eve (c3) in the default room."""
    world.users, world.tokens = {}, {}  # type: ignore[attr-defined]
    for connection, name in (("c1", "Ana"), ("c2", "Bo"), ("c3", "Eve")):
        welcome = world.page(connection, name)
        world.users[name] = welcome["user"]["id"]  # type: ignore[attr-defined]
        world.tokens[name] = welcome["token"]  # type: ignore[attr-defined]
    for connection in ("c1", "c2", "c3"):
        world.take(connection)
    return world


def user(world: World, name: str) -> str:
    return str(world.users[name])  # type: ignore[attr-defined]


def opened(world: World) -> dict[str, Any]:
    joined = world.ask("c1", action="openDm", user=user(world, "Bo"), id="1")
    for connection in ("c2", "c3"):
        world.take(connection)
    return joined


def test_opening_a_conversation_is_a_join(three: World) -> None:
    joined = opened(three)
    room = joined["room"]
    ana, bo = user(three, "Ana"), user(three, "Bo")
    assert room["room"] == f"dm:{min(ana, bo)}:{max(ana, bo)}"
    assert room["other"] == {"id": bo, "name": "Bo", "online": True}
    assert (joined["id"], room["head"], joined["sync"]["events"]) == ("1", 0, [])


def test_a_message_reaches_all_connections_of_the_two_and_nobody_else(three: World) -> None:
    """Bo has not opened it, and has a second tab: both hear it. Eve hears nothing."""
    dm = opened(three)["room"]["room"]
    bo = three.page("c2b", token=three.tokens["Bo"])  # type: ignore[attr-defined]
    namesake = three.page("c4", "Bo")
    for connection in ("c1", "c2", "c2b", "c3", "c4"):
        three.take(connection)
    sent = three.ask("c1", action="sendMessage", room=dm, text="psst", cid="cid-dm-1", seen=0)
    assert [event["text"] for event in three.take("c2") + three.take("c2b")] == ["psst", "psst"]
    assert (sent["room"], three.take("c3"), three.take("c4")) == (dm, [], [])
    assert bo["user"]["id"] != namesake["user"]["id"]


def test_the_other_finds_it_in_the_list_with_the_exact_unread_count(world: World) -> None:
    world.page("c1", "Ana")
    bo = world.page("c2", "Bo")
    world.disconnect("c2")
    dm = world.ask("c1", action="openDm", user=bo["user"]["id"])["room"]["room"]
    for i in range(3):
        world.ask("c1", action="sendMessage", room=dm, text=f"m{i}", cid=f"cid-dm-{i}", seen=i)
    rooms = {state["room"]: state for state in world.page("c3", token=bo["token"])["rooms"]}
    state = rooms[dm]
    assert (state["headN"] - state["readN"], state["last"]["text"], state["other"]["name"]) == (3, "m2", "Ana")


def test_one_who_left_is_called_back_by_the_next_message(three: World) -> None:
    dm = opened(three)["room"]["room"]
    three.ask("c2", action="joinRoom", room=dm)
    three.take("c1")
    assert three.ask("c2", action="leaveRoom", room=dm)["type"] == "left"
    three.take("c1")
    three.ask("c1", action="sendMessage", room=dm, text="still there?", cid="cid-dm-9", seen=0)
    welcome_rooms = [state["room"] for state in _welcome(three, "c2")["rooms"]]
    assert dm in welcome_rooms


def _welcome(world: World, connection: str) -> dict[str, Any]:
    world.take(connection)
    world.send(connection, action="hello")
    return next(event for event in world.take(connection) if event["type"] == "welcome")


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "joinRoom"},
        {"action": "leaveRoom"},
        {"action": "sendMessage", "text": "hi"},
        {"action": "editMessage", "target": 1, "text": "x"},
        {"action": "deleteMessage", "target": 1},
        {"action": "react", "target": 1, "emoji": "👍"},
        {"action": "sync", "after": 0},
        {"action": "history"},
        {"action": "who"},
        {"action": "typing"},
        {"action": "markRead", "seq": 1},
        {"action": "updateRoom", "title": "Mine"},
    ],
)
def test_a_third_person_gets_the_same_refusal_whether_it_exists_or_not(three: World, frame: dict[str, Any]) -> None:
    """D4: nothing of the answer tells whether the two ever spoke."""
    dm = opened(three)["room"]["room"]
    three.ask("c1", action="sendMessage", room=dm, text="secret", cid="cid-dm-1", seen=0)
    three.take("c3")
    existing = three.ask("c3", **frame, room=dm)
    missing = three.ask("c3", **frame, room="dm:g-nobody:u-x")
    assert (existing["code"], missing["code"]) == ("forbidden", "forbidden")
    assert existing["message"] == missing["message"]


def test_hello_and_ping_tell_a_third_person_nothing(three: World) -> None:
    dm = opened(three)["room"]["room"]
    three.ask("c1", action="sendMessage", room=dm, text="secret", cid="cid-dm-1", seen=0)
    three.take("c3")
    three.send("c3", action="hello", rooms=[{"room": dm, "seen": 0}])
    told = three.take("c3")
    assert [event.get("code") for event in told if event["type"] == "error"] == ["forbidden"]
    assert "secret" not in str(told)
    assert three.ask("c3", action="ping", rooms={dm: 0})["behind"] == {}
    assert three.ask("c1", action="ping", rooms={dm: 0})["behind"] == {dm: 1}


def test_conversations_are_in_no_directory(three: World) -> None:
    opened(three)
    assert [room["room"] for room in three.ask("c3", action="listRooms")["rooms"]] == ["general"]


@pytest.mark.parametrize(("other", "code"), [("g-nobody", "not_found"), ("me", "bad_request"), ("a b", "bad_request")])
def test_with_whom_there_is_no_conversation(three: World, other: str, code: str) -> None:
    wanted = user(three, "Ana") if other == "me" else other
    assert three.ask("c1", action="openDm", user=wanted)["code"] == code


def test_talking_in_a_conversation_that_nobody_opened_is_refused(three: World) -> None:
    """Only `openDm` makes one: it looks whether the other user exists."""
    ana = user(three, "Ana")
    refused = three.ask("c1", action="sendMessage", room=f"dm:{ana}:u-nobody", text="hi", cid="cid-dm-1")
    assert refused["code"] == "no_such_room"


def test_a_conversation_shows_whether_the_other_is_there(three: World) -> None:
    """Once both have joined it, presence is told as in any room."""
    dm = opened(three)["room"]["room"]
    three.ask("c2", action="joinRoom", room=dm)
    three.take("c1")
    three.disconnect("c2")
    (left,) = [event for event in three.take("c1") if event["type"] == "presence" and event["room"] == dm]
    assert (left["state"], left["lastSeen"]) == ("offline", three.now)
    assert three.ask("c1", action="who", room=dm)["recent"] == [
        {"id": user(three, "Bo"), "name": "Bo", "lastSeen": three.now}
    ]
