"""Coming in and leaving: `hello`, `joinRoom`, `createRoom`, `leaveRoom`, `bye`, `$disconnect`, presence."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.handlers import sweep
from support.chat.interference import Meddler
from support.chat.world import START, World


def scan(world: World, table: str = "Connections") -> list[Any]:
    return list(world.dynamodb.scan(TableName=table)["Items"])


def test_hello_is_answered_by_welcome_news_and_ready(world: World) -> None:
    """B3: `welcome`, one `sync` per room with news, `ready`; the welcome says all a page must know."""
    world.connect("old")
    world.send("old", action="sendMessage", text="hi")
    world.connect("c1", Sec_WebSocket_Protocol="pingbox.v1")
    world.send("c1", action="hello", name="Ana", id="1", v=1)
    welcome, sync, ready = world.take("c1")
    assert list(welcome) == ["type", "id", "v", "now", "user", "token", "limits", "rooms"]
    assert (welcome["type"], welcome["id"], welcome["now"], welcome["user"]["name"]) == ("welcome", "1", START, "Ana")
    assert welcome["rooms"] == [
        {"room": "general", "title": "General", "topic": "", "createdBy": sync["events"][0]["user"]["id"],
         "epoch": sync["epoch"], "head": 1, "headN": 1, "headTs": START, "floor": 1, "read": 1, "readN": 1,
         "online": 1, "last": {"seq": 1, "ts": START, "user": sync["events"][0]["user"], "text": "hi"}}
    ]  # fmt: skip
    assert [event["seq"] for event in sync["events"]] == [1]
    assert (sync["from"], sync["to"], sync["head"], sync["more"], sync["reset"]) == (1, 1, 1, False, False)
    assert ready == {"type": "ready"}


def test_a_page_that_comes_back_gets_exactly_what_it_missed(world: World) -> None:
    """B8: three messages written while it was away, these three and no other."""
    world.connect("old")
    welcome = world.page("c1", "Ana")
    world.send("old", action="sendMessage", text="0")
    world.disconnect("c1")
    for text in "123":
        world.send("old", action="sendMessage", text=text)
    epoch = welcome["rooms"][0]["epoch"]
    world.page("c2", token=welcome["token"], rooms=[{"room": "general", "epoch": epoch, "seen": 1}])
    sync, ready = world.take("c2")
    assert [event["text"] for event in sync["events"]] == ["1", "2", "3"]
    assert (sync["reset"], ready["type"]) == (False, "ready")


@pytest.mark.parametrize("position", [{"epoch": "another", "seen": 1}, {"seen": 99}])
def test_a_position_in_another_log_is_reset(world: World, position: dict[str, Any]) -> None:
    """B8, client rule 6: another epoch, or a number beyond the head: start again with the newest page."""
    world.connect("old")
    world.send("old", action="sendMessage", text="hi")
    world.page("c1", rooms=[{"room": "general", **position}])
    sync = world.take("c1")[0]
    assert (sync["reset"], sync["from"], sync["to"]) == (True, 1, 1)


def test_without_rooms_the_saved_list_is_entered(world: World) -> None:
    """B4: a guest who comes back is where they were, and keeps their name."""
    welcome = world.page("c1", "Ana")
    world.ask("c1", action="createRoom", room="cats")
    world.disconnect("c1")
    again = world.page("c2", token=welcome["token"])
    assert sorted(room["room"] for room in again["rooms"]) == ["cats", "general"]
    assert again["user"]["name"] == "Ana"


def test_unknown_rooms_are_refused_and_the_others_entered(world: World) -> None:
    """A page with a stale list must still come in."""
    world.connect("c1", Sec_WebSocket_Protocol="pingbox.v1")
    world.send("c1", action="hello", rooms=[{"room": "gone"}, {"room": "general"}], focus="gone")
    events = world.take("c1")
    assert [(e["type"], e.get("code"), e.get("room")) for e in events] == [
        ("error", "no_such_room", "gone"), ("welcome", None, None), ("ready", None, None),
    ]  # fmt: skip
    assert [room["room"] for room in events[1]["rooms"]] == ["general"]


def test_if_no_room_is_left_it_is_the_default_room(world: World) -> None:
    """Nobody stands outside."""
    assert [r["room"] for r in world.page("c1", rooms=[{"room": "gone"}])["rooms"]] == ["general"]


def test_hello_upgrades_a_plain_client(world: World) -> None:
    """Decision 13: from then on it has presence."""
    world.page("c1", "Ana")
    world.take("c1")
    world.connect("c2")
    assert world.take("c1") == []
    assert world.ask("c1", action="who", room="general")["count"] == 1
    world.send("c2", action="hello", name="Bo")
    assert [event["state"] for event in world.take("c1")] == ["online"]
    assert world.ask("c1", action="who", room="general")["count"] == 2


def test_a_plain_client_hears_messages_and_no_presence(world: World) -> None:
    """Decision 13: no presence noise for a ten-line script."""
    world.connect("plain")
    world.page("c1", "Ana")
    world.send("c1", action="sendMessage", text="hi")
    world.disconnect("c1")
    assert [event["type"] for event in world.take("plain")] == ["message"]


def test_a_second_tab_makes_no_noise(world: World) -> None:
    """Presence tells users, not tabs: `online` with the first, `offline` after the last."""
    world.page("eye", "Eye")
    token = world.page("c1", "Ana")["token"]
    assert [event["online"] for event in world.take("eye") if event["type"] == "presence"] == [2]
    world.page("c2", token=token)
    world.disconnect("c1")
    assert world.take("eye") == []
    world.now += 1000
    world.disconnect("c2")
    (event,) = world.take("eye")
    assert (event["state"], event["online"], event["lastSeen"]) == ("offline", 1, world.now)


def test_two_tabs_that_arrive_together_announce_once_at_least(dynamodb: Any) -> None:
    """Both see the other's row; the elder speaks."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    token = world.page("first", "Ana")["token"]
    world.disconnect("first")
    world.page("eye", "Eye")
    world.take("eye")
    offer = f"pingbox.v1, auth.{token}"
    world.connect("c1", Sec_WebSocket_Protocol=offer)
    world.connect("c2", Sec_WebSocket_Protocol=offer)
    meddler.before("query", 1, lambda: world.send("c2", action="hello"))
    world.send("c1", action="hello")
    assert [event["state"] for event in world.take("eye")] == ["online"]


def test_leaving_one_room_is_told_there_and_answered(world: World) -> None:
    """`left`, `presence` offline in that room, no more messages from it."""
    world.page("c1", "Ana")
    world.ask("c1", action="createRoom", room="cats")
    world.page("c2", "Bo", rooms=[{"room": "cats"}, {"room": "general"}])
    world.take("c1")
    assert world.ask("c2", action="leaveRoom", room="cats", id="9") == {"type": "left", "id": "9", "room": "cats"}
    (event,) = world.take("c1")
    assert (event["room"], event["state"]) == ("cats", "offline")
    world.send("c1", action="sendMessage", room="cats", text="alone")
    assert world.take("c2") == []
    assert world.ask("c2", action="sendMessage", room="cats", text="hm")["code"] == "not_joined"


def test_leaving_a_room_one_is_not_in_tells_nobody(world: World) -> None:
    """A leave that is repeated must not announce a leave that did not happen."""
    world.page("c1", "Ana")
    world.ask("c1", action="createRoom", room="cats")
    world.page("c2", "Bo")
    world.take("c1")
    world.ask("c2", action="leaveRoom", room="cats")
    assert world.take("c1") == []


def test_starting_a_room(world: World) -> None:
    """`createRoom` makes and joins; a second one is `room_exists`; `joinRoom` of nothing is `no_such_room`."""
    world.page("c1", "Ana")
    joined = world.ask("c1", action="createRoom", room="cats", title="Cats & more", topic="purr", id="5")
    assert (joined["type"], joined["id"], joined["room"]["title"], joined["room"]["topic"]) == (
        "joined", "5", "Cats & more", "purr",
    )  # fmt: skip
    assert [user["name"] for user in joined["who"]] == ["Ana"]
    world.page("c2", "Bo")
    assert world.ask("c2", action="createRoom", room="cats")["code"] == "room_exists"
    assert world.ask("c2", action="joinRoom", room="dogs")["code"] == "no_such_room"
    assert world.ask("c2", action="joinRoom", room="dm:a:b")["code"] == "forbidden"
    joined = world.ask("c2", action="joinRoom", room="cats")
    assert [user["name"] for user in joined["who"]] == ["Ana", "Bo"]
    assert world.ask("c2", action="sendMessage", text="here")["room"] == "cats"


def test_fifty_rooms_are_the_most(world: World) -> None:
    """B9."""
    world.page("c1", "Ana")
    for i in range(49):
        assert world.ask("c1", action="createRoom", room=f"room-{i}")["type"] == "joined"
    assert world.ask("c1", action="createRoom", room="one-more")["code"] == "too_large"
    assert world.ask("c1", action="joinRoom", room="general")["type"] == "joined"


def test_the_eleventh_tab_costs_the_oldest(world: World) -> None:
    """B9: ten connections of one user; the oldest gets `bye`, does not come back, and leaves no rows."""
    token = world.page("c00", "Ana")["token"]
    for i in range(1, 11):
        world.now += 1000
        world.page(f"c{i:02d}", token=token)
    bye = world.take("c00")[-1]
    assert (bye["type"], bye["code"], bye["reconnect"]) == ("bye", "too_many_tabs", False)
    assert world.mailbox.closed == ["c00"]
    assert "c00" not in {row["connectionId"]["S"] for row in scan(world)}


def test_disconnect_takes_every_row_and_notes_when(world: World) -> None:
    """C2: record, subscriptions, the user's row; lastSeen stays in the user's document (seed attribute)."""
    user = world.page("c1", "Ana")["user"]["id"]
    world.ask("c1", action="createRoom", room="cats")
    world.now += 60_000
    assert world.disconnect("c1") == {"statusCode": 200}
    assert scan(world) == []
    (document,) = [item for item in scan(world, "Messages") if item["roomId"]["S"] == f"@{user}"]
    assert document["lastSeen"] == {"N": str(START + 60_000)}
    assert sorted(document["rooms"]["M"]) == ["cats", "general"]


def test_a_plain_client_leaves_no_document_behind(world: World) -> None:
    """Throwaway guests must not fill the table that lasts."""
    world.connect("c1")
    world.send("c1", action="sendMessage", text="hi")
    world.disconnect("c1")
    assert [item["roomId"]["S"] for item in scan(world, "Messages")] == ["general", "general"]


@pytest.mark.parametrize("action", ["hello", "joinRoom"])
@pytest.mark.parametrize("moment", range(1, 12))
def test_entering_that_overlaps_disconnect_leaves_no_ghost(dynamodb: Any, action: str, moment: int) -> None:
    """Trap of C2: wherever `$disconnect` cuts in, no row of the connection is left and nobody is shown as present."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("eye", "Eye")
    world.ask("eye", action="createRoom", room="cats")
    world.page("c1", "Ana", rooms=[{"room": "general"}])
    meddler.forget()
    calls = 0

    def one_call(call: Any, arguments: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            world.disconnect("c1")
        return call(**arguments)

    world.ports = _cutting(world, one_call)
    world.send("c1", action=action, room="cats", rooms=[{"room": "cats"}])
    if calls < moment:
        world.disconnect("c1")
    assert "c1" not in {row["connectionId"]["S"] for row in scan(world)}
    world.take("eye")
    assert [user["name"] for user in world.ask("eye", action="who", room="cats")["users"]] == ["Eye"]


def _cutting(world: World, one_call: Any) -> Any:
    """Ports whose DynamoDB runs `one_call` around each call, except during the disconnect itself."""
    from dataclasses import replace

    client = world.ports.dynamodb

    class Cut:
        inside = False

        def __getattr__(self, operation: str) -> Any:
            call = getattr(client, operation)

            def cut(**arguments: Any) -> Any:
                if Cut.inside:
                    return call(**arguments)
                Cut.inside = True
                try:
                    return one_call(call, arguments)
                finally:
                    Cut.inside = False

            return cut

    return replace(world.ports, dynamodb=Cut())


def test_unprocessed_items_are_written_in_the_end(dynamodb: Any) -> None:
    """Trap of C2: BatchWriteItem may leave items undone."""
    meddler = Meddler(dynamodb)
    world = World(meddler)

    def half(call: Any, arguments: dict[str, Any]) -> Any:
        ((table, requests),) = arguments["RequestItems"].items()
        call(RequestItems={table: requests[:1]})
        return {"UnprocessedItems": {table: requests[1:]}}

    meddler.instead("batch_write_item", 1, half)
    world.page("c1", "Ana")
    assert sorted(row["topic"]["S"].partition("#")[0] for row in scan(world)) == ["conn", "room", "user"]


def test_a_batch_that_never_ends_is_busy(dynamodb: Any) -> None:
    """The client is told to come again; it is not told why."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.connect("c1", Sec_WebSocket_Protocol="pingbox.v1")
    for nth in range(1, 9):
        meddler.instead("batch_write_item", nth, lambda call, a: {"UnprocessedItems": a["RequestItems"]})
    assert world.ask("c1", action="hello")["code"] == "busy"


def test_bye_leaves_and_closes(world: World) -> None:
    """B4: a clean leave; the `$disconnect` that follows finds nothing left to do."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.take("c1")
    world.send("c2", action="bye")
    assert [event["state"] for event in world.take("c1")] == ["offline"]
    assert world.mailbox.closed == ["c2"]
    world.disconnect("c2")
    assert world.take("c1") == []


@pytest.mark.parametrize("action", ["hello", "joinRoom"])
def test_entering_ends_when_the_connection_is_found_gone(world: World, action: str) -> None:
    """No call is made for somebody who cannot hear the answer, but for the one look that cleaning makes anyway."""
    world.page("watcher", "Bo")
    world.send("watcher", action="createRoom", room="cats")
    world.page("c1", "Ana")
    world.take("watcher")
    meddler = Meddler(world.dynamodb)
    here = World(meddler, mailbox=world.mailbox)
    world.mailbox.gone.add("c1")
    here.send("c1", action=action, room="cats", rooms=[{"room": "cats"}])
    names = meddler.names()
    assert names[-1] == "get_item"
    written = names.index("put_item" if action == "joinRoom" else "batch_write_item")
    assert "batch_write_item" not in names[written + 1 :]
    assert [event["type"] for event in world.take("watcher")] == []


def test_rows_of_an_entry_that_disconnect_overtook_are_taken_back(world: World) -> None:
    """`$disconnect` runs between the record and the rows, the greeting finds nobody: no ghost, and no arrival."""
    world.page("watcher", "Bo")
    world.connect("c1", Sec_WebSocket_Protocol="pingbox.v1")
    world.take("watcher")
    meddler = Meddler(world.dynamodb)
    meddler.before("batch_write_item", 1, lambda: world.disconnect("c1"))
    World(meddler, mailbox=world.mailbox).send("c1", action="hello", name="Ana")
    assert [item["topic"]["S"] for item in scan(world) if item["connectionId"]["S"] == "c1"] == []
    assert [event["state"] for event in world.take("watcher")] == ["offline"]  # `$disconnect` knew the room


def test_a_sweep_can_ask_about_everybody_at_once(world: World) -> None:
    """After a server has died, whoever it had is gone, however lately they spoke; the living stay."""
    world.page("dead", "Ana")
    world.page("alive", "Bo")
    world.now += 1
    world.mailbox.gone.add("dead")
    sweep.handle(world.ports, {"silentFor": 0}, None)
    assert world.log[-1]["ghosts"] == 1
    assert {item["connectionId"]["S"] for item in scan(world)} - {"-"} == {"alive"}
