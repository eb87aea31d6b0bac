"""Writes the live log beside the event loop, so that whoever reads it slowly, or not at all, does not stop the chat.

A program that starts `pingbox serve` with a pipe and never reads it would otherwise hang it after 64 KB of log. Nor
does a log that cannot be written at all, to a full disk for instance, end anything but itself.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TextIO

import click

MAX_WAITING = 10_000  # lines; what comes beyond them is counted and left out
_GATHER = 0.02  # seconds in which lines are gathered for one write
_END = None


def text_note(lines: int, why: str) -> str:
    """What a person finds in place of lines that were left out."""
    return f"({lines} lines left out: {why})"


def _say(words: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # it may be the very file that is full, or be closed
        click.echo(words, err=True)


class LogWriter:
    """Takes lines from any thread. Order of calls: `write` any number of times, then `close`."""

    def __init__(
        self,
        put: Callable[[str], None],
        *,
        most_waiting: int = MAX_WAITING,
        note: Callable[[int, str], str] = text_note,
        say: Callable[[str], None] = _say,
    ) -> None:
        """`put` writes text and may block; it is only called on the writer's own thread.

        `note` words what stands in place of lines that were left out. `say` is told once, should `put` fail; unless
        given, it is told on stderr.
        """
        self._put = put
        self._most = most_waiting
        self._note = note
        self._say = say
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._unread = 0
        self._unwritten = 0
        self._why = ""
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
                self._unread += 1

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
            unread = self._taken()
            if (lines or unread) and not self._closed_by_reader:
                self._write(lines, unread)

    def _write(self, lines: list[str], unread: int) -> None:
        # What was written before it failed may have ended in the middle of a line.
        before = ["", self._note(self._unwritten, self._why)] if self._unwritten else []
        after = [self._note(unread, "this log was not read fast enough")] if unread else []
        try:
            self._put("\n".join([*before, *lines, *after, ""]))
        except BrokenPipeError:  # `pingbox serve | head`: the chat goes on without a log
            self._closed_by_reader = True
        except (OSError, ValueError) as error:  # ValueError: the stream was closed, or cannot hold a character
            self._failed(len(lines) + unread, str(error))
        else:
            self._unwritten = 0

    def _failed(self, lines: int, why: str) -> None:
        """It is tried again with the next lines: a disk may be cleared."""
        if not self._why:
            self._say(f"the log cannot be written: {why}; what runs goes on, and lines that are lost are counted")
        self._why = why
        self._unwritten += lines

    def _taken(self) -> int:
        with self._lock:
            unread, self._unread = self._unread, 0
        return unread


def to_stream(stream: TextIO) -> Callable[[str], None]:
    """Write to `stream` past its buffer, whose lock a blocked write would hold when the interpreter ends."""
    if os.name == "nt" and stream.isatty():
        return lambda text: click.echo(text, file=stream, nl=False)  # which translates colours there
    try:
        number = stream.fileno()
    except OSError:  # a stream without a file: a test runner's
        return lambda text: _written(stream, text)
    return lambda text: write_all(number, text.encode(stream.encoding or "utf-8", "backslashreplace"))


def _written(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def write_all(number: int, data: bytes) -> None:
    """Write to a file descriptor, however many pieces that takes. Raises `OSError`."""
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            _wait_until_writable(number)


def _wait_until_writable(number: int) -> None:
    """A terminal or pipe may be non-blocking because a program that shares it, Node.js for instance, made it so."""
    with selectors.DefaultSelector() as selector:
        selector.register(number, selectors.EVENT_WRITE)
        selector.select()
