"""What the handlers read back is what was written: every read that a decision hangs on asks for it strongly.

DynamoDB may answer a read that does not ask with what was there a moment ago; the store of these tests always does.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, cast

import pytest

from pingbox.handlers.ports import Ports
from pingbox.handlers.storage.messages import Messages
from pingbox_core.log import RoomRecord, Row
from support.chat.model_dynamodb import MemoryDynamoDB

ROOM = "general"
RECORD = RoomRecord(ROOM, "e1", "General", "", "u1", 1)
ROW = Row(seq=1, n=1, ts=1, user="u1", name="Ada", cid="c1", text="hi")


class Behind:
    """A DynamoDB whose eventually consistent reads have not seen the latest write."""

    def __init__(self) -> None:
        self._now = MemoryDynamoDB()
        self._before = self._now.copy()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            if operation in ("get_item", "query", "batch_get_item"):
                store = self._now if _is_strong(arguments) else self._before
                return getattr(store, operation)(**arguments)
            self._before = self._now.copy()
            return getattr(self._now, operation)(**arguments)

        return call


def _is_strong(arguments: dict[str, Any]) -> bool:
    asked = [arguments, *arguments.get("RequestItems", {}).values()]
    return any(one.get("ConsistentRead") for one in asked)


@pytest.fixture
def messages() -> Messages:
    settings = types.SimpleNamespace(messages_table="Messages", connections_table="Connections")
    ports = types.SimpleNamespace(dynamodb=Behind(), settings=settings, pause=lambda seconds: None)
    return Messages(cast(Ports, ports))


def test_the_record_of_a_room(messages: Messages) -> None:
    assert messages.create(RECORD)
    found = messages.record(ROOM)
    assert found is not None
    assert (found.room, found.title) == (ROOM, "General")


def test_the_rows_of_a_room(messages: Messages) -> None:
    messages.create(RECORD)
    assert messages.put(ROOM, ROW) is None
    assert messages.row(ROOM, 1) == ROW
    assert messages.rows(ROOM, [1]) == {1: ROW}
    assert [slot.seq for slot in messages.from_slot(ROOM, 1, 10).rows if isinstance(slot, Row)] == [1]
    assert messages.before(ROOM, 2, 10)[0] == [ROW]


def test_a_read_marker_is_kept_when_the_room_is_entered_again(messages: Messages) -> None:
    messages.remember("u1", "Ada", {ROOM: {"s": 7, "n": 5}})
    again = messages.remember("u1", "Ada", {ROOM: {"s": 1, "n": 1}, "other": {"s": 2, "n": 2}})
    assert again.rooms == {ROOM: {"s": 7, "n": 5}, "other": {"s": 2, "n": 2}}


def test_a_read_marker_only_moves_forward(messages: Messages) -> None:
    messages.remember("u1", "Ada", {ROOM: {"s": 7, "n": 5}})
    assert not messages.mark_read("u1", ROOM, {"s": 6, "n": 4}, back=False)
    assert messages.mark_read("u1", ROOM, {"s": 8, "n": 6}, back=False)
    assert messages.remember("u1", "Ada", {}).rooms[ROOM] == {"s": 8, "n": 6}
