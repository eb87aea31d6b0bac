"""`sync`, `history`, `who`, `listRooms`, `ping` (chat.md B4, B5, C2)."""

from __future__ import annotations

from typing import Any

from support.chat.world import World


def fill(world: World, count: int, text: str = "x") -> None:
    world.page("writer", "Wri")
    for seq in range(count):
        world.send("writer", action="sendMessage", text=text, room="general", cid=f"c-{seq:06d}", seen=seq)
    world.take("writer")


def test_sync_answers_exactly_what_follows(world: World) -> None:
    fill(world, 5)
    page = world.ask("writer", action="sync", room="general", after=2, id="s")
    assert (page["id"], [e["seq"] for e in page["events"]], page["head"], page["more"], page["reset"]) == (
        "s", [3, 4, 5], 5, False, False,
    )  # fmt: skip
    empty = world.ask("writer", action="sync", room="general", after=5)
    assert (empty["events"], empty["from"], empty["to"], empty["head"], empty["reset"]) == ([], 6, 5, 5, False)


def test_a_long_sync_comes_in_pages_that_fit_a_frame(world: World) -> None:
    """B9: at most 28 KB of events; `more` until the head, and `head` is true on every page."""
    fill(world, 30, "é" * 2000)
    after, pages = 0, 0
    while True:
        page = world.ask("writer", action="sync", room="general", after=after)
        assert page["head"] == 30
        assert page["from"] == after + 1
        after, pages = page["to"], pages + 1
        if not page["more"]:
            break
    assert (after, pages > 3) == (30, True)


def test_a_page_holds_at_most_two_hundred_events(world: World) -> None:
    fill(world, 205)
    page = world.ask("writer", action="sync", room="general", after=0)
    assert (page["more"], page["head"]) == (True, 205)
    assert len(page["events"]) <= 200


def test_without_a_position_the_newest_page_comes(world: World) -> None:
    """The run of the newest 50; nothing is claimed about older ones."""
    fill(world, 60)
    page = world.ask("writer", action="sync", room="general")
    assert (page["from"], page["to"], page["head"], page["more"], page["reset"]) == (11, 60, 60, False, False)


def test_whoever_missed_more_than_five_hundred_gets_the_newest_page(world: World) -> None:
    """B8, client rule 6: `from` beyond what the client holds is an explicit gap; `sync` can fill it."""
    epoch = world.page("c1", "Ana")["rooms"][0]["epoch"]
    world.disconnect("c1")
    fill(world, 503)
    world.page("c2", rooms=[{"room": "general", "epoch": epoch, "seen": 2}])
    sync = next(event for event in world.take("c2") if event["type"] == "sync")
    assert (sync["from"], sync["to"], sync["reset"]) == (454, 503, False)
    world.page("c3", rooms=[{"room": "general", "epoch": epoch, "seen": 3}])
    sync = next(event for event in world.take("c3") if event["type"] == "sync")
    assert (sync["from"], sync["more"], sync["head"]) == (4, True, 503)


def test_history_scrolls_back_to_the_beginning(world: World) -> None:
    """Pages of 50 going back, ascending inside, `more` false at the beginning."""
    fill(world, 120)
    newest = world.ask("writer", action="history", room="general")
    assert ([e["seq"] for e in newest["events"]], newest["more"]) == (list(range(71, 121)), True)
    middle = world.ask("writer", action="history", room="general", before=71)
    assert ([e["seq"] for e in middle["events"]], middle["more"]) == (list(range(21, 71)), True)
    first = world.ask("writer", action="history", room="general", before=21, limit=20)
    assert ([e["seq"] for e in first["events"]], first["more"], first["floor"]) == (list(range(1, 21)), False, 1)
    assert world.ask("writer", action="history", room="general", before=1)["events"] == []


def test_the_same_event_looks_the_same_everywhere(world: World) -> None:
    """B5: live, in `sync` and in `history`."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.take("c2")
    world.send("c1", action="sendMessage", room="general", text="hi", replyTo=1)
    (live,) = world.take("c2")
    assert world.ask("c2", action="sync", room="general", after=0)["events"] == [live]
    assert world.ask("c2", action="history", room="general")["events"] == [live]


def test_who_counts_users_with_their_tabs(world: World) -> None:
    token = world.page("c1", "Zoe")["token"]
    world.page("c2", token=token)
    world.page("c3", "ana")
    answer = world.ask("c3", action="who", room="general")
    assert answer["count"] == 2
    assert [(user["name"], user["tabs"]) for user in answer["users"]] == [("ana", 1), ("Zoe", 2)]


def test_above_a_hundred_only_the_first_hundred_are_listed_and_nobody_is_announced(world: World) -> None:
    """C6: above 100 online only a count."""
    for i in range(101):
        world.page(f"c{i:03d}", f"User {i:03d}")
    answer = world.ask("c000", action="who", room="general")
    assert (answer["count"], len(answer["users"])) == (101, 100)
    world.page("late", "Late")
    assert world.take("c000") == []


def test_ping_names_the_rooms_where_the_client_is_behind(world: World) -> None:
    """I4: the last line of defence when the last post got lost and nothing follows. Rooms not joined are not told."""
    fill(world, 3)
    world.ask("writer", action="createRoom", room="cats")
    answer = world.ask("writer", action="ping", rooms={"general": 1, "cats": 0, "dogs": 0}, id="p")
    assert answer == {"type": "pong", "id": "p", "now": world.now, "behind": {"general": 3}}


def test_rooms_are_listed_in_pages(world: World) -> None:
    world.page("c1", "Ana")
    for room in ("cats", "ants", "bees"):
        world.ask("c1", action="createRoom", room=room, topic=f"about {room}")
    first = world.ask("c1", action="listRooms", limit=3)
    assert ([r["room"] for r in first["rooms"]], first["next"]) == (["ants", "bees", "cats"], "cats")
    rest = world.ask("c1", action="listRooms", after="cats")
    assert [r["room"] for r in rest["rooms"]] == ["general"]
    assert "next" not in rest


def test_reading_a_public_room_needs_no_membership_but_a_room(world: World) -> None:
    """D4."""
    world.page("c1", "Ana")
    world.ask("c1", action="createRoom", room="cats")
    world.page("c2", "Bo")
    assert world.ask("c2", action="sync", room="cats", after=0)["type"] == "sync"
    assert world.ask("c2", action="sync", room="dogs", after=0)["code"] == "no_such_room"


def test_a_foreign_conversation_is_closed_whatever_is_asked(world: World) -> None:
    """D4: history, sync, who, join and send of two other people's room are `forbidden`."""
    world.page("c1", "Ana")
    asked: list[dict[str, Any]] = [
        {"action": "history"}, {"action": "sync", "after": 0}, {"action": "who"}, {"action": "joinRoom"},
        {"action": "leaveRoom"}, {"action": "sendMessage", "text": "hi"},
    ]  # fmt: skip
    for frame in asked:
        assert world.ask("c1", room="dm:g-a:g-b", **frame)["code"] == "forbidden", frame


def test_a_join_too_large_for_one_frame_comes_in_two(world: World) -> None:
    """Everything in one frame where it fits; else `joined` and then its `sync`."""
    fill(world, 8, "é" * 2000)
    for i in range(90):
        world.page(f"c{i:03d}", "é" * 32)
    world.page("late", "Late")
    world.ask("late", action="leaveRoom", room="general")
    world.take("late")
    world.send("late", action="joinRoom", room="general", seen=0)
    joined, sync = world.take("late")
    assert "sync" not in joined
    assert (sync["type"], sync["to"], len(joined["who"])) == ("sync", 6 if sync["more"] else 8, 92)
