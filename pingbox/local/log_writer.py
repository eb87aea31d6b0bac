"""Writes the live log beside the event loop, so that whoever reads it slowly, or not at all, does not stop the chat.

A program that starts `pingbox serve` with a pipe and never reads it would otherwise hang it after 64 KB of log.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TextIO

import click

MOST_WAITING = 10_000  # lines; what comes beyond them is counted and left out
_GATHER = 0.02  # seconds in which lines are gathered for one write
_END = None


class LogWriter:
    """Takes lines from any thread. Order of calls: `write` any number of times, then `close`."""

    def __init__(self, put: Callable[[str], None], *, most_waiting: int = MOST_WAITING) -> None:
        """`put` writes text and may block; it is only called on the writer's own thread."""
        self._put = put
        self._most = most_waiting
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._left_out = 0
        self._closed_by_reader = False
        self._lock = threading.Lock()
        # A daemon: a reader that never reads again must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="pingbox-log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Have `line` written soon. Never blocks; lines beyond `most_waiting` are left out, and their number told."""
        if self._lines.qsize() < self._most:
            self._lines.put(line)
        else:
            with self._lock:
                self._left_out += 1

    def close(self, within: float = 0.5) -> None:
        """Write what waits, and return after `within` seconds at the latest."""
        self._lines.put(_END)
        self._thread.join(within)

    def _run(self) -> None:
        ended = False
        while not ended:
            gathered = [self._lines.get()]
            if gathered[0] is not _END:
                time.sleep(_GATHER)
            try:
                while True:
                    gathered.append(self._lines.get_nowait())
            except Empty:
                pass
            ended = _END in gathered
            lines = [line for line in gathered if line is not _END]
            if left_out := self._taken():
                lines.append(f"({left_out} lines left out: this log was not read fast enough)")
            if lines and not self._closed_by_reader:
                self._write("\n".join(lines) + "\n")

    def _write(self, text: str) -> None:
        try:
            self._put(text)
        except BrokenPipeError:  # `pingbox serve | head`: the chat goes on without a log
            self._closed_by_reader = True

    def _taken(self) -> int:
        with self._lock:
            left_out, self._left_out = self._left_out, 0
        return left_out


def to_stream(stream: TextIO) -> Callable[[str], None]:
    """Write to `stream` past its buffer, whose lock a blocked write would hold when the interpreter ends."""
    if os.name == "nt" and stream.isatty():
        return lambda text: click.echo(text, file=stream, nl=False)  # which translates colours there
    try:
        number = stream.fileno()
    except OSError:  # a stream without a file: a test runner's
        return lambda text: _written(stream, text)
    return lambda text: _write_all(number, text.encode(stream.encoding or "utf-8", "backslashreplace"))


def _written(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]
