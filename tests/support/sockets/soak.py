"""The emulator under a rough crowd for a while: what grows, what gets stuck, who is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from pingbox.testing import Clients
from support import proc_files
from support.sockets.rough_crowd import Crowd, Times
from support.waiting import until

APP = Path(__file__).parents[3] / "benchmarks" / "soak_app" / "template.yaml"
MARKER = "SOAK_MARKER"
_GONE_WITHIN = 10.0  # seconds in which sockets and processes must be gone


@dataclass(frozen=True)
class Soak:
    """`members` at once for `seconds`; `environments` slow events at once every quarter."""

    members: int
    seconds: float
    times: Times
    environments: int = 50
    seed: int = 0


@dataclass(frozen=True)
class Sample:
    """`at` seconds after the beginning; `memory` of the server in bytes; `processes` are its descendants."""

    at: float
    memory: int
    processes: int
    files: int
    open: int


@dataclass
class Verdict:
    """What was seen. `stuck`: connections that the gateway still knows after their end; `sockets`: that it holds."""

    soak: Soak
    lives: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    samples: list[Sample] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    sockets: int = 0
    orphans: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def quarter(self, number: int, what: Callable[[Sample], float]) -> float:
        """The median of `what` in a quarter (1 to 4) of the crowd's time."""
        begin, end = (number - 1) * self.soak.seconds / 4, number * self.soak.seconds / 4
        return statistics.median(what(sample) for sample in self.samples if begin <= sample.at < end)


class Server:
    """`pingbox serve` of the soak app, whose processes all carry a marker, with a TMPDIR of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, management: str, marker: str, tmp: Path) -> None:
        self.process = process
        self.url = url
        self.management = management
        self.marker = marker
        self.tmp = tmp
        self.port = urlsplit(url).port or 0

    def descendants(self) -> dict[int, str]:
        """Every process that came of it: workers, their children, the reaper."""
        return {pid: line for pid, line in proc_files.carrying(MARKER, self.marker).items() if pid != self.process.pid}

    async def end(self, number: int) -> list[str]:
        """Send the signal; what runs or lies around although it should be gone."""
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), _GONE_WITHIN)
        left = [] if code == (0 if number == signal.SIGINT else -number) else [f"exit code {code}"]
        left += await _gone(lambda: [f"pid {pid}: {line}" for pid, line in self.descendants().items()])
        return left + await _gone(lambda: [f"file {path}" for path in self.tmp.glob("pingbox-functions-*")])


async def _gone(look: Callable[[], list[str]]) -> list[str]:
    """What `look` still finds when all should be gone."""
    with contextlib.suppress(AssertionError):  # what is left says more
        await until(lambda: not look(), "everything to be gone", within=_GONE_WITHIN)
    return look()


@asynccontextmanager
async def soak_server(folder: Path, times: Times) -> AsyncIterator[Server]:
    """A server for the soak app; nothing of it is left afterwards, whatever it did."""
    marker, ready, tmp = uuid.uuid4().hex, folder / "ready.json", folder / "tmp"
    tmp.mkdir(exist_ok=True)
    ready.unlink(missing_ok=True)
    switches = ["--switch", f"idle_timeout={times.idle}", "--switch", f"connection_duration={times.duration}"]
    options = ["--port", "0", "--ephemeral", "--ready-file", str(ready), "--parameter", f"Marker={marker}", *switches]
    with (folder / "output.txt").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pingbox", "serve", str(APP), *options),
            stdout=output,
            stderr=output,
            env=os.environ | {MARKER: marker, "TMPDIR": str(tmp)},
        )
    try:
        await until(lambda: ready.exists() or process.returncode is not None, "serve to be ready", within=60)
        assert process.returncode is None, (folder / "output.txt").read_text()[-2000:]
        addresses = json.loads(ready.read_text())
        yield Server(process, addresses["websocket"], addresses["management"], marker, tmp)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for pid in proc_files.carrying(MARKER, marker):
            os.kill(pid, signal.SIGKILL)


async def run_soak(soak: Soak, folder: Path) -> Verdict:
    """Let the crowd in and out, look for what is left; then Ctrl-C, then the same end by `kill -9` in full swing."""
    verdict = Verdict(soak)
    async with soak_server(folder, soak.times) as server, Clients(server.url) as ws:
        crowd = Crowd(ws, server.url, soak.times, soak.seed)
        await _with_the_crowd(soak, server, crowd, verdict)
        verdict.lives, verdict.connections, verdict.faults = crowd.lives, len(crowd.ended), crowd.faults
        await _look_for_the_stuck(server, crowd, verdict)
        await _with_a_stray(server, crowd)
        verdict.orphans += [f"after Ctrl-C: {left}" for left in await server.end(signal.SIGINT)]
    async with soak_server(folder, soak.times) as server, Clients(server.url) as ws:
        crowd = Crowd(ws, server.url, soak.times, soak.seed + 1)
        verdict.orphans += [f"after kill -9: {left}" for left in await _killed_in_full_swing(server, soak, crowd)]
    output = (folder / "output.txt").read_text(errors="replace")
    verdict.faults += re.findall(r"^(?:ERROR|CRITICAL): .*(?:\n.+){0,20}", output, re.MULTILINE)
    return verdict


async def _with_the_crowd(soak: Soak, server: Server, crowd: Crowd, verdict: Verdict) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    sampling = loop.create_task(_sample(server, crowd, verdict.samples, begin))
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.live(soak.members, begin + soak.seconds))
        for quarter in range(4):
            group.create_task(_later(begin + (quarter + 0.1) * soak.seconds / 4, crowd.burst(soak.environments, 0.5)))
    sampling.cancel()


async def _later(when: float, work: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(when - asyncio.get_running_loop().time())
    await work


async def _sample(server: Server, crowd: Crowd, samples: list[Sample], begin: float) -> None:
    loop, pid = asyncio.get_running_loop(), server.process.pid
    while True:
        processes = len(await asyncio.to_thread(server.descendants))
        memory, files = proc_files.memory(pid), proc_files.open_files(pid)
        samples.append(Sample(loop.time() - begin, memory, processes, files, crowd.open))
        await asyncio.sleep(0.25)


async def _look_for_the_stuck(server: Server, crowd: Crowd, verdict: Verdict) -> None:
    """Every connection that ended must be unknown to the gateway, and its socket closed."""
    workers = server.descendants()

    def held() -> list[str]:
        return ["a socket"] * proc_files.connections_of(server.port, but=workers)

    verdict.sockets = len(await _gone(held))
    async with aiohttp.ClientSession() as session:
        for one in crowd.ended:
            async with session.get(f"{server.management}/{quote(one, safe='')}") as answer:
                if answer.status != 410:
                    verdict.stuck.append(f"{one}: {answer.status}")


async def _with_a_stray(server: Server, crowd: Crowd) -> None:
    """See to it that a process is there which left its worker's session, and which only a search can find."""
    await crowd.leave_a_child_behind()
    await until(lambda: "sleep 3600 " in server.descendants().values(), "a stray process", within=30)


async def _killed_in_full_swing(server: Server, soak: Soak, crowd: Crowd) -> list[str]:
    """Kill the server while environments work, hang and have children."""
    work = [asyncio.create_task(crowd.burst(min(soak.environments, 10), 60))]
    loop = asyncio.get_running_loop()
    work.append(loop.create_task(crowd.live(min(soak.members, 50), loop.time() + 60)))
    try:
        await until(lambda: len(crowd.ended) >= min(soak.members, 30), "a crowd to kill", within=60)
        await _with_a_stray(server, crowd)
        return await server.end(signal.SIGKILL)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)  # their server died: what they say of it does not matter
