"""The live log: one quiet line for what matters, nothing of what people wrote."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from pingbox.emulator.activity import (
    Activity,
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    FunctionLog,
    IntegrationTimedOut,
    Invoked,
    ManagementCalled,
    Refused,
)
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.local.log.live_log import json_line, json_note, text_line
from pingbox.local.server import wants_colour
from pingbox.model.function import FunctionSpec

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


def test_a_failed_invocation_is_one_line_with_its_error_even_when_quiet():
    """Its stack is in the function's own log already: as on AWS, and there also for who was not invoked by a route."""
    error = FunctionError("ValueError", "bad day\nand worse", ('  File "app.py", line 3, in handler\n',))
    line = text_line(invoked(error, "$connect"), verbose=False)
    assert line is not None
    assert line.endswith("MessageLambda: ValueError")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
async def test_a_node_handler_that_cannot_be_imported_shows_its_stack_once(tmp_path: Path):
    (tmp_path / "app.js").write_text("require('nothing-called-so');")
    lines: list[str] = []

    def observe(happening: Activity) -> None:
        lines.append(text_line(happening, verbose=False) or "")

    functions = ProcessFunctions([FunctionSpec("Fn", "app.handler", str(tmp_path), "nodejs20.x")], observe=observe)
    try:
        observe(invoked(await functions.invoke("Fn", {})))
    finally:
        await functions.close()
    log = "\n".join(lines)
    assert log.count("Require stack:") == 1
    assert log.count("at Module._resolveFilename") == 1
    assert lines[-1].endswith("MessageLambda: Runtime.ImportModuleError")


BEFORE = "2026-01-20T11:55:00.453Z\tundefined\tERROR\tUncaught Exception "


def test_the_stack_of_a_node_error_stands_beneath_its_first_line():
    error = {
        "errorType": "TypeError",
        "errorMessage": "no",
        "code": "E1",
        "stack": ["TypeError: no", "    at one (a.js:1)"],
    }
    line = text_line(FunctionLog(0.0, "Fn", "id", BEFORE + "\t" + json.dumps(error)), verbose=False)
    assert line == "\n".join([
        f'          Fn | {BEFORE}TypeError {{"code": "E1"}}',
        "          Fn | TypeError: no",
        "          Fn |     at one (a.js:1)",
    ])  # fmt: skip


@pytest.mark.parametrize("what", ["{}", "[1]", '{"stack": 7}', "{not json}", "{} and more"])
def test_what_only_looks_like_a_node_error_is_shown_as_it_is(what):
    assert text_line(FunctionLog(0.0, "Fn", "id", BEFORE + what), verbose=False) == f"          Fn | {BEFORE}{what}"


def test_a_function_that_never_ran_says_why():
    assert "no such function" in (text_line(invoked(NotInvoked("no such function")), verbose=False) or "")


def test_an_integration_that_timed_out_says_so_even_when_quiet():
    line = text_line(invoked(IntegrationTimedOut(), "$connect"), verbose=False)
    assert line is not None
    assert line.endswith("MessageLambda: the integration timed out; the function runs on")
    assert json.loads(json_line(invoked(IntegrationTimedOut())))["outcome"].startswith("the integration timed out")


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


def tones(happening):
    """The tones of a line's parts."""
    seen = []

    def style(text, tone):
        seen.append(tone)
        return text

    text_line(happening, verbose=True, style=style)
    return set(seen)


@pytest.mark.parametrize(
    "entry",
    [
        "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File",
        "[ERROR]\t2026-01-20T11:55:00.453Z\tid\tit broke",
        "2026-01-20T11:55:00.453Z\tid\tERROR\tit broke",
        '{"timestamp": "2026-01-20T11:55:00Z", "level": "ERROR", "message": "it broke"}',
        "Traceback (most recent call last):",
        "2026-01-20T11:55:00.453Z id Task timed out after 3.00 seconds",
        "RequestId: id Error: Runtime exited with error: exit status 1",
    ],
)
def test_errors_in_a_functions_output_are_not_grey(entry):
    assert tones(FunctionLog(0.0, "Fn", "id", entry)) == {"bad"}


@pytest.mark.parametrize("entry", ["hello", "no ERROR here", "2026-01-20T11:55:00.453Z\tid\tINFO\tERROR is a word"])
def test_other_output_is(entry):
    assert tones(FunctionLog(0.0, "Fn", "id", entry)) == {"faint"}


def test_a_malformed_response_does_not_look_like_success():
    problem = "malformed Lambda proxy response: statusCode is nothing (null)"
    happening = dataclasses.replace(invoked(Returned({}), "$connect"), problem=problem)
    line = text_line(happening, verbose=False)
    assert line is not None
    assert line.endswith(f"MessageLambda: {problem}")
    assert "bad" in tones(happening)


@pytest.mark.parametrize("error_type", ["Sandbox.Timedout", "Runtime.ExitError"])
def test_what_the_platform_logs_itself_is_told_once(error_type):
    line = text_line(invoked(FunctionError(error_type, "RequestId: id Error: why")), verbose=False)
    assert line is not None
    assert line.endswith(f"MessageLambda: {error_type}")


def test_an_error_that_no_log_has_is_told_with_its_message():
    line = text_line(invoked(FunctionError("Function.ResponseSizeTooLarge", "too large")), verbose=False)
    assert line is not None
    assert line.endswith("Function.ResponseSizeTooLarge: too large")


def test_a_functions_output_cannot_move_the_cursor():
    line = text_line(FunctionLog(0.0, "Fn", "id", "10 %\r20 %\x1b[2J\u00a0end"), verbose=False)
    assert line == "          Fn | 10 %\\r20 %\\x1b[2J end"


def test_payloads_are_shown_shortened_and_only_when_asked_for():
    frame = FrameReceived(0.0, CONNECTION, "x" * 500)
    shown = text_line(frame, verbose=True, payloads=True) or ""
    assert "500 bytes" in shown
    assert shown.endswith("x" * 120 + "…")
    assert "xxx" not in (text_line(frame, verbose=True, payloads=False) or "")
    assert text_line(frame, verbose=False, payloads=True) is None


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "x"}, True),
    ],
)
def test_colour_is_for_who_wants_it(environ, wanted):
    assert wants_colour(environ) is wanted
