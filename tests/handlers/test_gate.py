"""The gate: identity, rate limit and lastSeen in one conditional update (chat.md C2, D6)."""

from __future__ import annotations

from typing import Any

from pingbox_core.rate import Rate
from support.chat.interference import Meddler
from support.chat.world import START, World

ENGINES = ("local", "moto")


def at_normal_speed(world: World) -> World:
    return world.with_settings(rate=Rate(per_minute=60, burst=10))


def test_a_calm_client_costs_one_update_per_frame(dynamodb: Any) -> None:
    """C2: the gate is one UpdateItem; `ping` of no rooms needs nothing else."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.connect("c1")
    meddler.forget()
    world.send("c1", action="ping")
    assert meddler.names() == ["update_item"]


def test_a_burst_of_ten_passes_and_the_eleventh_waits(world: World) -> None:
    """D6: GCRA, burst 10; the refusal says after how many milliseconds to come again, and that is true."""
    world = at_normal_speed(world)
    world.connect("c1")
    for _ in range(10):
        assert world.ask("c1", action="ping")["type"] == "pong"
    refused = world.ask("c1", action="ping", id="p11")
    assert (refused["code"], refused["retry"], refused["retryAfter"], refused["id"]) == (
        "rate_limited", True, 1000, "p11",
    )  # fmt: skip
    world.now += refused["retryAfter"] - 1
    assert world.ask("c1", action="ping")["code"] == "rate_limited"
    world.now += 1
    assert world.ask("c1", action="ping")["type"] == "pong"


def test_actions_weigh_differently(world: World) -> None:
    """D6: two `hello` (5 each) are a whole burst; `bye` is never refused."""
    world = at_normal_speed(world)
    world.page("c1")
    world.send("c1", action="hello")
    world.take("c1")
    assert world.ask("c1", action="who", room="general")["code"] == "rate_limited"
    world.send("c1", action="bye")
    assert world.mailbox.closed == ["c1"]


def test_two_frames_racing_for_the_gate_are_both_counted(dynamodb: Any) -> None:
    """A refused update is decided again from what the record holds, not forgotten."""
    meddler = Meddler(dynamodb)
    world = at_normal_speed(World(meddler))
    world.connect("c1")
    world.send("c1", action="ping")
    meddler.before("update_item", 2, lambda: world.send("c1", action="ping"))
    world.send("c1", action="ping")
    assert [event["type"] for event in world.take("c1")] == ["pong"] * 3
    record = dynamodb.get_item(TableName="Connections", Key={"topic": {"S": "conn#c1"}, "connectionId": {"S": "c1"}})
    assert int(record["Item"]["tat"]["N"]) == START + 3000


def test_an_unknown_connection_is_told_and_closed_and_not_created(world: World) -> None:
    """Trap of C2: an unconditional update would bring a deleted record back to life."""
    world.send("ghost", action="sendMessage", text="hi")
    assert [(event["type"], event["code"], event["reconnect"]) for event in world.take("ghost")] == [
        ("bye", "unknown_connection", True)
    ]
    assert world.mailbox.closed == ["ghost"]
    assert world.dynamodb.scan(TableName="Connections")["Items"] == []


def test_last_seen_moves_with_every_frame(world: World) -> None:
    """The sweep relies on it."""
    world.connect("c1")
    world.now += 5000
    world.send("c1", action="ping")
    (record,) = [i for i in world.dynamodb.scan(TableName="Connections")["Items"] if i["topic"]["S"] == "conn#c1"]
    assert record["lastSeen"] == {"N": str(START + 5000)}


def test_focus_is_part_of_the_gate(world: World) -> None:
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
