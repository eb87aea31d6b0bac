"""Fan-out, inline and in chunks, and cleaning on delivery (chat.md C5 layer 1, C6)."""

from __future__ import annotations

from typing import Any

from support.chat.world import World

MINUTE = 60_000


def test_up_to_the_limit_everyone_is_posted_to_here(world: World) -> None:
    """C6: inline up to INLINE_FANOUT_LIMIT."""
    world = world.with_settings(inline_fanout_limit=3, fanout_function="Fanout")
    for i in range(4):
        world.connect(f"c{i}")
    world.send("c0", action="sendMessage", text="hi")
    assert sorted(connection for connection, _ in world.mailbox.posts) == ["c0", "c1", "c2", "c3"]
    assert world.fanouts == []


def test_above_it_chunks_of_two_hundred_go_to_the_function(world: World) -> None:
    """C6: the sender is answered here, the rest is handed on and not waited for."""
    world = world.with_settings(inline_fanout_limit=150, fanout_function="Fanout")
    for i in range(402):
        world.connect(f"c{i:03d}")
    world.send("c000", action="sendMessage", text="hé")
    assert [connection for connection, _ in world.mailbox.posts] == ["c000"]
    assert [len(chunk["connections"]) for chunk in world.fanouts] == [200, 200, 1]
    world.run_fanouts()
    assert len(world.mailbox.posts) == 402
    assert {event["text"] for _, event in world.mailbox.posts} == {"hé"}


def test_a_gone_connection_is_removed_after_all_posts(world: World) -> None:
    """Layer 1: 410 removes all rows of *that* connection (not the sender's, as a well-known sample does)."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.page("c3", "Chi")
    world.now += MINUTE
    world.mailbox.gone.add("c2")
    for connection in ("c1", "c3"):
        world.take(connection)
    world.send("c1", action="sendMessage", text="hi", room="general")
    left = {row["connectionId"]["S"] for row in world.dynamodb.scan(TableName="Connections")["Items"]}
    assert left == {"c1", "c3"}
    got = world.take("c3")
    assert [event["type"] for event in got] == ["message", "presence"]
    assert world.take("c1")[1] == got[1]
    assert (got[1]["state"], got[1]["user"]["name"], got[1]["online"]) == ("offline", "Bo", 2)


def test_a_newborn_connection_is_left_alone(world: World) -> None:
    """C5: within 30 s a 410 may only mean that the upgrade is still pending (CN-14)."""
    world.connect("c1")
    world.connect("c2")
    world.mailbox.gone.add("c2")
    world.send("c1", action="sendMessage", text="hi")
    world.mailbox.gone.clear()
    world.send("c1", action="sendMessage", text="again")
    assert [event["text"] for event in world.take("c2")] == ["again"]


def test_a_subscription_without_a_record_is_removed(world: World) -> None:
    """What an interrupted cleaning leaves behind is found by the next message."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.dynamodb.delete_item(TableName="Connections", Key={"topic": {"S": "conn#c2"}, "connectionId": {"S": "c2"}})
    world.mailbox.gone.add("c2")
    world.now += MINUTE
    world.take("c1")
    world.send("c1", action="sendMessage", text="hi", room="general")
    assert [event["type"] for event in world.take("c1")] == ["message", "presence"]
    assert world.ask("c1", action="who", room="general")["count"] == 1


def test_expired_rows_are_not_posted_to(world: World) -> None:
    """C5, layer 3: 2 h 10 min after connecting, rows stop counting, whatever TTL does."""
    world.connect("c1")
    world.now += 131 * MINUTE
    world.connect("c2")
    world.send("c2", action="sendMessage", text="hi")
    assert [connection for connection, _ in world.mailbox.posts] == ["c2"]


def test_one_failure_never_stops_the_others(world: World) -> None:
    """A throttled post is given up (the client will see the gap); nobody is removed for it."""
    for i in range(3):
        world.connect(f"c{i}")
    world.mailbox.throttled.add("c1")
    world.now += MINUTE
    world.send("c0", action="sendMessage", text="hi")
    assert [connection for connection, _ in world.mailbox.posts] == ["c0", "c2"]
    assert world.log[-1]["failed"] == 1
    world.mailbox.throttled.clear()
    world.send("c0", action="sendMessage", text="again")
    assert len(world.take("c1")) == 1


def test_the_sweep_finds_ghosts_where_nobody_writes(world: World) -> None:
    """Layer 2: silent for six minutes and unknown to the gateway: removed, and the room is told."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.mailbox.gone.add("c2")
    world.now += 5 * MINUTE
    world.sweep()
    assert world.log[-1]["asked"] == 0
    world.now += 2 * MINUTE
    world.send("c1", action="ping")
    world.take("c1")
    world.sweep()
    (event,) = world.take("c1")
    assert (event["type"], event["state"], event["user"]["name"]) == ("presence", "offline", "Bo")
    assert (world.log[-1]["asked"], world.log[-1]["ghosts"]) == (1, 1)


def test_the_sweep_leaves_the_living_alone(world: World) -> None:
    """Silence alone is no reason: an open page may say nothing for four and a half minutes."""
    world.page("c1", "Ana")
    world.now += 7 * MINUTE
    world.sweep()
    assert world.ask("c1", action="who", room="general")["count"] == 1


def test_two_cleaners_never_both_announce(world: World, dynamodb: Any) -> None:
    """Whoever gets the record back from the delete does the rest."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.take("c1")
    world.disconnect("c2")
    world.disconnect("c2")
    assert len(world.take("c1")) == 1
