"""The gate: identity, and the rate limits of the user (chat.md C2, D6)."""

from __future__ import annotations

from typing import Any

from pingbox_core.rate import Rate
from support.chat.interference import Meddler
from support.chat.world import START, World

ENGINES = ("local", "moto")


def at_normal_speed(world: World) -> World:
    return world.with_settings(rate=Rate(per_minute=60, burst=10))


def test_a_frame_costs_one_read_and_one_write(dynamodb: Any) -> None:
    """C2: the gate is a read of the record and one update of the user's numbers; `ping` of no rooms needs no more."""
    meddler = Meddler(dynamodb)
    world = at_normal_speed(World(meddler))
    world.connect("c1")
    for _ in range(2):
        meddler.forget()
        world.send("c1", action="ping")
        world.now += 1000
        assert meddler.names() == ["get_item", "update_item"]


def test_a_burst_of_ten_passes_and_the_eleventh_waits(world: World) -> None:
    """D6: GCRA, burst 10; the refusal says after how many milliseconds to come again, and that is true."""
    world = at_normal_speed(world)
    world.connect("c1")
    for _ in range(10):
        assert world.ask("c1", action="sendMessage", text="x")["type"] == "message"
    refused = world.ask("c1", action="sendMessage", text="x", id="p11", cid="abcdefgh")
    assert (refused["code"], refused["retry"], refused["retryAfter"], refused["id"], refused["cid"]) == (
        "rate_limited", True, 1000, "p11", "abcdefgh",
    )  # fmt: skip
    world.now += refused["retryAfter"] - 1
    assert world.ask("c1", action="sendMessage", text="x")["code"] == "rate_limited"
    world.now += 1
    assert world.ask("c1", action="sendMessage", text="x")["type"] == "message"


def test_a_refusal_of_one_kind_delays_no_other(world: World) -> None:
    """Who may not write for a while still reads, joins and leaves; `bye` is never refused."""
    world = at_normal_speed(world)
    world.page("c1")
    for _ in range(10):
        world.send("c1", action="sendMessage", text="x")
    assert world.ask("c1", action="sendMessage", text="x")["code"] == "rate_limited"
    assert world.ask("c1", action="who", room="general")["type"] == "who"
    assert world.ask("c1", action="createRoom", room="cats")["type"] == "joined"
    world.send("c1", action="bye")
    assert world.mailbox.closed == ["c1"]


def test_the_limit_is_the_users_not_the_connections(world: World) -> None:
    """Coming back, or opening ten tabs, brings no fresh burst."""
    world = at_normal_speed(world)
    token = world.page("c0")["token"]
    world = world.with_settings(allow_query_token=True)
    accepted = 0
    for i in range(15):
        connection = f"again{i}"
        world.connect(connection, query={"token": token})
        accepted += world.ask(connection, action="sendMessage", text="x")["type"] == "message"
        world.disconnect(connection)
    assert accepted == 10


def test_two_frames_racing_for_the_gate_are_both_counted(dynamodb: Any) -> None:
    """A refused update is decided again from what is stored, not forgotten."""
    meddler = Meddler(dynamodb)
    world = at_normal_speed(World(meddler))
    world.connect("c1")
    world.send("c1", action="sendMessage", text="x")
    meddler.before("update_item", 2, lambda: world.send("c1", action="sendMessage", text="x"))
    world.send("c1", action="sendMessage", text="x")
    assert [event["type"] for event in world.take("c1")] == ["message"] * 3
    (record,) = [i for i in dynamodb.scan(TableName="Connections")["Items"] if i["topic"]["S"].startswith("rate#")]
    assert int(record["tat"]["N"]) == START + 3000


def test_a_guest_starts_twenty_rooms_a_day(world: World) -> None:
    world = world.with_settings(rate=Rate(per_minute=6000, burst=1000))
    world.page("c1")
    answers = [world.ask("c1", action="createRoom", room=f"room-{i}") for i in range(21)]
    assert [answer["type"] for answer in answers] == ["joined"] * 20 + ["error"]
    assert (answers[-1]["code"], answers[-1]["retryAfter"]) == ("rate_limited", 72 * 60_000)
    world.now += 72 * 60_000
    assert world.ask("c1", action="createRoom", room="room-21")["type"] == "joined"


def test_new_guests_from_one_address_are_limited(world: World) -> None:
    """Each new guest has a burst of its own, so there must not be thousands of them."""
    world = at_normal_speed(world)
    answers = [world.connect(f"c{i}", address="203.0.113.7")["statusCode"] for i in range(102)]
    assert answers == [200] * 100 + [429] * 2
    assert world.connect("other", address="203.0.113.8")["statusCode"] == 200
    world.now += 2000
    assert world.connect("later", address="203.0.113.7")["statusCode"] == 200


def test_a_user_holds_ten_plain_connections(world: World) -> None:
    """The oldest is told and closed when the eleventh opens; ghosts among them cannot lock anybody out."""
    token = world.page("c0")["token"]
    world.disconnect("c0")
    world = world.with_settings(allow_query_token=True)
    for i in range(1, 13):
        world.now += 1
        assert world.connect(f"c{i}", query={"token": token})["statusCode"] == 200
    assert world.mailbox.closed == ["c1", "c2"]
    assert [event["code"] for event in world.take("c1")] == ["too_many_tabs"]


def test_an_unknown_connection_is_told_and_closed_and_not_created(world: World) -> None:
    """Trap of C2: an unconditional update would bring a deleted record back to life."""
    world.send("ghost", action="sendMessage", text="hi")
    assert [(event["type"], event["code"], event["reconnect"]) for event in world.take("ghost")] == [
        ("bye", "unknown_connection", True)
    ]
    assert world.mailbox.closed == ["ghost"]
    assert world.dynamodb.scan(TableName="Connections")["Items"] == []


def test_last_seen_moves_every_two_minutes(dynamodb: Any) -> None:
    """The sweep relies on it. That frame is free, so that it too costs one write."""
    meddler = Meddler(dynamodb)
    world = at_normal_speed(World(meddler))
    world.connect("c1")
    for minutes, renewed in [(1, 0), (1, 2), (1, 2), (1, 4)]:
        world.now += minutes * 60_000
        meddler.forget()
        world.send("c1", action="ping")
        assert meddler.names() == ["get_item", "update_item"]
        (record,) = [i for i in dynamodb.scan(TableName="Connections")["Items"] if i["topic"]["S"] == "conn#c1"]
        assert record["lastSeen"] == {"N": str(START + renewed * 60_000)}


def test_focus_says_where_a_message_without_a_room_goes(world: World) -> None:
    """`focus` of a joined room changes where a message without a room goes; of another room it is refused."""
    world.page("c1")
    world.ask("c1", action="createRoom", room="cats")
    world.send("c1", action="focus", room="general")
    assert world.take("c1") == []
    assert world.ask("c1", action="sendMessage", text="hi")["room"] == "general"
    assert world.ask("c1", action="focus", room="dogs", id="f")["code"] == "not_joined"


def test_frames_that_are_no_commands_are_answered(world: World) -> None:
    """Not JSON, no object, unknown action: an `error` event, never silence and never a traceback."""
    world.connect("c1")
    for body, code in [("hi", "bad_request"), ("[]", "bad_request"), ("", "bad_request"),
                       ('{"action":"fly"}', "unknown_action"), ("x" * 32_001, "too_large")]:  # fmt: skip
        world.send_text("c1", body)
        assert [event["code"] for event in world.take("c1")] == [code]


def test_an_unexpected_error_is_told_in_general_words(dynamodb: Any) -> None:
    """The client learns `internal`, its `id` and `cid`; the log has the traceback and not the text."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.connect("c1")

    def explode(call: Any, arguments: dict[str, Any]) -> Any:
        raise RuntimeError("the disk at /secret/path is full")

    meddler.instead("query", 1, explode)
    world.send("c1", action="sendMessage", text="very private", cid="abcdefgh", id="1")
    (event,) = world.take("c1")
    assert (event["code"], event["retry"], event["id"], event["cid"]) == ("internal", True, "1", "abcdefgh")
    assert "secret" not in str(event)
    assert "/secret/path" in world.log[-1]["error"]
    assert "very private" not in str(world.log)
