"""The live log: one quiet line for what matters, nothing of what people wrote."""

from __future__ import annotations

import json

import pytest

from pingbox.emulator.functions.outcome import FunctionError, NotInvoked, Returned
from pingbox.emulator.happenings import (
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    FunctionLog,
    Invoked,
    ManagementCalled,
    Refused,
)
from pingbox.local.live_log import json_line, json_note, text_line

CONNECTION = "L0SM9cOFvHcCIhw="


def invoked(outcome, route_key="sendMessage"):
    return Invoked(
        at=0.0, api_id="chat", stage="dev", route_key=route_key, connection_id=CONNECTION, function="MessageLambda",
        event={"body": "the secret text"}, outcome=outcome, duration=0.0044,
    )  # fmt: skip


def test_an_invocation_is_one_line_with_route_connection_and_duration():
    line = text_line(invoked(Returned({"statusCode": 200})), verbose=False)
    assert line is not None
    assert "sendMessage" in line
    assert CONNECTION in line
    assert "4.4 ms" in line


@pytest.mark.parametrize("route_key", ["$connect", "$disconnect"])
def test_connects_and_disconnects_are_not_told_twice(route_key):
    assert text_line(invoked(Returned(None), route_key), verbose=False) is None
    assert text_line(invoked(Returned(None), route_key), verbose=True) is not None


def test_a_failed_invocation_shows_its_error_and_stack_even_when_quiet():
    error = FunctionError("ValueError", "bad day", ('  File "app.py", line 3, in handler\n',))
    line = text_line(invoked(error, "$connect"), verbose=False)
    assert line is not None
    assert "ValueError: bad day" in line
    assert 'File "app.py", line 3' in line


def test_a_function_that_never_ran_says_why():
    assert "no such function" in (text_line(invoked(NotInvoked("no such function")), verbose=False) or "")


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (Connected(0.0, "chat", "dev", CONNECTION, "127.0.0.1"), ["connect", "127.0.0.1"]),
        (Refused(0.0, "dev", CONNECTION, 403, "Forbidden"), ["refused with 403"]),
        (Disconnected(0.0, CONNECTION, 1001, "Going away"), ["disconnect", "1001 Going away"]),
        (FunctionLog(0.0, "MessageLambda", "id", "hello from print\n"), ["MessageLambda | hello from print"]),
        (ManagementCalled(0.0, "POST", CONNECTION, 410), ["@connections", "POST 410"]),
    ],
)
def test_what_matters_is_shown_without_being_asked_for(happening, words):
    line = text_line(happening, verbose=False)
    assert line is not None
    assert all(word in line for word in words)


@pytest.mark.parametrize(
    "happening",
    [
        ManagementCalled(0.0, "POST", CONNECTION, 200),
        FunctionLog(0.0, "MessageLambda", "id", "START RequestId: id Version: $LATEST"),
        FrameReceived(0.0, CONNECTION, "the secret text"),
        FrameSent(0.0, CONNECTION, "the secret text", "post"),
    ],
)
def test_the_rest_is_shown_only_when_verbose(happening):
    assert text_line(happening, verbose=False) is None
    assert text_line(happening, verbose=True) is not None


@pytest.mark.parametrize(
    "happening",
    [
        FrameReceived(0.0, CONNECTION, "the secret text"),
        FrameSent(0.0, CONNECTION, "the secret text", "post"),
        invoked(Returned({"body": "the secret text"})),
    ],
)
def test_no_line_ever_holds_what_people_wrote(happening):
    assert "secret" not in (text_line(happening, verbose=True) or "")
    assert "secret" not in json_line(happening)


def test_json_lines_are_objects_with_the_field_names_of_the_happening():
    assert json.loads(json_line(invoked(Returned(1)))) == {
        "type": "Invoked", "at": 0.0, "api_id": "chat", "stage": "dev", "route_key": "sendMessage",
        "connection_id": CONNECTION, "function": "MessageLambda", "outcome": "ok", "duration": 0.0044,
    }  # fmt: skip


def test_a_log_of_many_lines_stays_beneath_its_function():
    line = text_line(FunctionLog(0.0, "Greeter", "id", "[ERROR] boom\nTraceback:\n  File x\n"), verbose=False)
    assert line is not None
    assert [part.strip().split(" | ")[0] for part in line.splitlines()] == ["Greeter"] * 3


def test_a_program_finds_an_object_where_lines_were_left_out():
    assert json.loads(json_note(3, "no space")) == {"type": "LeftOut", "lines": 3, "why": "no space"}
