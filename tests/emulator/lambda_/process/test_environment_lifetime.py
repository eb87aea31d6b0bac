"""How many processes a function has: few at the start of a rush, none after a long silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.processes import is_running
from support.waiting import until

Make = Callable[..., ProcessFunctions]
App = Callable[..., Path]

COUNTS = "import os\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return [os.getpid(), n]\n"


async def counted(functions: ProcessFunctions) -> tuple[int, int]:
    """The environment's process, and how many events it has had."""
    outcome = await functions.invoke("f", {})
    assert isinstance(outcome, Returned)
    pid, events = outcome.value
    return pid, events


@pytest.mark.fact("LM-26")
async def test_an_environment_that_served_nothing_for_ten_minutes_is_ended(processes: Make, app: App) -> None:
    clock = WoundClock()
    functions = processes(FunctionSpec("f", "app.handler", str(app(app_py=COUNTS))), clock=clock)
    pid, _ = await counted(functions)
    clock.advance(minutes=8)
    assert await counted(functions) == (pid, 2)
    clock.advance(minutes=8)
    assert await counted(functions) == (pid, 3), "it had something to do eight minutes ago"
    clock.advance(minutes=11)
    await until(lambda: functions.environments("f") == 0 and not is_running(pid), "the environment to end", within=30)
    other, events = await counted(functions)
    assert (other != pid, events) == (True, 1)


@pytest.mark.fact("LM-26")
async def test_an_environment_that_works_for_long_is_left_alone(processes: Make, app: App, tmp_path: Path) -> None:
    code = app(
        app_py="""
        import pathlib, time
        def handler(event, context):
            folder = pathlib.Path(event["folder"])
            (folder / "here").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
            return "done"
        """
    )
    clock = WoundClock()
    functions = processes(FunctionSpec("f", "app.handler", str(code), timeout=60), clock=clock)
    working = asyncio.create_task(functions.invoke("f", {"folder": str(tmp_path)}))
    await until((tmp_path / "here").exists, "the handler to run", within=30)
    clock.advance(hours=1)
    (tmp_path / "go").touch()
    assert await working == Returned("done")


async def test_a_rush_starts_a_few_at_a_time_and_the_first_up_serves_who_waits(
    processes: Make, app: App, tmp_path: Path
) -> None:
    here = tmp_path / "started"
    here.mkdir()
    code = app(
        app_py=f"""
        import os, pathlib, time
        folder = pathlib.Path({str(here)!r})
        (folder / str(os.getpid())).touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
        def handler(event, context):
            return event
        """
    )
    functions = processes(FunctionSpec("f", "app.handler", str(code)), starting=2)
    rush = [asyncio.create_task(functions.invoke("f", number)) for number in range(20)]
    await until(lambda: len(list(here.iterdir())) == 2, "two environments to start", within=30)
    assert functions.environments("f") == 2
    (here / "go").touch()
    assert await asyncio.gather(*rush) == [Returned(number) for number in range(20)]
