"""The chat on 1,000,000 stored messages beside the chat on an empty store: start, echo, reading, memory.

The messages are made by the chat's own code and go in by BatchWriteItem. `PINGBOX_MILLION=FOLDER` keeps the filled
store there (about 600 MB) and uses it again; without it, it is made anew and deleted at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.light_client import LightClient, connect, masked
from benchmarks.loads import echo
from benchmarks.rows import one_core
from benchmarks.serving import Server, pingbox
from pingbox.chat.app import chat_tables
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.handlers.ports import Ports
from pingbox.handlers.settings import from_environment
from pingbox.handlers.storage.messages import Messages
from pingbox_core.log import RoomRecord, Row

ROOMS, MESSAGES = 100, 1_000_000
_TABLES = ("Connections", "Messages")
_BATCH = 25
_HELLO_HEADERS = "Sec-WebSocket-Protocol: pingbox.v1\r\n"
_TEXT = "A message as people write them, neither short nor long, that says a thing or two. Number "


@dataclass(frozen=True)
class Figure:
    """`full` on the filled store, `empty` on an empty one (None: means nothing there), `aim` in words."""

    what: str
    unit: str
    full: float
    empty: float | None = None
    aim: str = ""


# --- filling


class _Batches:
    """Stands for a boto3 client while the chat writes: the items of its puts go in by 25 at a time."""

    def __init__(self, local: LocalDynamoDB) -> None:
        self._local = local
        self._waiting: list[dict[str, Any]] = []

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        self._waiting.append({"PutRequest": {"Item": arguments["Item"]}})
        if len(self._waiting) == _BATCH:
            self.flush()
        return {}

    def flush(self) -> None:
        if self._waiting:
            answer = _called(self._local, "BatchWriteItem", {"RequestItems": {"Messages": self._waiting}})
            assert not answer.get("UnprocessedItems"), "the local DynamoDB takes every batch whole"
            self._waiting = []


def _called(local: LocalDynamoDB, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = local.call(operation, request)
    if answer.status != 200:
        raise RuntimeError(f"{operation} was answered {answer.status}: {answer.body}")
    return dict(answer.body)


def fill(folder: Path, messages: int, rooms: int) -> float:
    """Put `messages` into `rooms` rooms, as the chat would have; how many a second went in."""
    begin = time.perf_counter()
    local = LocalDynamoDB.open(folder, clock=SystemClock())
    for table in chat_tables(*_TABLES):
        _called(local, "CreateTable", table.parameters)
        _called(local, "UpdateTimeToLive", table.time_to_live)
    batches = _Batches(local)
    log = Messages(_ports(batches))
    now, each = int(time.time() * 1000), messages // rooms
    for number in range(rooms):
        room = _room(number)
        log.create(RoomRecord(room, f"e{number:05d}", room, "", "@bench", now))
        for seq in range(1, each + 1):
            ts = now - (each - seq) * 1000
            log.put(room, Row(seq, seq, ts, f"g-{seq % 50}", f"Guest {seq % 50}", f"bench-{seq:08d}", f"{_TEXT}{seq}"))
    batches.flush()
    local.close()
    return messages / (time.perf_counter() - begin)


def _room(number: int) -> str:
    return "general" if number == 0 else f"room-{number}"


def _ports(dynamodb: Any) -> Ports:
    """Only the tables are used: nobody is posted to."""
    environment = {"CONNECTIONS_TABLE": _TABLES[0], "MESSAGES_TABLE": _TABLES[1]}

    def no_secret() -> bytes:
        raise RuntimeError("filling a store needs no token")

    postman: Any = None
    return Ports(from_environment(environment), dynamodb, postman, no_secret, lambda record: None)


@contextlib.contextmanager
def filled(messages: int) -> Iterator[tuple[Path, float | None]]:
    """A filled data folder and how fast it was filled (None: it was kept from an earlier run)."""
    kept = os.environ.get("PINGBOX_MILLION")
    folder = Path(kept) / f"{messages}" if kept else Path(tempfile.mkdtemp(prefix="pingbox-million-"))
    done = folder / "filled"
    try:
        if done.exists():
            yield folder, None
            return
        rate = fill(folder, messages, ROOMS)
        done.touch()
        yield folder, rate
    finally:
        if not kept:
            shutil.rmtree(folder)


# --- measuring


class _Asker:
    """A page that asks and waits for the answer of one type."""

    def __init__(self) -> None:
        self._wanted = ""
        self._heard: asyncio.Future[dict[str, Any]] | None = None
        self.client: LightClient

    @classmethod
    async def come_in(cls, server: Server) -> _Asker:
        asker = cls()
        asker.client = await connect(server.port, server.path, asker._on_text, _HELLO_HEADERS)
        return asker

    def _on_text(self, text: bytes) -> None:
        event = json.loads(text)
        if event["type"] == "error":
            raise RuntimeError(f"the server refused: {event}")
        if event["type"] == self._wanted and self._heard is not None and not self._heard.done():
            self._heard.set_result(event)

    async def ask(self, frame: dict[str, Any], answer: str) -> dict[str, Any]:
        self._wanted, self._heard = answer, asyncio.get_running_loop().create_future()
        self.client.send(masked(json.dumps(frame).encode()))
        return await asyncio.wait_for(self._heard, 20)


async def _median_ms(times: int, action: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        await action()
        took.append(time.perf_counter() - begin)
    return statistics.median(took) * 1000


async def _reading(server: Server, head: int, times: int) -> dict[str, float]:
    """Median ms of coming in, and of pages at random places of random rooms. `head`: messages in each room."""
    chance = random.Random(0)

    async def come_in() -> None:
        page = await _Asker.come_in(server)
        await page.ask({"action": "hello", "name": "Ana", "rooms": [{"room": chance_room()}]}, "ready")
        page.client.transport.close()

    def chance_room() -> str:
        return _room(chance.randrange(ROOMS)) if head else "general"

    reader = await _Asker.come_in(server)
    await reader.ask({"action": "hello", "name": "Bo", "rooms": [{"room": "general"}]}, "ready")

    async def history() -> None:
        before = {"before": chance.randrange(60, head)} if head else {}
        page = await reader.ask({"action": "history", "room": chance_room(), **before}, "history")
        assert not head or len(page["events"]) == 50, f"a page of {len(page['events'])}"

    async def sync() -> None:
        after = chance.randrange(head - 60) if head else 0
        page = await reader.ask({"action": "sync", "room": chance_room(), "after": after}, "sync")
        assert not head or page["from"] == after + 1

    answer = {
        "connect and hello to ready": await _median_ms(times, come_in),
        "history page of 50 at a random place": await _median_ms(times, history),
        "sync page (200 rows) at a random place": await _median_ms(times, sync),
    }
    reader.client.transport.close()
    return answer


def _starts(times: int, *options: str) -> float:
    """Median seconds from the start of the process to its answering."""
    started = []
    for _ in range(times):
        with pingbox(*options) as server:
            started.append(server.started)
    return statistics.median(started)


def run(quick: bool = False) -> list[Figure]:
    """Fill a store if need be, and measure it beside an empty one, in turns."""
    messages, times, seconds = (20_000, 10, 0.5) if quick else (MESSAGES, 100, 3.0)
    with filled(messages) as (folder, rate), tempfile.TemporaryDirectory() as nothing, one_core():
        full_dir, empty_dir = ("--data-dir", str(folder)), ("--data-dir", nothing)
        figures = [] if rate is None else [Figure("filled with BatchWriteItem", "items/s", rate)]
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        figures.append(Figure(f"{messages:,} messages in {ROOMS} rooms, on disk", "MB", size))
        aim = "< 2 s"
        figures.append(Figure("start to ready", "s", _starts(3, *full_dir), _starts(3, *empty_dir), aim))
        with pingbox(*full_dir) as full, pingbox(*empty_dir) as empty:
            figures += _compare(full, empty, messages // ROOMS, times, seconds)
    return figures


def _compare(full: Server, empty: Server, head: int, times: int, seconds: float) -> list[Figure]:
    idle = Figure("memory after the start", "MB", full.memory() / 1e6, empty.memory() / 1e6, "< 200 MB")
    # The empty one goes first: from then on it has some hundred messages, which is empty enough for a ratio.
    reading = {what: ms for what, ms in asyncio.run(_reading(empty, 0, times)).items() if "ready" in what}
    full_reading = asyncio.run(_reading(full, head, times))
    echoes: dict[str, list[tuple[float, float, float]]] = {"full": [], "empty": []}
    for _ in range(3):  # in turns, so that a moment's load on the machine falls on both
        echoes["empty"].append(asyncio.run(echo(empty, seconds)))
        echoes["full"].append(asyncio.run(echo(full, seconds)))
    figures = [idle]
    for place, what in ((1, "own message back, p50"), (2, "own message back, p99")):
        one, other = (statistics.median(run[place] for run in echoes[which]) for which in ("full", "empty"))
        figures.append(Figure(what, "ms", one, other, "ratio ≤ 1.5" if place == 1 else ""))
    figures += [Figure(what, "ms", ms, reading.get(what)) for what, ms in full_reading.items()]
    figures.append(Figure("memory at the end", "MB", full.memory() / 1e6, empty.memory() / 1e6, "< 200 MB"))
    return figures


def table(rows: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| | unit | full | empty | ratio | aim |", "|--|--|--:|--:|--:|--|"]
    for row in rows:
        empty = "" if row.empty is None else f"{row.empty:,.2f}"
        ratio = "" if not row.empty else f"{row.full / row.empty:.2f}"
        lines.append(f"| {row.what} | {row.unit} | {row.full:,.2f} | {empty} | {ratio} | {row.aim} |")
    return "\n".join(lines)
