"""docs/reference/chat-calls.md is true: what each operation calls DynamoDB for, in order, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox_core.rate import Rate
from support.chat.world import World

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "chat-calls.md"
SHORT = {
    "get_item": "Get", "put_item": "Put", "update_item": "Update", "delete_item": "Delete", "query": "Query",
    "scan": "Scan", "batch_get_item": "BatchGet", "batch_write_item": "BatchWrite",
    "transact_write_items": "TransactWrite",
}  # fmt: skip


class Metered:
    """A DynamoDB client that notes every call and the capacity that it consumed."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []
        self.read = self.written = 0.0

    def reset(self) -> None:
        self.calls, self.read, self.written = [], 0.0, 0.0

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)

        def metered(**arguments: Any) -> Any:
            answer = call(**arguments, ReturnConsumedCapacity="TOTAL")
            self.calls.append(SHORT[operation])
            consumed = answer.get("ConsumedCapacity", [])
            units = sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))
            if SHORT[operation] in ("Get", "Query", "Scan", "BatchGet"):
                self.read += units
            else:
                self.written += units
            return answer

        return metered


def send(connection: str, **frame: Any) -> Callable[[World], object]:
    return lambda world: world.send(connection, **frame)


def in_general(**frame: Any) -> Callable[[World], object]:
    return send("c1", room="general", **frame)


FAR, OFFER = "203.0.113.7", {"Sec_WebSocket_Protocol": "pingbox.v1"}
MESSAGE = {"action": "sendMessage", "text": "hi", "cid": "cid-send", "seen": 1}
# Ana (c1) and Bo (c2) are in `general` and share an open conversation; Ana has said hi, as 1. Texts are short.
OPERATIONS: dict[str, Callable[[World], object]] = {
    "`$connect`, a new guest's page": lambda w: w.connect("c9", address=FAR, **OFFER),
    "`$connect`, a new plain client": lambda w: w.connect("c9", address=FAR),
    "`$connect`, with a token": lambda w: w.connect("c9", Sec_WebSocket_Protocol=f"pingbox.v1, auth.{w.token}"),  # type: ignore[attr-defined]
    "`hello`, one room, a new user": send("new", action="hello", name="Chi"),
    "`hello`, one room, a known user": in_general(action="hello", rooms=[{"room": "general", "seen": 1}]),
    "`joinRoom`": send("c2", action="joinRoom", room="cats"),
    "`createRoom`": send("c1", action="createRoom", room="dogs"),
    "`openDm`": lambda w: w.send("c2", action="openDm", user=w.plain_user),  # type: ignore[attr-defined]
    "`leaveRoom`": in_general(action="leaveRoom"),
    "`sendMessage`": in_general(**MESSAGE),
    "`sendMessage` that calls somebody": in_general(action="sendMessage", text="hi @bo", cid="cid-send", seen=1),
    "`sendMessage` in a conversation": lambda w: send("c1", room=w.dm, **MESSAGE | {"seen": 0})(w),  # type: ignore[attr-defined]
    "`editMessage`": in_general(action="editMessage", target=1, text="hello", cid="cid-edit", seen=1),
    "`deleteMessage`": in_general(action="deleteMessage", target=1, cid="cid-dele", seen=1),
    "`react`": in_general(action="react", target=1, emoji="👍", cid="cid-reac", seen=1),
    "`updateRoom`": send("c1", action="updateRoom", room="cats", topic="photos", cid="cid-upda", seen=0),
    "`sync`": in_general(action="sync", after=0),
    "`history`": in_general(action="history"),
    "`who`": in_general(action="who"),
    "`listRooms`": in_general(action="listRooms"),
    "`ping`, one room": in_general(action="ping", rooms={"general": 1}),
    "`typing`": in_general(action="typing"),
    "`markRead`": in_general(action="markRead", seq=1, back=True),
    "`focus`": in_general(action="focus"),
    "`bye`": in_general(action="bye"),
    "`$disconnect`": lambda w: w.disconnect("c1"),
    "sweep, nobody is gone": lambda w: w.sweep(),
}  # fmt: skip


def measured(client: Any, operation: str) -> str:
    """A line of the table."""
    meter = Metered(client)
    world = scene(World(meter).with_settings(rate=Rate()))
    meter.reset()
    OPERATIONS[operation](world)
    assert [line for line in world.log if "error" in line] == []
    return f"| {operation} | {joined(meter.calls)} | {meter.written:g} | {meter.read:g} |"


def scene(world: World) -> World:
    welcome = world.page("c1", "Ana")
    bo = world.page("c2", "Bo")
    chi = world.page("c3", "Chi")
    world.disconnect("c3")
    world.ask("c1", action="createRoom", room="cats")
    world.dm = world.ask("c1", action="openDm", user=bo["user"]["id"])["room"]["room"]  # type: ignore[attr-defined]
    world.ask("c1", action="sendMessage", room="general", text="hi", cid="cid-hi-1", seen=0)
    world.connect("new", Sec_WebSocket_Protocol="pingbox.v1")
    world.token, world.plain_user = welcome["token"], chi["user"]["id"]  # type: ignore[attr-defined]
    return world


def joined(calls: list[str]) -> str:
    """Repeated calls are written once, with their number."""
    shown: list[list[Any]] = []
    for call in calls:
        if shown and shown[-1][0] == call:
            shown[-1][1] += 1
        else:
            shown.append([call, 1])
    return ", ".join(call if count == 1 else f"{count} {call}" for call, count in shown)


def documented() -> dict[str, str]:
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (`|sweep)", line)]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_table_says_what_is_called(dynamodb: Any, operation: str) -> None:
    assert measured(dynamodb, operation) == documented().get(operation)


def test_the_table_has_no_other_lines() -> None:
    assert list(documented()) == list(OPERATIONS)
