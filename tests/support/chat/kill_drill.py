"""The whole chat under `kill -9`: talkers talk, the server dies at random moments, and the log is read three ways."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pingbox.testing import Clients, WebSocket
from support.chat.log_verdict import Row, faults
from support.chat.model_client import ROOM
from support.chat.talkers import Talker
from support.waiting import until

_START_LIMIT = 30.0  # seconds until a server answers
_WHOLE_LIMIT = 600.0


@dataclass(frozen=True)
class Drill:
    """What is done: `messages` in all, by `talkers` people in one room, and `kills`, one in five of them doubled by
    another during the start that follows. Which moments, `seed` decides.
    """

    messages: int
    kills: int
    talkers: int = 8
    durability: str = "normal"
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """How it went. `faults` is empty if nothing acknowledged was lost or doubled; `restarts` in seconds to ready."""

    acknowledged: int
    resent: int
    found_stored: int
    refused: int
    kills: int
    kills_at_start: int
    restarts: tuple[float, ...]
    seconds: float
    faults: tuple[str, ...]


class KillableServer:
    """`pingbox serve` on one data folder, life after life."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.data_dir = folder / "data"
        self.output = folder / "output.txt"
        self.restarts: list[float] = []
        self.life = 0
        self._ready_file = folder / "ready.json"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    def begin(self) -> None:
        """Start the process; it does not answer yet."""
        self._ready_file.unlink(missing_ok=True)
        files = ["--ready-file", str(self._ready_file), "--data-dir", str(self.data_dir)]
        command = [sys.executable, "-m", "pingbox", "serve", "--port", "0", "--rate", "0", *files, *self._options]
        self._begun = time.perf_counter()
        with self.output.open("ab") as output:
            env = os.environ | {"PYTHONUNBUFFERED": "1"}
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)

    async def ready(self) -> None:
        """Wait until it answers."""
        assert self._process is not None
        process = self._process
        await until(
            lambda: self._ready_file.exists() or process.poll() is not None, "serve to be ready", within=_START_LIMIT
        )
        assert process.poll() is None, f"serve ended with {process.returncode}: {self.output.read_text()[-2000:]}"
        self.restarts.append(time.perf_counter() - self._begun)
        self._url = json.loads(self._ready_file.read_text())["websocket"]
        self.life += 1

    def kill(self) -> None:
        """`kill -9`, and collect what is left. Harmless when it is dead already."""
        self._url = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def stop(self) -> None:
        """End it as Ctrl-C does; it must say so with exit code 0."""
        assert self._process is not None
        self._url = None
        self._process.terminate()
        code = await asyncio.to_thread(self._process.wait, 10)
        assert code == 0, f"serve ended with {code}: {self.output.read_text()[-2000:]}"

    async def answering(self, after: int) -> tuple[int, str]:
        """As `Lives` has it."""
        await until(lambda: self._url is not None and self.life > after, "the next life", within=2 * _START_LIMIT)
        assert self._url is not None
        return self.life, self._url

    def over(self, life: int) -> bool:
        """As `Lives` has it."""
        return self._url is None or self.life > life


async def run_drill(drill: Drill, folder: Path) -> Outcome:
    """Carry out `drill` with its files in `folder`. Leaves no process behind, whatever happens."""
    begin = time.perf_counter()
    server = KillableServer(folder, "--durability", drill.durability)
    share, more = divmod(drill.messages, drill.talkers)
    talkers = [Talker(f"talker{i}", share + (i < more)) for i in range(drill.talkers)]
    try:
        async with asyncio.timeout(_WHOLE_LIMIT), asyncio.TaskGroup() as group:
            killing = group.create_task(_kill_at_random_moments(drill, server, talkers))
            for talker in talkers:
                group.create_task(talker.talk(server))
        _, url = await server.answering(0)
        read = {"sync": await read_by_sync(url), "history": await read_by_history(url)}
        await server.stop()
    finally:
        server.kill()
    read["the store"] = read_store(server.data_dir)
    return Outcome(
        acknowledged=sum(len(talker.acknowledged) for talker in talkers),
        resent=sum(talker.resent for talker in talkers),
        found_stored=sum(talker.found_stored for talker in talkers),
        refused=sum(talker.refused for talker in talkers),
        kills=drill.kills,
        kills_at_start=killing.result(),
        restarts=tuple(server.restarts),
        seconds=time.perf_counter() - begin,
        faults=tuple(_judge(talkers, read, server.output.read_text())),
    )


async def _kill_at_random_moments(drill: Drill, server: KillableServer, talkers: list[Talker]) -> int:
    """Begin the first life and end it, and the next ones, `drill.kills` times; how many died before they answered."""
    chance = random.Random(drill.seed)
    at_start = 0
    server.begin()
    await server.ready()
    for mark in sorted(chance.sample(range(1, drill.messages), drill.kills)):
        await until(lambda mark=mark: _count(talkers) >= mark, f"{mark} acknowledgements", within=120)
        await asyncio.sleep(chance.uniform(0, 0.01))  # the moment is random, not the acknowledgement's own
        server.kill()
        server.begin()
        if chance.random() < 0.2:
            await asyncio.sleep(chance.uniform(0, 0.8))
            server.kill()
            server.begin()
            at_start += 1
        await server.ready()
    return at_start


def _count(talkers: list[Talker]) -> int:
    return sum(len(talker.acknowledged) for talker in talkers)


def _judge(talkers: list[Talker], read: dict[str, list[Row]], output: str) -> list[str]:
    acknowledged = {cid: seq for talker in talkers for cid, seq in talker.acknowledged.items()}
    texts = {cid: text for talker in talkers for cid, text in talker.texts.items()}
    found = [
        f"read through {way}: {fault}" for way, rows in read.items() for fault in faults(rows, acknowledged, texts)
    ]
    if "Traceback" in output:
        found.append(f"the server told of an error: {output[output.index('Traceback') :][:2000]}")
    return found


# --- reading the log, three ways


async def read_by_sync(url: str) -> list[Row]:
    """The whole log, forward."""
    rows: list[Row] = []
    async with Clients(url, timeout=10) as ws:
        socket = await ws.connect()
        more, after = True, 0
        while more:
            page = await _asked(socket, {"action": "sync", "room": ROOM, "after": after}, "sync")
            assert not page["reset"]
            assert page["from"] == after + 1, f"a page from {page['from']} after {after}"
            rows += page["events"]
            more, after = page["more"], page["to"]
    return rows


async def read_by_history(url: str) -> list[Row]:
    """The whole log, backward, as the page scrolls."""
    rows: list[Row] = []
    async with Clients(url, timeout=10) as ws:
        socket = await ws.connect()
        more: bool = True
        while more:
            before = {"before": rows[0]["seq"]} if rows else {}
            page = await _asked(socket, {"action": "history", "room": ROOM, **before}, "history")
            rows = page["events"] + rows
            more = page["more"]
    return rows


async def _asked(socket: WebSocket, frame: dict[str, Any], answer: str) -> dict[str, Any]:
    """The answer to `frame`; the last messages may still be on their way to everybody, and come before it."""
    await socket.send_json(frame | {"id": "asked"})
    while (heard := await socket.receive_json()).get("id") != "asked":
        assert heard["type"] == "message", heard
    assert heard["type"] == answer, heard
    return cast("dict[str, Any]", heard)


def read_store(data_dir: Path) -> list[Row]:
    """The whole log, straight from the folder; no server may have it open."""
    from pingbox.emulator.clock import SystemClock
    from pingbox.emulator.services.dynamodb import LocalDynamoDB
    from pingbox.handlers.storage.attributes import from_item

    local = LocalDynamoDB.open(data_dir, clock=SystemClock())
    query: dict[str, Any] = {
        "TableName": "Messages",
        "KeyConditionExpression": "roomId = :room AND seq >= :first",
        "ExpressionAttributeValues": {":room": {"S": ROOM}, ":first": {"N": "1"}},
    }
    rows: list[Row] = []
    try:
        while True:
            answer = local.call("Query", query)
            assert answer.status == 200, answer.body
            rows += [from_item(item) for item in answer.body["Items"]]
            if "LastEvaluatedKey" not in answer.body:
                return rows
            query["ExclusiveStartKey"] = answer.body["LastEvaluatedKey"]
    finally:
        local.close()
