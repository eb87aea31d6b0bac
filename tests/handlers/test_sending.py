"""sendMessage: the exact calls of C2, the echo, duplicates, races, and the table's traps (chat.md B8, C2, C4)."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox_core.rate import Rate
from support.chat.interference import Meddler
from support.chat.model_dynamodb import refusal
from support.chat.world import World

DAY = 86_400_000


def send(world: World, connection: str, text: str, **fields: Any) -> dict[str, Any]:
    world.take(connection)
    world.send(connection, action="sendMessage", text=text, **fields)
    return world.take(connection)[-1]


def log(world: World, room: str = "general") -> list[Any]:
    answer = world.dynamodb.query(
        TableName="Messages",
        KeyConditionExpression="roomId = :r",
        ExpressionAttributeValues={":r": {"S": room}},
        ConsistentRead=True,
    )
    return list(answer["Items"])


def test_a_message_costs_the_calls_of_the_table(dynamodb: Any) -> None:
    """C2: the gate's read and write, tail, put, list of receivers; five calls, in this order."""
    meddler = Meddler(dynamodb)
    world = World(meddler).with_settings(rate=Rate())
    world.page("c1", "Ana")
    meddler.forget()
    send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)
    assert meddler.names() == ["get_item", "update_item", "query", "put_item", "query"]
    tail, receivers = (arguments for operation, arguments in meddler.history if operation == "query")
    assert tail["ConsistentRead"] is True
    assert receivers["ConsistentRead"] is True


def test_the_echo_is_the_acknowledgement_and_comes_first(world: World) -> None:
    """B5: the sender's event carries `id` and `cid`, is posted before the others', and the others' has no `id`."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.mailbox.posts.clear()
    world.send("c1", action="sendMessage", text=" hi ", room="general", cid="abcdefgh", seen=0, id="7", replyTo=3)
    (first, echo), (second, event) = world.mailbox.posts
    assert (first, second) == ("c1", "c2")
    assert echo == event | {"id": "7"}
    user = {"id": event["user"]["id"], "name": "Ana"}
    assert event == {
        "type": "message", "room": "general", "seq": 1, "n": 1, "ts": world.now, "user": user, "cid": "abcdefgh",
        "text": "hi", "replyTo": 3,
    }  # fmt: skip


def test_a_repeated_cid_is_answered_with_the_first_number(world: World) -> None:
    """B8, server rule 2: stored once, told once, however often it comes and however late."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)
    send(world, "c1", "more", room="general", cid="bbbbbbbb", seen=1)
    world.take("c2")
    again = send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0, id="8")
    assert again == {"type": "ok", "id": "8", "cid": "abcdefgh", "room": "general", "seq": 1, "dup": True}
    assert world.take("c2") == []
    assert [item["seq"]["N"] for item in log(world)] == ["0", "1", "2"]


def test_a_cid_belongs_to_its_user(world: World) -> None:
    """Two users may choose the same cid."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)
    assert send(world, "c2", "ho", room="general", cid="abcdefgh", seen=0)["seq"] == 2


def test_without_seen_the_last_fifty_are_looked_through(world: World) -> None:
    """B8: scripts may repeat a cid without `seen`; best effort."""
    world.connect("c1")
    send(world, "c1", "hi", cid="abcdefgh")
    assert send(world, "c1", "hi", cid="abcdefgh")["dup"] is True


def test_a_lost_race_takes_the_next_slot(dynamodb: Any) -> None:
    """B8, server rule 3: the refusal carries the winner; no second read, no gap, `n` and `ts` follow the winner."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    send(world, "c1", "first", room="general", cid="aaaaaaaa", seen=0)

    def other_is_faster() -> None:
        world.now += 50
        send(world, "c2", "faster", room="general", cid="bbbbbbbb", seen=1)
        world.now -= 50

    meddler.before("put_item", 1, other_is_faster)
    meddler.forget()
    slow = send(world, "c1", "slower", room="general", cid="cccccccc", seen=1)
    assert (slow["seq"], slow["n"], slow["ts"]) == (3, 3, world.now + 50)


def test_twenty_four_lost_races_are_busy(dynamodb: Any) -> None:
    """B8, server rule 3: after so many refusals the client keeps the message and tries again."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    for nth in range(1, 25):
        meddler.instead("put_item", nth, lambda call, arguments: _conflict())
    answer = send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)
    assert (answer["code"], answer["retry"], answer["cid"]) == ("busy", True, "abcdefgh")


def _conflict() -> Any:
    raise refusal("TransactionConflictException")


def test_a_transaction_in_the_way_costs_another_try_at_the_same_slot(dynamodb: Any) -> None:
    """Trap of C2: TransactionConflict on a plain put says nothing about the slot."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    meddler.instead("put_item", 1, lambda call, arguments: _conflict())
    assert send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)["seq"] == 1


def test_an_answer_lost_on_the_way_is_recognised_and_everyone_is_told(dynamodb: Any) -> None:
    """B8: botocore repeats a put whose answer got lost; the winner is our own row, and the room must still hear it."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.take("c2")

    def lost(call: Any, arguments: dict[str, Any]) -> Any:
        call(**arguments)
        return call(**arguments)

    meddler.instead("put_item", 1, lost)
    assert send(world, "c1", "hi", room="general", cid="abcdefgh", seen=0)["seq"] == 1
    assert [event["seq"] for event in world.take("c2")] == [1]


@pytest.mark.parametrize("seen", [2, 5, 10**15])
def test_a_lie_about_seen_cannot_tear_the_log(world: World, seen: int) -> None:
    """D5: a number that does not exist is refused with `behind`; nothing is written beyond the head."""
    world.page("c1", "Ana")
    send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=0)
    assert send(world, "c1", "ho", room="general", cid="bbbbbbbb", seen=seen)["code"] == "behind"
    assert [item["seq"]["N"] for item in log(world)] == ["0", "1"]


def put_rows(
    world: World, numbers: range, *, ts: int | None = None, text: str = "x", expires: int | None = None
) -> None:
    for seq in numbers:
        row = {"roomId": {"S": "general"}, "seq": {"N": str(seq)}, "kind": {"S": "message"}, "n": {"N": str(seq)},
               "ts": {"N": str(ts or world.now)}, "userId": {"S": "u"}, "name": {"S": "U"}, "cid": {"S": f"c-{seq}"},
               "text": {"S": text}}  # fmt: skip
        if expires is not None:
            row["expiresAt"] = {"N": str(expires)}
        world.dynamodb.put_item(TableName="Messages", Item=row)


def test_a_seen_of_a_hundred_events_ago_is_fine_and_one_more_is_behind(world: World) -> None:
    """B6: `behind` when `seen` is more than 100 events old: no unbounded reads."""
    world.page("c1", "Ana")
    put_rows(world, range(1, 102))
    assert send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=0)["code"] == "behind"
    assert send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=1)["seq"] == 102


def test_a_tail_longer_than_a_megabyte_is_read_to_its_end(world: World) -> None:
    """Trap of C2: a query's page ends at 1 MB; the duplicate may be on the second page."""
    world.page("c1", "Ana")
    put_rows(world, range(1, 81), text="x" * 16_000)
    send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=80)
    put_rows(world, range(82, 90))
    assert send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=0)["seq"] == 81


def test_times_never_run_backwards(world: World) -> None:
    """C1: `ts` is at least the previous row's, whatever this Lambda's clock says."""
    world.page("c1", "Ana")
    first = send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=0)
    world.now -= 5000
    assert send(world, "c1", "ho", room="general", cid="bbbbbbbb", seen=1)["ts"] == first["ts"]


def test_only_members_send(world: World) -> None:
    """D4: sending needs membership; a room of two others is closed."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.ask("c2", action="createRoom", room="cats")
    assert send(world, "c1", "hi", room="cats")["code"] == "not_joined"
    assert send(world, "c1", "hi", room="dm:a:b")["code"] == "forbidden"


def test_a_forged_identity_is_not_even_read(world: World) -> None:
    """D1: identity comes from the connection record, never from a frame."""
    welcome = world.page("c1", "Ana")
    event = send(world, "c1", "hi", room="general", userId="g-other", name="Boss", user={"id": "g-other"}, sender="x")
    assert event["user"] == {"id": welcome["user"]["id"], "name": "Ana"}


def test_a_room_that_nobody_has_spoken_in_begins_with_the_first_message(world: World) -> None:
    """The default room, and a plain client's `?room=`, come into being on first use; no deploy step makes them."""
    world.connect("c1", query={"room": "cats"})
    assert send(world, "c1", "hi")["seq"] == 1
    assert log(world, "cats")[0]["title"] == {"S": "Cats"}


def test_messages_expire_only_if_asked_to(world: World) -> None:
    """C4: retention is off by default; with it, rows carry the day they may go."""
    world.connect("c1")
    send(world, "c1", "hi")
    world.with_settings(retention_days=7).send("c1", action="sendMessage", text="ho")
    kept, thinned = log(world)[1:]
    assert "expiresAt" not in kept
    assert thinned["expiresAt"] == {"N": str((world.now + 7 * DAY) // 1000)}


def expire(world: World, *numbers: int) -> None:
    for seq in numbers:
        world.dynamodb.delete_item(TableName="Messages", Key={"roomId": {"S": "general"}, "seq": {"N": str(seq)}})


def test_a_log_whose_rows_have_all_expired_goes_on_where_it_was(world: World) -> None:
    """C4, trap 1: the sweep keeps the head in the record, so no number is ever used twice."""
    world = world.with_settings(retention_days=2)
    world.page("c1", "Ana")
    put_rows(world, range(1, 6))
    world.sweep()
    expire(world, 1, 2, 3, 4, 5)
    world.now += 3 * DAY
    event = send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=5)
    assert (event["seq"], event["n"]) == (6, 6)


@pytest.mark.parametrize("seen", [None, 4])
def test_a_head_that_expired_before_older_rows_keeps_its_number(world: World, seen: int | None) -> None:
    """C4, trap 2: expiry is late and unordered: row 5 may be gone while row 4 is still there."""
    world = world.with_settings(retention_days=2)
    world.page("c1", "Ana")
    put_rows(world, range(1, 6))
    world.sweep()
    expire(world, 1, 2, 3, 5)
    world.now += 3 * DAY
    answer = send(world, "c1", "hi", room="general", cid="aaaaaaaa", **({} if seen is None else {"seen": seen}))
    assert answer.get("seq") == 6 if seen is None else answer["code"] == "behind"


def test_a_seen_in_a_thinned_prefix_is_behind_and_sync_says_reset(world: World) -> None:
    """C4, trap 3: below the floor nothing can be proven; the client starts again with the newest page."""
    world = world.with_settings(retention_days=2)
    world.page("c1", "Ana")
    put_rows(world, range(1, 4), ts=world.now - 3 * DAY, expires=(world.now - DAY) // 1000)
    put_rows(world, range(4, 7))
    expire(world, 2)
    assert send(world, "c1", "hi", room="general", cid="aaaaaaaa", seen=1)["code"] == "behind"
    page = world.ask("c1", action="sync", room="general", after=1)
    assert (page["reset"], page["from"], page["to"], page["head"]) == (True, 4, 6, 6)
    history = world.ask("c1", action="history", room="general")
    assert ([e["seq"] for e in history["events"]], history["more"], history["floor"]) == ([4, 5, 6], False, 4)
