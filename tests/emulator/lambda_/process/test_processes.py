"""Functions in processes of their own, with PingBox's own Python runtime."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.processes import is_running
from support.waiting import until, until_sync

Make = Callable[..., ProcessFunctions]
App = Callable[..., Path]


def error_of(outcome: object) -> tuple[str, str]:
    assert isinstance(outcome, FunctionError)
    return outcome.error_type, outcome.message


@pytest.mark.fact("LM-26")
async def test_an_environment_is_reused_and_its_globals_survive(processes: Make, app: App) -> None:
    code = app(
        app_py="import os\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return [os.getpid(), n]\n"
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code)))
    outcomes = [await functions.invoke("f", {}) for _ in range(5)]
    values = [outcome.value for outcome in outcomes if isinstance(outcome, Returned)]
    assert [count for _, count in values] == [1, 2, 3, 4, 5]
    assert len({pid for pid, _ in values} | {os.getpid()}) == 2
    assert functions.environments("f") == 1


@pytest.mark.fact("LM-26")
async def test_environments_grow_with_load_up_to_the_limit_and_then_events_wait(processes: Make, app: App) -> None:
    code = app(
        app_py="""
        import os, time, pathlib
        def handler(event, context):
            folder = pathlib.Path(event["folder"])
            (folder / str(os.getpid())).touch()
            while len(list(folder.iterdir())) < 2:
                time.sleep(0.01)
            return os.getpid()
        """
    )
    meeting = app(here_txt="").joinpath("here.txt")
    meeting.unlink()
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=20), limit=2)
    event = {"folder": str(meeting.parent)}
    outcomes = await asyncio.gather(*(functions.invoke("f", event) for _ in range(6)))
    assert len({outcome.value for outcome in outcomes if isinstance(outcome, Returned)}) == 2
    assert functions.environments("f") == 2


async def test_two_functions_called_app_do_not_meet(processes: Make, app: App) -> None:
    source = "import shared\ndef handler(event, context):\n    return shared.NAME\n"
    one, two = (app(app_py=source, shared_py=f"NAME = {name!r}\n") for name in ("one", "two"))
    functions = processes(FunctionSpec("a", "app.handler", str(one)), FunctionSpec("b", "app.handler", str(two)))
    assert await asyncio.gather(functions.invoke("a", {}), functions.invoke("b", {})) == [
        Returned("one"),
        Returned("two"),
    ]


SHOWS_ENVIRONMENT = """
import os, sys, tempfile
AT_IMPORT = dict(os.environ)
def handler(event, context):
    return {"before": AT_IMPORT, "now": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv,
            "tmp": tempfile.gettempdir(), "path": sys.path, "encoding": sys.stdout.encoding}
"""


@pytest.mark.fact("LM-1", "LM-2", "LM-3", "LM-48")
async def test_the_environment_is_lambdas_and_nothing_of_the_developers(processes: Make, app: App) -> None:
    code = app(app_py=SHOWS_ENVIRONMENT)
    spec = FunctionSpec(
        "greet", "app.handler", str(code), runtime="python3.12", memory=256, environment={"TABLE": "t1"}
    )
    mine = {"PATH": os.environ["PATH"], "SECRET": "s3cret", "AWS_PROFILE": "prod", "HOME": "/home/me"}
    functions = processes(spec, endpoint="http://127.0.0.1:9", region="eu-west-1", environ=mine)
    outcome = await functions.invoke("greet", {})
    assert isinstance(outcome, Returned)
    seen = outcome.value["before"]
    stream = seen.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen.pop("AWS_LAMBDA_RUNTIME_API"))
    assert seen.pop("TMPDIR") == outcome.value["tmp"]
    expected = {
        "_HANDLER": "app.handler",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_FUNCTION_NAME": "greet",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/greet",
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "/var/runtime",
        "PWD": str(code),
        "SHLVL": "0",
        "LD_LIBRARY_PATH": f"{code}:{code}/lib",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "TABLE": "t1",
    }
    local = {name for name in seen if name not in expected}
    assert {name: seen[name] for name in expected} == expected
    assert local <= {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED", "BOTO_CONFIG", "LC_CTYPE",
    }  # fmt: skip
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    trace = outcome.value["now"]["_X_AMZN_TRACE_ID"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace)
    assert outcome.value["cwd"] == outcome.value["path"][0] == str(code)
    assert outcome.value["encoding"] == "utf-8"


@pytest.mark.fact("LM-1", "LM-3")
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"AWS_REGION": "x", "_HANDLER": "y"}, "sets AWS_REGION, _HANDLER, which Lambda reserves for itself"),
        ({"BIG": "x" * 4096}, "take 4099 bytes; Lambda allows 4096"),
    ],
)
async def test_variables_that_lambda_would_refuse_are_refused(
    processes: Make, app: App, environment: dict[str, str], reason: str
) -> None:
    functions = processes(FunctionSpec("f", "app.handler", str(app(app_py="")), environment=environment))
    outcome = await functions.invoke("f", {})
    assert isinstance(outcome, NotInvoked)
    assert reason in outcome.reason


async def test_a_runtime_that_cannot_run_here_says_so(processes: Make, app: App) -> None:
    outcome = await processes(FunctionSpec("f", "App::handle", str(app()), runtime="java21")).invoke("f", {})
    assert isinstance(outcome, NotInvoked)
    assert "function f wants the runtime java21" in outcome.reason


@pytest.mark.fact("LM-23")
async def test_a_timeout_kills_the_process_and_the_next_event_gets_a_new_one(
    processes: Make, app: App, log: Any
) -> None:
    code = app(
        app_py="""
        import os, time, subprocess, sys
        def handler(event, context):
            if event["hang"]:
                child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
                print(os.getpid(), child.pid)
                time.sleep(60)
            return os.getpid()
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=0.5))
    error_type, message = error_of(await functions.invoke("f", {"hang": True}))
    assert error_type == "Sandbox.Timedout"
    request_id = log.activities[0].request_id
    assert message == f"RequestId: {request_id} Error: Task timed out after 0.50 seconds"
    pids, logged = log.own()
    assert re.fullmatch(rf"[\d-]{{10}}T[\d:.]{{12}}Z {request_id} Task timed out after 0\.50 seconds", logged)
    assert isinstance(await functions.invoke("f", {"hang": False}), Returned)
    await until(lambda: not any(is_running(int(pid)) for pid in pids.split()), "the killed process and its child")


@pytest.mark.fact("LM-26")
@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("raise KeyboardInterrupt", "Runtime exited with error: signal: interrupt"),
    ],
)
async def test_a_crash_is_an_exit_error_and_the_next_event_gets_a_new_process(
    processes: Make, app: App, log: Any, ending: str, text: str
) -> None:
    code = app(
        app_py=f"""
        import os, sys
        def handler(event, context):
            print("last words")
            if event["crash"]:
                {ending}
            return "fine"
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code)))
    outcome = await functions.invoke("f", {"crash": True})
    assert error_of(outcome) == ("Runtime.ExitError", f"RequestId: {log.activities[0].request_id} Error: {text}")
    assert log.own()[0] == "last words"
    assert await functions.invoke("f", {"crash": False}) == Returned("fine")


@pytest.mark.fact("LM-25")
async def test_an_initialisation_that_takes_too_long_is_run_again_under_the_functions_timeout(
    processes: Make, app: App, log: Any
) -> None:
    code = app(
        app_py="""
        import pathlib, time
        mark = pathlib.Path("tried")
        if not mark.exists():
            mark.touch()
            time.sleep(60)
        else:
            time.sleep(0.3)
        def handler(event, context):
            return context.get_remaining_time_in_millis()
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=10), init_limit=0.4)
    first = await functions.invoke("f", {})
    assert isinstance(first, Returned)
    assert 0 < first.value <= 9_700
    init_report, start, *_, report = log.lines
    assert re.fullmatch(r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: timeout", init_report)
    assert start.startswith("START RequestId: ")
    assert (duration := re.search(r"\tDuration: ([\d.]+) ms\t", report))
    assert float(duration[1]) >= 300
    assert "Init Duration" not in report
    second = await functions.invoke("f", {})
    assert isinstance(second, Returned)
    assert second.value > 9_700


@pytest.mark.fact("LM-47")
async def test_one_entry_of_the_log_is_one_however_many_lines_it_has(processes: Make, app: App, log: Any) -> None:
    code = app(
        app_py="""
        import logging
        def handler(event, context):
            print("10 %\\r20 %\\r100 %")
            logging.getLogger("app").warning("two\\nlines")
            raise ValueError("no such room")
        """
    )
    await processes(FunctionSpec("f", "app.handler", str(code))).invoke("f", {})
    printed, logged, error = log.own()
    assert printed == "10 %\r20 %\r100 %"
    assert logged.endswith("\ttwo\nlines")
    first, head, place, source = error.split("\n")
    assert (first, head) == ("[ERROR] ValueError: no such room", "Traceback (most recent call last):")
    assert place.startswith('\u00a0\u00a0File "')
    assert source == '\u00a0\u00a0\u00a0\u00a0raise ValueError("no such room")'


@pytest.mark.fact("LM-25")
async def test_an_initialisation_that_never_ends_is_a_timeout(processes: Make, app: App) -> None:
    code = app(app_py="import time\ntime.sleep(60)\n")
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=0.3), init_limit=0.2)
    error_type, message = error_of(await functions.invoke("f", {}))
    assert error_type == "Sandbox.Timedout"
    assert message.endswith("Task timed out after 0.30 seconds")


@pytest.mark.fact("LM-25", "LM-26")
async def test_a_process_that_is_killed_in_its_second_initialisation_is_an_exit(processes: Make, app: App) -> None:
    code = app(
        app_py="""
        import os, pathlib, signal, time
        mark = pathlib.Path("tried")
        if mark.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        mark.touch()
        time.sleep(60)
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=20), init_limit=0.4)
    error_type, message = error_of(await asyncio.wait_for(functions.invoke("f", {}), 60))
    assert error_type == "Runtime.ExitError"
    assert message.endswith("Runtime exited with error: signal: killed")


@pytest.mark.fact("LM-27")
async def test_lambdas_lines_surround_the_handlers(processes: Make, app: App, log: Any) -> None:
    code = app(
        app_py="""
        import logging, sys
        print("at import")
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger("app").warning("grüße")
            sys.stdout.write("without newline")
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code), memory=512))
    for _ in range(2):
        await functions.invoke("f", {})
    request_id = log.activities[0].request_id
    init, start, out, err, logged, rest, end, report, *second = log.lines
    assert init == "at import"
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert (out, err, rest) == ("to stdout", "to stderr", "without newline")
    assert re.fullmatch(rf"\[WARNING\]\t[\d-]{{10}}T[\d:.]{{12}}Z\t{request_id}\tgrüße", logged)
    assert end == f"END RequestId: {request_id}"
    numbers = r"Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 512 MB\tMax Memory Used: (\d+) MB\t"
    assert (cold := re.fullmatch(rf"REPORT RequestId: {request_id}\t{numbers}Init Duration: [\d.]+ ms\t", report))
    assert 5 < int(cold[1]) < 100
    assert re.fullmatch(rf"REPORT RequestId: [0-9a-f-]{{36}}\t{numbers}", second[-1])


async def test_temporary_files_are_an_environments_own_and_go_with_it(processes: Make, app: App) -> None:
    code = app(
        app_py="""
        import tempfile, pathlib
        def handler(event, context):
            folder = pathlib.Path(tempfile.gettempdir())
            (folder / "cache").write_text("x")
            return str(folder)
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code)))
    outcome = await functions.invoke("f", {})
    assert isinstance(outcome, Returned)
    cache = Path(outcome.value, "cache")
    assert _is_there(cache)
    await functions.close()
    assert not _is_there(cache.parent)


def _is_there(path: Path) -> bool:
    return path.exists()


async def test_six_megabytes_go_in_and_out(processes: Make, app: App) -> None:
    code = app(app_py="def handler(event, context):\n    return event\n")
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=20))
    big = "x" * 6_000_000
    assert await functions.invoke("f", big) == Returned(big)
    assert error_of(await functions.invoke("f", "x" * 6_291_556))[0] == "Function.ResponseSizeTooLarge"
    assert await functions.invoke("f", "still fine") == Returned("still fine")


async def test_an_app_finds_its_layers_and_boto3(processes: Make, app: App) -> None:
    code = app(
        app_py="""
        import boto3, shared_layer
        def handler(event, context):
            return [boto3.__name__, shared_layer.NAME]
        """
    )
    layer = app({"python/shared_layer.py": "NAME = 'layer'\n"})
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=20, layers=(str(layer),)))
    assert await functions.invoke("f", {}) == Returned(["boto3", "layer"])


async def test_a_new_version_runs_from_the_next_event_on(processes: Make, app: App) -> None:
    code = app(app_py="def handler(event, context):\n    return 1\n")
    functions = processes(FunctionSpec("f", "app.handler", str(code)))
    first = await functions.invoke("f", {})
    (code / "app.py").write_text("def handler(event, context):\n    return 2\n")
    functions.reload("f")
    assert (first, await functions.invoke("f", {})) == (Returned(1), Returned(2))


async def test_closing_leaves_no_process_and_answers_everybody(processes: Make, app: App, log: Any) -> None:
    code = app(app_py="import os, time\nprint(os.getpid())\ndef handler(event, context):\n    time.sleep(60)\n")
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=60), limit=1)
    calls = [asyncio.ensure_future(functions.invoke("f", {})) for _ in range(2)]
    await until(lambda: len(log.lines) == 2, "the worker at work")
    await functions.close()
    running, waiting = await asyncio.gather(*calls)
    assert error_of(running)[0] == "Runtime.ExitError"
    assert waiting == NotInvoked("the emulator is shutting down")
    assert not is_running(int(log.lines[0]))
    assert await functions.invoke("f", {}) == NotInvoked("the emulator is shutting down")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="strays are found in /proc")
async def test_what_an_environment_started_ends_with_it_and_what_another_started_goes_on(
    processes: Make, app: App
) -> None:
    """Also a child in a session of its own, as browsers are started: else every crash and timeout would leave one."""
    code = app(
        app_py="""
        import os, subprocess
        def handler(event, context):
            if event == "exit":
                os._exit(1)
            return subprocess.Popen(["sleep", "60"], start_new_session=True).pid
        """
    )
    functions = processes(*(FunctionSpec(name, "app.handler", str(code)) for name in ("crashes", "goes-on")))
    children = [await functions.invoke(name, {}) for name in ("crashes", "goes-on")]
    ended, other = (child.value for child in children if isinstance(child, Returned))
    assert is_running(ended)
    assert error_of(await functions.invoke("crashes", "exit"))[0] == "Runtime.ExitError"
    await until(lambda: not is_running(ended), "the end of the child of the environment that ended")
    assert is_running(other)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_the_emulator(app: App, how: signal.Signals) -> None:
    """Not even after `kill -9`, not even one that hangs in its handler and in threads of its own, nor a child that left
    the worker's session.
    """
    code = app(
        app_py="""
        import os, subprocess, tempfile, threading
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            threading.Thread(target=threading.Event().wait).start()
            print(os.getpid(), child.pid, tempfile.gettempdir())
            while True:
                pass
        """
    )
    program = f"""
import asyncio
from pingbox.model.function import FunctionSpec
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
async def main():
    spec = FunctionSpec("f", "app.handler", {str(code)!r}, timeout=60)
    functions = ProcessFunctions([spec], observe=lambda happening: print(happening.line, flush=True))
    try:
        await functions.invoke("f", {{}})
    finally:
        await functions.close()
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as emulator:
        assert emulator.stdout is not None
        emulator.stdout.readline()
        worker, child, folder = emulator.stdout.readline().split()
        assert is_running(int(worker))
        assert is_running(int(child))
        emulator.send_signal(how)
        emulator.stdout.read()
    until_sync(lambda: not is_running(int(worker)), "the worker's end")
    until_sync(lambda: not is_running(int(child)), "the end of the worker's child")
    until_sync(lambda: not Path(folder).parent.exists(), "the end of its temporary files")


async def test_a_process_that_cannot_be_started_says_why(processes: Make, app: App) -> None:
    code = app(bootstrap="#!/nowhere/interpreter\n")
    (code / "bootstrap").chmod(0o755)
    functions = processes(FunctionSpec("f", "anything", str(code), runtime="provided.al2023"))
    open_files = len(os.listdir("/dev/fd"))
    for _ in range(3):
        error_type, message = error_of(await functions.invoke("f", {}))
        assert error_type == "Runtime.InvalidEntrypoint"
        assert "bootstrap" in message
    await until(lambda: len(os.listdir("/dev/fd")) <= open_files + 1, "all files but the reaper's pipe to be closed")


async def test_a_custom_runtime_speaks_the_runtime_api(processes: Make, app: App) -> None:
    """`provided.al2023`: an executable called bootstrap, here a Python script with an HTTP library of its own."""
    code = app(
        bootstrap=f"""
        #!{sys.executable}
        import json, os, urllib.request
        api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
        while True:
            with urllib.request.urlopen(api + "next") as answer:
                request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
                result = json.dumps({{"custom": json.load(answer)}}).encode()
            urllib.request.urlopen(urllib.request.Request(api + request_id + "/response", result)).close()
        """
    )
    (code / "bootstrap").chmod(0o755)
    functions = processes(FunctionSpec("f", "anything", str(code), runtime="provided.al2023", timeout=20))
    outcomes = [await functions.invoke("f", number) for number in range(2)]
    assert outcomes == [Returned({"custom": 0}), Returned({"custom": 1})]


async def test_a_function_that_cannot_run_here_says_why_when_it_is_called(processes: Make) -> None:
    reason = "its runtime java21 is not run locally"
    functions = processes(FunctionSpec("f", "", "", "java21", unavailable=reason))
    assert await functions.invoke("f", {}) == NotInvoked(f"function f does not run here: {reason}")


@pytest.mark.parametrize(
    ("runtime", "handler", "file"),
    [("provided.al2023", "any", "bootstrap"), ("go1.x", "main", "bootstrap"), ("go1.x", "main", "main")],
)
async def test_a_binary_of_its_own_runs(processes: Make, app: App, runtime: str, handler: str, file: str) -> None:
    code = app({file: "#!/bin/sh\necho started\nexit 3\n"})
    (code / file).chmod(0o755)
    outcome = await processes(FunctionSpec("f", handler, str(code), runtime, timeout=20)).invoke("f", {})
    assert error_of(outcome)[1].endswith("exit status 3")


async def test_a_binary_that_is_not_there_is_named(processes: Make, app: App) -> None:
    code = app({"main.go": ""})
    outcome = await processes(FunctionSpec("f", "main", str(code), "go1.x")).invoke("f", {})
    assert f"so bootstrap or main in {code} must be an executable file" in error_of(outcome)[1]


@pytest.mark.fact("LM-26")
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
async def test_nothing_runs_between_events(processes: Make, app: App, tmp_path: Path) -> None:
    """A thread that was forgotten goes on with the next event, as on AWS, and not a moment earlier."""
    code = app(
        app_py="""
        import os, threading, time
        beats = 0
        def beat():
            global beats
            while True:
                beats += 1
                time.sleep(0.001)
        threading.Thread(target=beat, daemon=True).start()
        def handler(event, context):
            return [os.getpid(), beats]
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=20))
    first = await functions.invoke("f", {})
    assert isinstance(first, Returned)
    pid, beats = first.value
    stat = Path(f"/proc/{pid}/stat")
    await until(lambda: not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "T", "it to stand still")
    await asyncio.sleep(0.3)  # in which a thread that ran would have counted to hundreds
    second = await functions.invoke("f", {})
    assert isinstance(second, Returned)
    assert second.value[0] == pid
    assert second.value[1] - beats < 100


async def test_they_run_on_where_that_was_asked_for(processes: Make, app: App, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = app(
        app_py=f"""
        import pathlib, threading, time
        def later():
            time.sleep(0.05)
            pathlib.Path({str(mark)!r}).touch()
        def handler(event, context):
            threading.Thread(target=later).start()
        """
    )
    await processes(FunctionSpec("f", "app.handler", str(code), timeout=20), freezes=False).invoke("f", {})
    await until(mark.exists, "the forgotten thread")
