"""`pingbox serve` as a person starts it: a process of its own, ended by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.waiting import until_sync

_WITHOUT_UVLOOP = {"PYTHONPATH": str(Path(__file__).with_name("without_uvloop"))}


@dataclass
class Serving:
    """A running serve. `websocket`, `page`, ... are in `addresses`; `output` is what it printed, whole after `stop`."""

    process: subprocess.Popen[str]
    addresses: dict[str, str]
    output: str = ""

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send the signal, wait for the end, return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.output += self.process.communicate(timeout=10)[0]
        return self.process.returncode


def pingbox(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a `pingbox` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pingbox", *arguments], capture_output=True, text=True, timeout=60, **options
    )


@contextmanager
def serving(folder: Path, *arguments: str, env: dict[str, str] | None = None, fast: bool = False) -> Iterator[Serving]:
    """`pingbox serve --port 0` with a ready file in `folder`, once it answers; `fast`: as with `pingbox[fast]`."""
    ready_file = folder / "ready.json"
    ready_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "pingbox", "serve", "--port", "0", "--ready-file", str(ready_file), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | ({} if fast else _WITHOUT_UVLOOP) | (env or {}),
    )
    try:
        until_sync(lambda: ready_file.exists() or process.poll() is not None, "serve to be ready", within=30)
        if process.poll() is not None:
            raise AssertionError(f"serve ended with {process.returncode}:\n{process.communicate()[0]}")
        served = Serving(process, json.loads(ready_file.read_text()))
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None and not process.stdout.closed:
            process.communicate()
