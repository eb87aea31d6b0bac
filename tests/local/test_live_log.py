"""The live log: one quiet line for what matters, nothing of what people wrote."""

from __future__ import annotations

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
from pingbox.local.live_log import json_line, json_note, text_line
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
    assert line.endswith("MessageLambda: ValueError: bad day")


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
    assert lines[-1].endswith("Runtime.ImportModuleError: Error: Cannot find module 'nothing-called-so'")


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
