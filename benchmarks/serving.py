"""Servers as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Server:
    """A running server. `started` is how many seconds it took from the start of the process to its ready file."""

    port: int
    path: str
    pid: int
    started: float
    ready: dict[str, object]

    def cpu(self) -> float:
        """Seconds of CPU that the server itself has used, its children not counted (Linux; 0 elsewhere)."""
        return cpu(self.pid)

    def memory(self) -> int:
        """Resident memory in bytes (Linux; 0 elsewhere)."""
        return memory(self.pid)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used (Linux; 0 elsewhere, and once it has ended)."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory(pid: int) -> int:
    """A process's resident memory in bytes (Linux; 0 elsewhere, and once it has ended)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def processes(pid: int) -> dict[int, int]:
    """A process and all below it, with the memory of each in bytes (Linux; empty elsewhere)."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {one: memory(one) for one in found}


@contextlib.contextmanager
def running(*command: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """Run `command`, in which `READY_FILE` stands for the file it writes when it answers; end it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        ready_file = Path(folder) / "ready.json"
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(ready_file) if part == "READY_FILE" else part for part in command],
            stdout=subprocess.DEVNULL,
            env=os.environ | (env or {}),
        )
        try:
            while not ready_file.exists() or not ready_file.read_text():
                if process.poll() is not None:
                    raise RuntimeError(f"{command} ended with {process.returncode} before it was ready")
                time.sleep(0.002)
            yield _server(process.pid, time.perf_counter() - begin, json.loads(ready_file.read_text()))
        finally:
            process.terminate()
            process.wait(10)


def _server(pid: int, started: float, ready: dict[str, object]) -> Server:
    if "websocket" in ready:
        address = urlsplit(str(ready["websocket"]))
        assert address.port is not None
        return Server(address.port, address.path, pid, started, ready)
    port = ready["port"]
    assert isinstance(port, int)
    return Server(port, str(ready["path"]), pid, started, ready)


@contextlib.contextmanager
def pingbox(*options: str) -> Iterator[Server]:
    """`pingbox serve`, durable, on a data folder of its own, with the chat's rate limit lifted."""
    with tempfile.TemporaryDirectory() as data_dir:
        command = [sys.executable, "-m", "pingbox", "serve", "--port", "0", "--ready-file", "READY_FILE"]
        where = () if "--ephemeral" in options or "--data-dir" in options else ("--data-dir", data_dir)
        with running(*command, "--rate", "0", *where, *options) as server:
            yield server


@contextlib.contextmanager
def app(folder: Path, *options: str) -> Iterator[Server]:
    """`pingbox serve` of an app, durable, on a data folder of its own."""
    with tempfile.TemporaryDirectory() as data_dir:
        command = [sys.executable, "-m", "pingbox", "serve", str(folder), "--port", "0", "--ready-file", "READY_FILE"]
        with running(*command, "--data-dir", data_dir, *options) as server:
            yield server


@contextlib.contextmanager
def reference() -> Iterator[Server]:
    """The raw `websockets` server."""
    with running(sys.executable, "-m", "benchmarks.reference_server", "READY_FILE") as server:
        yield server
