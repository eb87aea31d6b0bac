"""The wheel beside libraries that fake the time, and under a debugger: nothing hangs, and no limit passes in it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FAKED = """
import time
import pytest
import {library}

DAY = 86400


def app(event, context):
    return {{"statusCode": 200, "body": str(time.time())}}


@pytest.fixture(scope="session")
def pingbox_app():
    return {{"$default": app}}


@pytest.fixture(scope="session")
def pingbox_options():
    return {{"two_way": ["$default"], "timeout": 1.0}}


def test_a_wait_in_vain_ends(pingbox, ws):
    with {frozen}:
        ana = ws.connect()
        with pytest.raises(AssertionError, match="none came"):
            ana.receive()


async def test_a_wait_in_vain_ends_in_async_tests_too(pingbox, ws):
    ana = await ws.connect()
    with {frozen}:
        with pytest.raises(AssertionError, match="none came"):
            await ana.receive()


def test_one_time_for_handlers_and_emulator(pingbox, ws):
    with {frozen} as faked:
        pingbox.clock.bind(faked)
        assert abs(pingbox.clock.now() - time.time()) < 5
        ana = ws.connect()
        ana.send("when")
        before = float(ana.receive())
        pingbox.clock.advance(minutes=5)
        ana.send("when")
        assert 300 <= float(ana.receive()) - before < 310
        assert abs(pingbox.clock.now() - time.time()) < 5
        pingbox.clock.advance(minutes=11)
        ana.closed_with(1001)
"""


@pytest.mark.parametrize(
    ("library", "frozen"),
    [
        ("freezegun", 'freezegun.freeze_time("2030-01-01")'),
        ("freezegun", 'freezegun.freeze_time("2030-01-01", tick=True)'),
        ("time_machine", "time_machine.travel(1893456000)"),
        ("time_machine", "time_machine.travel(1893456000, tick=False)"),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_beside_a_library_that_fakes_the_time(run_pytest, project, library, frozen, workers):
    (project / "tests" / "test_faked.py").write_text(FAKED.format(library=library, frozen=frozen))
    done = run_pytest("-q", "--asyncio-mode=auto", "tests/test_faked.py", *workers)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


DEBUGGED = """
import pytest


def app(event, context):
    here = 1
    return {"statusCode": 200, "body": "done"}


@pytest.fixture(scope="session")
def pingbox_app():
    return {"$default": app}


@pytest.fixture(scope="session")
def pingbox_options():
    return {"two_way": ["$default"], "timeout": 2.0}


def test_a_breakpoint_in_the_handler(ws):
    ana = ws.connect()
    ana.send("x")
    ana.expect("done")
"""
LINE_IN_THE_HANDLER = 6


def test_no_limit_passes_while_somebody_stands_at_a_breakpoint_of_an_editor(clean_python: Path, project: Path):
    """As VS Code does it: debugpy, driven over its protocol. The test would wait two seconds."""
    file = project / "tests" / "test_debugged.py"
    file.write_text(DEBUGGED)
    printed = project / "printed.txt"
    with _debugged(clean_python, project, printed, str(file)) as (process, client):
        client.attach({str(file): [LINE_IN_THE_HANDLER]})
        stopped = client.event("stopped")
        _pass_time(5.0)
        client.ask("continue", threadId=stopped["threadId"])
        client.event("terminated")
        client.send("disconnect")
        process.wait(timeout=60)
    assert "1 passed" in printed.read_text(), printed.read_text()


def _pass_time(seconds: float) -> None:
    """What is tested is that seconds pass: longer than any limit of the debugged test."""
    time.sleep(seconds)


@contextlib.contextmanager
def _debugged(
    python: Path, folder: Path, printed: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], _Dap]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    command = [str(python), "-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{port}"]
    command += ["--wait-for-client", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    # A file, not a pipe: debugpy's adapter outlives the process, and would keep a pipe open.
    with printed.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output, text=True)
    try:
        with contextlib.closing(_Dap(port)) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


class _Dap:
    """A small client of the Debug Adapter Protocol: requests, and the events that came."""

    def __init__(self, port: int) -> None:
        self._socket = _connected(port)
        self._stream = self._socket.makefile("rb")
        self._numbers = iter(range(1, 1000))
        self._messages: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the debugger may have hung up before
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._stream.close()
        self._socket.close()

    def attach(self, breakpoints: dict[str, list[int]]) -> None:
        self.ask("initialize", adapterID="test", pathFormat="path")
        attached = self.send("attach", justMyCode=True)
        self.event("initialized")
        for path, lines in breakpoints.items():
            self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line} for line in lines])
        self.ask("configurationDone")
        self._wait(lambda message: message.get("request_seq") == attached)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        number = self.send(command, **arguments)
        return self._wait(lambda message: message.get("request_seq") == number)

    def event(self, name: str) -> dict[str, Any]:
        return dict(self._wait(lambda message: message.get("event") == name)["body"] or {})

    def send(self, command: str, **arguments: Any) -> int:
        number = next(self._numbers)
        body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return number

    def _wait(self, wanted: Any, within: float = 60.0) -> dict[str, Any]:
        with self._news:
            found = self._news.wait_for(lambda: next(filter(wanted, self._messages), None), timeout=within)
        assert found is not None, f"the debugger did not say it; it said {self._messages}"
        return found

    def _next_line(self) -> bytes:
        try:
            return self._stream.readline()
        except OSError:  # hung up
            return b""

    def _read(self) -> None:
        while line := self._next_line():
            length = int(line.partition(b":")[2])
            self._stream.readline()
            message = json.loads(self._stream.read(length))
            with self._news:
                self._messages.append(message | {"body": message.get("body") or {}})
                self._news.notify_all()


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "debugpy does not listen"
            time.sleep(0.1)
