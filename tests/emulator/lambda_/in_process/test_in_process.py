"""Functions on threads of the emulator's process."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from support.waiting import until

Make = Callable[..., InProcessFunctions]


def of(handler: Callable[[Any, Any], Any], **settings: Any) -> dict[str, InProcessFunction]:
    return {"f": InProcessFunction.of(handler, **settings)}


def error_of(outcome: object) -> tuple[str, str]:
    assert isinstance(outcome, FunctionError)
    return outcome.error_type, outcome.message


async def test_returns_what_the_handler_returned(in_process: Make) -> None:
    assert await in_process(of(lambda event, context: {"got": event})).invoke("f", {"a": 1}) == Returned(
        {"got": {"a": 1}}
    )


async def test_an_unknown_function_is_not_invoked_and_the_known_ones_are_named(in_process: Make) -> None:
    outcome = await in_process(of(lambda event, context: None)).invoke("g", {})
    assert outcome == NotInvoked("no function is called 'g'; there are: f", "unknown")


@pytest.mark.fact("LM-22")
class TestTheResultIsJson:
    @pytest.mark.parametrize(
        ("result", "value"),
        [
            ((1, 2), [1, 2]),
            ({"n": Decimal("1.5"), "m": Decimal("3")}, {"n": 1.5, "m": 3}),
            ({1: "one", None: "none"}, {"1": "one", "null": "none"}),
            (b'{"statusCode": 200}', {"statusCode": 200}),
            ({"text": b"bytes"}, {"text": "bytes"}),
            (b"\xff not json", "\ufffd not json"),
            ("grüße", "grüße"),
            (None, None),
        ],
    )
    async def test_like_lambdas(self, in_process: Make, result: Any, value: Any) -> None:
        assert await in_process(of(lambda event, context: result)).invoke("f", {}) == Returned(value)

    @pytest.mark.parametrize("result", [{"s": {1}}, object(), {"x": [lambda: None]}, {(1, 2): 3}, {"b": b"\xff"}])
    async def test_anything_else_is_a_marshal_error(self, in_process: Make, result: Any) -> None:
        error_type, message = error_of(await in_process(of(lambda event, context: result)).invoke("f", {}))
        assert error_type == "Runtime.MarshalError"
        assert message.startswith("Unable to marshal response: ")

    async def test_a_result_that_holds_itself_is_a_marshal_error(self, in_process: Make) -> None:
        loop: list[Any] = []
        loop.append(loop)
        outcome = await in_process(of(lambda event, context: loop)).invoke("f", {})
        assert error_of(outcome) == ("Runtime.MarshalError", "Unable to marshal response: Circular reference detected")

    @pytest.mark.fact("LM-24")
    @pytest.mark.fact("LM-44")
    async def test_more_than_six_megabytes_are_refused(self, in_process: Make) -> None:
        outcome = await in_process(of(lambda event, context: "x" * 6_291_555)).invoke("f", {})
        assert error_of(outcome) == (
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )


async def test_no_handler_can_change_its_callers_event(in_process: Make) -> None:
    def handler(event: Any, context: Any) -> None:
        event["list"].append("mine")
        event["more"] = True

    event = {"list": ["yours"]}
    await in_process(of(handler)).invoke("f", event)
    assert event == {"list": ["yours"]}


@pytest.mark.fact("LM-21")
async def test_what_a_handler_raises_becomes_lambdas_error_document(in_process: Make, log: Any) -> None:
    def handler(event: Any, context: Any) -> None:
        raise ValueError("no such room")

    outcome = await in_process(of(handler)).invoke("f", {})
    assert error_of(outcome) == ("ValueError", "no such room")
    payload = outcome.payload()
    assert list(payload) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert payload["requestId"] == log.activities[0].request_id
    [line] = payload["stackTrace"]
    assert line.startswith(f'  File "{__file__}", line ')
    assert line.endswith('in handler\n    raise ValueError("no such room")\n')
    indented = re.sub("^ +", lambda spaces: "\u00a0" * len(spaces[0]), line.rstrip(), flags=re.MULTILINE)
    assert log.own() == [f"[ERROR] ValueError: no such room\nTraceback (most recent call last):\n{indented}"]


@pytest.mark.fact("LM-10")
async def test_the_context_is_lambdas(in_process: Make) -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> None:
        seen.extend([context, context.get_remaining_time_in_millis()])

    functions = in_process({"greet": InProcessFunction.of(handler, memory=256, timeout=7)}, region="eu-central-1")
    await functions.invoke("greet", {})
    context, remaining = seen
    assert context.function_name == "greet"
    assert context.function_version == "$LATEST"
    assert context.memory_limit_in_mb == "256"
    assert context.invoked_function_arn == "arn:aws:lambda:eu-central-1:000000000000:function:greet"
    assert context.log_group_name == "/aws/lambda/greet"
    assert "/[$LATEST]" in context.log_stream_name
    assert len(context.aws_request_id) == 36
    assert context.client_context is None
    assert (context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id) == (None, None)
    assert 5_000 < remaining <= 7_000


@pytest.mark.fact("LM-23", "LM-43")
class TestTimeouts:
    async def test_are_reported_in_lambdas_words_and_the_function_goes_on(self, in_process: Make, log: Any) -> None:
        gate = threading.Event()

        def handler(event: Any, context: Any) -> str:
            if event["wait"]:
                gate.wait(10)
            return "done"

        functions = in_process(of(handler, timeout=0.05))
        error_type, message = error_of(await functions.invoke("f", {"wait": True}))
        request_id = log.activities[0].request_id
        assert error_type == "Sandbox.Timedout"
        assert message == f"RequestId: {request_id} Error: Task timed out after 0.05 seconds"
        [logged] = log.own()
        assert logged.endswith(f"Z {request_id} Task timed out after 0.05 seconds")
        assert await functions.invoke("f", {"wait": False}) == Returned("done")
        gate.set()

    async def test_the_environment_is_not_used_again(self, in_process: Make) -> None:
        gate = threading.Event()
        loads: list[threading.Thread] = []

        def load() -> Callable[[Any, Any], Any]:
            loads.append(threading.current_thread())
            return lambda event, context: gate.wait(10) and None

        functions = in_process({"f": InProcessFunction(load, timeout=0.05)})
        await functions.invoke("f", {})
        gate.set()
        await until(lambda: not loads[0].is_alive(), "the retired thread to end")
        assert await functions.invoke("f", {}) == Returned(None)
        assert len(loads) == 2

    async def test_waiting_for_an_environment_does_not_count(self, in_process: Make) -> None:
        gate = threading.Event()

        def handler(event: Any, context: Any) -> bool:
            return gate.wait(10) if event["first"] else context.get_remaining_time_in_millis() > 0

        functions = in_process(of(handler, timeout=0.3), limit=1)
        first = asyncio.ensure_future(functions.invoke("f", {"first": True}))
        second = asyncio.ensure_future(functions.invoke("f", {"first": False}))
        assert error_of(await first)[0] == "Sandbox.Timedout"
        assert await second == Returned(True)
        gate.set()


@pytest.mark.fact("RT-22")
async def test_who_stops_waiting_does_not_stop_the_handler(in_process: Make, log: Any) -> None:
    ended = threading.Event()
    gate = threading.Event()

    def handler(event: Any, context: Any) -> None:
        gate.wait(10)
        ended.set()

    waiting = asyncio.ensure_future(in_process(of(handler)).invoke("f", {}))
    await until(lambda: log.lines, "the START line")
    waiting.cancel()
    gate.set()
    await until(ended.is_set, "the handler's end")
    await until(lambda: len(log.lines) == 3, "its REPORT line")


@pytest.mark.fact("LM-26")
class TestEnvironments:
    async def test_run_one_event_at_a_time_and_grow_with_load(self, in_process: Make) -> None:
        together = threading.Barrier(3)
        functions = in_process(of(lambda event, context: together.wait(10) >= 0))
        assert await asyncio.gather(*(functions.invoke("f", {}) for _ in range(3))) == [Returned(True)] * 3
        assert functions.environments("f") == 3

    async def test_are_reused_the_warmest_first(self, in_process: Make) -> None:
        functions = in_process(of(lambda event, context: threading.get_ident()))
        threads = {repr(await functions.invoke("f", {})) for _ in range(20)}
        assert len(threads) == 1
        assert functions.environments("f") == 1

    async def test_are_initialised_once_each(self, in_process: Make) -> None:
        def load() -> Callable[[Any, Any], int]:
            count = iter(range(100))
            return lambda event, context: next(count)

        functions = in_process({"f": InProcessFunction(load)})
        assert [await functions.invoke("f", {}) for _ in range(3)] == [Returned(0), Returned(1), Returned(2)]

    async def test_beyond_the_limit_events_wait_their_turn_and_beyond_that_are_throttled(
        self, in_process: Make
    ) -> None:
        gate = threading.Event()
        order: list[int] = []

        def handler(event: Any, context: Any) -> None:
            gate.wait(10)
            order.append(event)

        functions = in_process(of(handler), limit=1, waiting=2)
        calls = [asyncio.ensure_future(functions.invoke("f", number)) for number in range(4)]
        throttled = await calls[3]
        gate.set()
        reason = "Rate Exceeded: 1 environments are busy and 2 invocations wait for one"
        assert throttled == NotInvoked(reason, "throttled")
        assert await asyncio.gather(*calls[:3]) == [Returned(None)] * 3
        assert order == [0, 1, 2]

    async def test_an_initialisation_that_fails_is_tried_again_with_the_next_event(self, in_process: Make) -> None:
        tries = iter([ImportError("not yet"), None])

        def load() -> Callable[[Any, Any], str]:
            if error := next(tries):
                raise error
            return lambda event, context: "up"

        functions = in_process({"f": InProcessFunction(load)})
        first = await functions.invoke("f", {})
        assert error_of(first) == ("ImportError", "not yet")
        assert first.payload()["requestId"] == ""
        assert await functions.invoke("f", {}) == Returned("up")

    async def test_a_handler_that_exits_loses_its_environment(self, in_process: Make, log: Any) -> None:
        functions = in_process(of(lambda event, context: sys.exit(3)))
        request_id, text = "", "Error: Runtime exited with error: exit status 3"
        outcome = await functions.invoke("f", {})
        request_id = log.activities[0].request_id
        assert outcome == FunctionError("Runtime.ExitError", f"RequestId: {request_id} {text}")
        assert functions.environments("f") == 0

    async def test_reload_runs_the_next_event_in_a_new_environment(self, in_process: Make) -> None:
        versions = iter("ab")

        def load() -> Callable[[Any, Any], str]:
            version = next(versions)
            return lambda event, context: version

        functions = in_process({"f": InProcessFunction(load)})
        first = await functions.invoke("f", {})
        functions.reload("f")
        assert (first, await functions.invoke("f", {})) == (Returned("a"), Returned("b"))

    async def test_define_puts_another_function_in_the_place_of_one(self, in_process: Make) -> None:
        functions = in_process(of(lambda event, context: "old"))
        await functions.invoke("f", {})
        functions.define("f", InProcessFunction.of(lambda event, context: "new"))
        functions.define("g", InProcessFunction.of(lambda event, context: "further"))
        assert [await functions.invoke(name, {}) for name in "fg"] == [Returned("new"), Returned("further")]


class TestOutput:
    @pytest.mark.fact("LM-27")
    async def test_lambdas_lines_surround_the_handlers(self, in_process: Make, log: Any) -> None:
        def handler(event: Any, context: Any) -> None:
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger("app").warning("to %s", "logging")
            context.log("to the context\n")
            sys.stdout.write("without newline")

        await in_process(of(handler)).invoke("f", {})
        request_id = log.activities[0].request_id
        start, out, err, logged, contexts, rest, end, report = log.lines
        assert start == f"START RequestId: {request_id} Version: $LATEST"
        assert (out, err, contexts, rest) == ("to stdout", "to stderr", "to the context", "without newline")
        assert logged.startswith("[WARNING]\t20")
        assert logged.endswith(f"Z\t{request_id}\tto logging")
        assert end == f"END RequestId: {request_id}"
        assert report.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
        assert [field.split(":")[0] for field in report.split("\t")[1:]] == [
            "Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration", "",
        ]  # fmt: skip

    async def test_of_handlers_that_run_together_is_told_apart(self, in_process: Make, log: Any) -> None:
        together = threading.Barrier(2)

        def handler(event: Any, context: Any) -> None:
            for _ in range(20):
                together.wait(10)
                print(event)

        functions = in_process(of(handler))
        await asyncio.gather(functions.invoke("f", "one"), functions.invoke("f", "two"))
        by_request: dict[str, set[str]] = {}
        for activity in log.activities:
            if activity.line in ("one", "two"):
                by_request.setdefault(activity.request_id, set()).add(activity.line)
        assert sorted(map(sorted, by_request.values())) == [["one"], ["two"]]

    async def test_of_everybody_else_goes_where_it_always_went(
        self, in_process: Make, log: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        functions = in_process(of(lambda event, context: print("mine")))
        await functions.invoke("f", {})
        print("the host's")
        functions.close()
        print("after")
        assert capsys.readouterr().out == "the host's\nafter\n"
        assert log.own() == ["mine"]


def test_the_hosts_own_warnings_are_still_shown_when_it_has_set_up_no_logging() -> None:
    program = """
import asyncio, logging
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
functions = InProcessFunctions({"f": InProcessFunction.of(lambda event, context: logging.warning("the handler's"))})
asyncio.run(functions.invoke("f", {}))
logging.getLogger("host").warning("the host's")
logging.getLogger("host").info("not shown without set-up")
functions.close()
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (shown.stdout, shown.stderr) == ("", "the host's\n")


def test_breakpoint_works_in_a_handler_and_the_timeout_waits_for_it(tmp_path: Any) -> None:
    """A person sits in the debugger for longer than the function's timeout, looks at the event, and goes on."""
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio\n"
        "from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions\n"
        "def handler(event, context):\n"
        "    breakpoint()\n"
        "    return 'went on'\n"
        "functions = InProcessFunctions({'f': InProcessFunction.of(handler, timeout=0.2)})\n"
        "print(asyncio.run(functions.invoke('f', {'who': 'ada'})))\n"
        "functions.close()\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONBREAKPOINT"}
    debugged = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )
    assert debugged.stdin is not None
    assert debugged.stdout is not None
    with debugged, debugged.stdin, debugged.stdout:
        debugged.stdin.write("event['who']\nimport time; time.sleep(0.5)\ncontinue\n")
        debugged.stdin.flush()
        said = debugged.stdout.read()
    assert "(Pdb) 'ada'" in said
    assert "Returned(value='went on')" in said


class TestClosing:
    async def test_ends_every_thread(self, in_process: Make) -> None:
        before = set(threading.enumerate())
        functions = in_process(of(lambda event, context: None))
        await asyncio.gather(*(functions.invoke("f", {}) for _ in range(10)))
        started = set(threading.enumerate()) - before
        assert started
        functions.close()
        assert [thread for thread in started if thread.is_alive()] == []

    async def test_does_not_wait_for_a_handler_that_hangs(
        self, in_process: Make, log: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = set(threading.enumerate())  # an emulator of the test kit may rest in this process
        gate = threading.Event()
        functions = in_process(of(lambda event, context: gate.wait(10)))
        hanging = asyncio.ensure_future(functions.invoke("f", {}))
        await until(lambda: log.lines, "the START line")
        started = set(threading.enumerate()) - before
        assert started
        functions.close(within=0.1)
        assert "1 handler(s) of function f still run after 0.1 s" in caplog.text
        gate.set()
        assert await hanging == Returned(True)
        await until(lambda: not any(thread.is_alive() for thread in started), "its thread to end")

    async def test_refuses_what_comes_after(self, in_process: Make) -> None:
        functions = in_process(of(lambda event, context: None))
        functions.close()
        assert await functions.invoke("f", {}) == NotInvoked("the emulator is shutting down")


async def test_a_thousand_events_at_once_all_come_back(in_process: Make) -> None:
    functions = in_process(of(lambda event, context: event))
    outcomes = await asyncio.gather(*(functions.invoke("f", number) for number in range(1000)))
    assert outcomes == [Returned(number) for number in range(1000)]
    assert functions.environments("f") <= 50
