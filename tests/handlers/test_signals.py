"""typing, markRead, and what `who` and `joined` tell of people (docs/reference/protocol.md)."""

from __future__ import annotations

from pingbox_core.rate import Rate
from support.chat.world import World


def test_typing_is_told_to_the_other_people(world: World) -> None:
    """Not to one's own other tabs, not to plain clients, and not answered."""
    ana = world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.page("c3", token=ana["token"])
    world.connect("plain")
    for connection in ("c1", "c2", "c3"):
        world.take(connection)
    world.send("c1", action="typing", room="general")
    assert world.take("c2") == [{"type": "typing", "room": "general", "user": {"id": ana["user"]["id"], "name": "Ana"}}]
    assert (world.take("c1"), world.take("c3"), world.take("plain")) == ([], [], [])


def test_a_large_room_is_not_told_who_is_typing(world: World) -> None:
    for i in range(20):
        world.page(f"c{i}", f"P{i}")
    world.take("c1")
    world.send("c0", action="typing", room="general")
    assert [event["type"] for event in world.take("c1")] == ["typing"]
    world.page("c20", "P20")
    world.take("c1")
    world.send("c0", action="typing", room="general")
    assert world.take("c1") == []


def test_too_much_typing_is_silently_dropped_and_delays_no_message(world: World) -> None:
    world = world.with_settings(rate=Rate(60, 10))
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    for connection in ("c1", "c2"):
        world.take(connection)
    for _ in range(15):
        world.send("c1", action="typing", room="general")
    assert (len(world.take("c2")), world.take("c1")) == (10, [])
    assert world.ask("c1", action="sendMessage", room="general", text="hi", cid="cid-hi-1", seen=0)["type"] == "message"


def test_what_is_read_is_known_to_all_devices_of_a_user(world: World) -> None:
    """Exact: `n` is the number of messages up to there, events that are none do not count."""
    world.page("c0", "Bo")
    ana = world.page("c1", "Ana")
    world.page("c2", token=ana["token"])
    for i in range(3):
        world.ask("c0", action="sendMessage", room="general", text=f"m{i}", cid=f"cid-msg-{i}", seen=i)
    world.ask("c0", action="react", room="general", target=1, emoji="👍", cid="cid-re-1", seen=3)
    world.take("c2")
    read = world.ask("c1", action="markRead", room="general", seq=2, id="5")
    assert read == {"type": "read", "id": "5", "room": "general", "seq": 2, "n": 2}
    assert world.take("c2") == [{"type": "read", "room": "general", "seq": 2, "n": 2}]
    (state,) = world.page("c3", token=ana["token"])["rooms"]
    assert (state["read"], state["readN"], state["headN"]) == (2, 2, 3)
    world.ask("c1", action="markRead", room="general", seq=4, id="6")
    (state,) = world.page("c4", token=ana["token"])["rooms"]
    assert state["headN"] - state["readN"] == 0


def test_a_marker_moves_forward_and_back_only_if_it_is_said(world: World) -> None:
    world.page("c1", "Ana")
    for i in range(3):
        world.ask("c1", action="sendMessage", room="general", text=f"m{i}", cid=f"cid-msg-{i}", seen=i)
    assert world.ask("c1", action="markRead", room="general", seq=3, id="1")["type"] == "read"
    assert world.ask("c1", action="markRead", room="general", seq=2, id="2") == {
        "type": "ok", "id": "2", "room": "general", "dup": True,
    }  # fmt: skip
    back = world.ask("c1", action="markRead", room="general", seq=1, back=True, id="3")
    assert (back["type"], back["seq"], back["n"]) == ("read", 1, 1)
    assert world.ask("c1", action="markRead", room="general", seq=0, back=True, id="4")["n"] == 0


def test_only_what_exists_and_was_joined_is_marked(world: World) -> None:
    world.page("c1", "Ana")
    assert world.ask("c1", action="markRead", room="general", seq=9)["code"] == "not_found"
    assert world.ask("c1", action="markRead", room="cats", seq=0)["code"] == "not_joined"
    world.send("c1", action="markRead", room="general", seq=0)
    assert world.take("c1") == []


def test_who_was_here_lately_is_told_with_the_time(world: World) -> None:
    """Those who wrote in the room and are not there now, last seen first."""
    world.page("c1", "Ana")
    users = {}
    for i, name in enumerate(("Bo", "Chi")):
        connection = f"c{i + 2}"
        users[name] = world.page(connection, name)["user"]["id"]
        world.ask(connection, action="sendMessage", room="general", text="hi", cid=f"cid-hi-{i}", seen=i)
        world.now += 60_000
        world.disconnect(connection)
    world.take("c1")
    who = world.ask("c1", action="who", room="general")
    assert [user["name"] for user in who["users"]] == ["Ana"]
    assert [(one["name"], one["lastSeen"]) for one in who["recent"]] == [
        ("Chi", world.now), ("Bo", world.now - 60_000),
    ]  # fmt: skip
    assert world.ask("c1", action="joinRoom", room="general")["recent"] == who["recent"]


def test_rooms_tell_their_activity(world: World) -> None:
    world.page("c1", "Ana")
    world.ask("c1", action="createRoom", room="cats", title="Cats")
    world.now += 5000
    world.ask("c1", action="sendMessage", room="cats", text="meow", cid="cid-msg-1", seen=0)
    cats, general = world.ask("c1", action="listRooms")["rooms"]
    assert (cats["room"], cats["headN"], cats["headTs"]) == ("cats", 1, world.now)
    assert (general["room"], general["headN"]) == ("general", 0)


def test_a_preview_is_one_short_line(world: World) -> None:
    world.page("c1", "Ana")
    world.ask("c1", action="sendMessage", room="general", text="line 1\n" + "x" * 200, cid="cid-msg-1", seen=0)
    world.take("c1")
    world.send("c1", action="hello")
    (state,) = next(event for event in world.take("c1") if event["type"] == "welcome")["rooms"]
    assert len(state["last"]["text"]) == 120
    assert state["last"]["text"].startswith("line 1 xxx")
