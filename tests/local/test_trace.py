"""A trace holds everything, and gives back what it holds."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pingbox.emulator.activity import (
    Activity,
    AwsCall,
    AwsCalled,
    Connected,
    FrameReceived,
    IntegrationTimedOut,
    Invoked,
)
from pingbox.emulator.history import Entry
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from pingbox.local.log.trace import Trace, TracedEvent, TraceError, read_events


def invoked(outcome):
    return Invoked(1.0, "api", "dev", "$default", "id=", "fn", {"body": "hi", "n": 1}, outcome, 0.1)


def entry(activity: Activity) -> Entry:
    return Entry(7, 3, activity)


@pytest.mark.parametrize(
    ("outcome", "recorded"),
    [
        (Returned({"statusCode": 200}), {"returned": {"statusCode": 200}}),
        (
            FunctionError("ValueError", "bad day"),
            {"error": {"errorMessage": "bad day", "errorType": "ValueError"}},
        ),
        (NotInvoked("unknown"), {"notInvoked": "unknown"}),
        (IntegrationTimedOut(), {"timedOut": True}),
    ],
)
def test_an_invocation_comes_back_as_it_was(tmp_path, outcome, recorded):
    trace = Trace(tmp_path / "new" / "folder", now=0.0)
    trace(entry(Connected(0.0, "api", "dev", "id=", "127.0.0.1")))
    trace(entry(invoked(outcome)))
    trace.close()
    assert list(read_events(trace.file)) == [TracedEvent("$default", "fn", {"body": "hi", "n": 1}, recorded)]


def test_every_happening_is_one_json_line_and_each_is_there_at_once(tmp_path):
    trace = Trace(tmp_path, now=0.0)
    trace(entry(FrameReceived(0.5, "id=", "hällo")))
    assert json.loads(trace.file.read_text()) == {
        "number": 7,
        "cause": 3,
        "type": "FrameReceived",
        "at": 0.5,
        "connection_id": "id=",
        "text": "hällo",
    }
    trace.close()


def test_an_aws_call_is_written_with_its_parameters(tmp_path):
    trace = Trace(tmp_path, now=0.0)
    trace(entry(AwsCalled(0.5, "request", AwsCall("dynamodb", "PutItem", {"Item": {"b": b"1"}}, None, 0.25))))
    trace.close()
    assert json.loads(trace.file.read_text())["call"] == {
        "service": "dynamodb",
        "operation": "PutItem",
        "parameters": {"Item": {"b": "b'1'"}},
        "error": None,
        "duration": 0.25,
    }


def test_a_trace_is_readable_by_its_owner_alone(tmp_path):
    trace = Trace(tmp_path, now=0.0)
    trace.close()
    assert trace.file.stat().st_mode & 0o077 == 0


def test_a_text_that_utf_8_cannot_hold_comes_back_all_the_same(tmp_path):
    trace = Trace(tmp_path, now=0.0)
    trace(entry(invoked(Returned({"body": "half a pair: \ud83d"}))))
    trace.close()
    [event] = read_events(trace.file)
    assert event.outcome == {"returned": {"body": "half a pair: \ud83d"}}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, the disk that is always full")
def test_a_full_disk_ends_the_trace_and_nothing_else(tmp_path, caplog):
    name = time.strftime("%Y%m%d-%H%M%S.jsonl", time.localtime(0.0))
    (tmp_path / name).symlink_to("/dev/full")
    trace = Trace(tmp_path, now=0.0)
    trace(entry(FrameReceived(0.5, "id=", "one")))
    trace(entry(FrameReceived(0.6, "id=", "two")))
    trace.close()
    [told] = [record.getMessage() for record in caplog.records]
    assert told.endswith("ends here: [Errno 28] No space left on device; what runs goes on without it")


@pytest.mark.parametrize("line", ["not json", "[]", '{"type":"Invoked"}'])
def test_a_foreign_file_is_refused_with_its_line(tmp_path, line):
    (tmp_path / "trace.jsonl").write_text('{"type":"Connected"}\n' + line + "\n")
    with pytest.raises(TraceError, match="line 2"):
        list(read_events(tmp_path / "trace.jsonl"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"gone\.jsonl cannot be read"):
        list(read_events(tmp_path / "gone.jsonl"))
