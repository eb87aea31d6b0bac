"""The live log never holds the chat up: not by a reader that is slow, has gone, or never was."""

from __future__ import annotations

import os
import threading

import pytest

from pingbox.local.log_writer import LogWriter, to_stream
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


def test_a_stream_without_a_file_is_written_to_as_it_is(capsys: pytest.CaptureFixture[str]):
    import sys

    writer = LogWriter(to_stream(sys.stdout))
    writer.write("grüße")
    writer.close(within=5)
    assert capsys.readouterr().out == "grüße\n"
