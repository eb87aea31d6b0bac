"""The live log never holds the chat up: not by a reader that is slow, has gone, or never was."""

from __future__ import annotations

import errno
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pingbox.local.log.log_writer import LogWriter, to_stream
from support.waiting import until_sync


class Reader:
    """What was written to it. While `gate` is closed it takes nothing."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.text = ""

    def __call__(self, text: str) -> None:
        self.gate.wait(10)
        self.text += text


def test_lines_come_in_order_and_all_of_them_before_the_end():
    reader = Reader()
    reader.gate.set()
    writer = LogWriter(reader)
    for number in range(1000):
        writer.write(str(number))
    writer.close(within=5)
    assert reader.text.splitlines() == [str(number) for number in range(1000)]


def test_who_writes_never_waits_and_what_was_left_out_is_told():
    reader = Reader()
    writer = LogWriter(reader, most_waiting=10)
    writer.write("first")
    until_sync(lambda: writer._lines.empty(), "the writer to be held up")
    for number in range(25):
        writer.write(str(number))
    reader.gate.set()
    writer.close(within=5)
    *kept, told = reader.text.splitlines()
    assert kept == ["first", *map(str, range(10))]
    assert told == "(15 lines left out: this log was not read fast enough)"


def test_a_reader_that_never_reads_does_not_keep_us_from_ending():
    reader = Reader()
    writer = LogWriter(reader)
    writer.write("never read")
    writer.close(within=0.1)
    assert reader.text == ""
    reader.gate.set()
    until_sync(lambda: reader.text, "the thread to end")


def test_a_reader_that_left_is_no_error(recwarn: pytest.WarningsRecorder):
    """`pingbox serve | head`"""
    out, into = os.pipe()
    os.close(out)
    with os.fdopen(into, "w") as stream:
        writer = LogWriter(to_stream(stream))
        writer.write("into the void")
        writer.write("and again")
        writer.close(within=5)
    assert not writer._thread.is_alive()
    assert list(recwarn) == []


def test_a_reader_that_is_slow_on_a_non_blocking_pipe_gets_every_line():
    """Node.js makes pipes so that it shares with others; a full one is no error, as it is none on a blocking pipe."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    lines = [f"{number} " + "x" * 1000 for number in range(1000)]
    with os.fdopen(out) as reader, os.fdopen(into, "w") as stream:
        writer = LogWriter(to_stream(stream))
        for line in lines:
            writer.write(line)
        until_sync(lambda: not _has_room(into), "the pipe to be full")
        assert writer._thread.is_alive()
        read = [reader.readline().rstrip("\n") for _ in lines]
        writer.close(within=5)
    assert read == lines


def test_a_non_blocking_pipe_whose_reader_leaves_ends_nothing():
    out, into = os.pipe()
    os.set_blocking(into, False)
    with os.fdopen(into, "w") as stream:
        writer = LogWriter(to_stream(stream))
        writer.write("x" * 200_000)
        until_sync(lambda: not _has_room(into), "the pipe to be full")
        os.close(out)
        writer.write("nobody reads this")
        writer.close(within=5)
    assert not writer._thread.is_alive()


def _has_room(pipe: int) -> bool:
    return select.select([], [pipe], [], 0)[1] != []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, the disk that is always full")
def test_a_full_disk_is_told_once_and_the_log_goes_on():
    said: list[str] = []
    with open("/dev/full", "w") as stream:
        writer = LogWriter(to_stream(stream), say=said.append)
        for line in ("lost", "lost, too"):
            writer.write(line)
            until_sync(lambda: writer._lines.empty(), "the line to be taken")
        writer.close(within=5)
    assert not writer._thread.is_alive()
    [words] = said
    assert words.startswith("the log cannot be written: [Errno 28] No space left on device;")


def test_what_could_not_be_written_is_counted_and_told_once_there_is_room_again():
    reader, full = Reader(), threading.Event()
    reader.gate.set()
    full.set()
    tries: list[str] = []

    def put(text: str) -> None:
        tries.append(text)
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        reader(text)

    writer = LogWriter(put, say=lambda words: None)
    for number in range(3):
        writer.write(f"lost {number}")
        until_sync(lambda wanted=number + 1: len(tries) == wanted, "the line to be tried")
    full.clear()
    writer.write("kept")
    writer.close(within=5)
    assert reader.text.split("\n") == [
        "",
        "(3 lines left out: [Errno 28] No space left on device)",
        "kept",
        "",
    ]


def test_what_is_told_stands_on_stderr():
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    script = (
        "from pingbox.local.log.log_writer import LogWriter, to_stream\n"
        "import sys\n"
        "writer = LogWriter(to_stream(sys.stdout))\n"
        "writer.write('lost')\n"
        "writer.close(5)\n"
    )
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30
        )
    assert result.returncode == 0
    assert result.stderr.startswith("the log cannot be written: [Errno 28] No space left on device;")


def test_a_stream_without_a_file_is_written_to_as_it_is(capsys: pytest.CaptureFixture[str]):
    writer = LogWriter(to_stream(sys.stdout))
    writer.write("grüße")
    writer.close(within=5)
    assert capsys.readouterr().out == "grüße\n"
