"""Functions on the loop itself: what they return, log and raise is what threads and processes give."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pingbox.emulator.activity import Activity
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.lambda_.api.invoke_api import DRY_RUN, EVENT, REQUEST_RESPONSE, InvokeApi
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction
from pingbox.emulator.services.lambda_.in_process.inline import InlineFunctions
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned

Handler = Callable[[Any, Any], Any]
Make = Callable[..., InlineFunctions]


@pytest.fixture
async def told() -> list[Activity]:
    return []


@pytest.fixture
async def inline(told: list[Activity]) -> AsyncIterator[Make]:
    made: list[InlineFunctions] = []

    def make(**handlers: Handler) -> InlineFunctions:
        functions = {name: InProcessFunction.of(handler) for name, handler in handlers.items()}
        made.append(InlineFunctions(functions, observe=told.append, clock=SystemClock()))
        return made[-1]

    yield make
    for functions in made:
        functions.close()


async def test_a_handler_runs_on_the_loops_own_thread_and_one_at_a_time(inline: Make) -> None:
    seen: list[tuple[str, int]] = []

    def handler(event: Any, context: Any) -> Any:
        seen.append(("in", threading.get_ident()))
        seen.append(("out", threading.get_ident()))
        return event

    functions = inline(f=handler)
    results = await asyncio.gather(*(functions.invoke("f", {"n": n}) for n in range(20)))
    assert results == [Returned({"n": n}) for n in range(20)]
    assert seen == [("in", threading.get_ident()), ("out", threading.get_ident())] * 20


@pytest.mark.fact("LM-27")
async def test_its_log_is_whole_and_in_order(inline: Make, told: list[Any]) -> None:
    def handler(event: Any, context: Any) -> None:
        print("one")
        print("two")

    await inline(f=handler).invoke("f", {})
    words = [line.line.split()[0] for line in told]
    assert words == ["START", "one", "two", "END", "REPORT"]


async def test_an_error_and_an_exit_are_told_as_lambda_tells_them(inline: Make) -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("no such room")

    def leaves(event: Any, context: Any) -> None:
        raise SystemExit(3)

    functions = inline(fails=fails, leaves=leaves)
    failed, left = await functions.invoke("fails", {}), await functions.invoke("leaves", {})
    assert isinstance(failed, FunctionError)
    assert (failed.error_type, failed.message) == ("ValueError", "no such room")
    assert isinstance(left, FunctionError)
    assert left.error_type == "Runtime.ExitError"


async def test_an_environment_is_loaded_once_and_anew_after_it_ended(told: list[Activity]) -> None:
    loads: list[int] = []

    def load() -> Handler:
        loads.append(1)

        def handler(event: Any, context: Any) -> None:
            if event == "end":
                raise SystemExit(0)

        return handler

    functions = InlineFunctions({"f": InProcessFunction(load)}, observe=told.append, clock=SystemClock())
    for event in ("a", "b", "end", "c"):
        await functions.invoke("f", event)
    functions.close()
    assert len(loads) == 2


async def test_what_is_unknown_or_comes_after_the_end_is_not_run(inline: Make) -> None:
    functions = inline(f=lambda event, context: None)
    assert isinstance(await functions.invoke("g", {}), NotInvoked)
    functions.close()
    assert isinstance(await functions.invoke("f", {}), NotInvoked)


async def test_a_handler_may_leave_an_event_but_not_wait_for_a_result(inline: Make) -> None:
    """It runs on the thread that would have to bring the result: waiting would never end."""
    ran = asyncio.Event()
    api: InvokeApi

    def first(event: Any, context: Any) -> Any:
        payload = json.dumps(event).encode()
        statuses = [api.invoke_sync("second", kind, payload).status for kind in (EVENT, DRY_RUN)]
        with pytest.raises(RuntimeError, match="cannot be called on its thread"):
            api.invoke_sync("second", REQUEST_RESPONSE, payload)
        return statuses

    functions = inline(first=first, second=lambda event, context: ran.set())
    api = InvokeApi(functions, lambda: functions.names)
    api.start()
    assert await functions.invoke("first", {}) == Returned([202, 204])
    await asyncio.wait_for(ran.wait(), 10)
    await api.close()
