"""Threads that a handler starts belong to its environment: its variables, its output, and nobody else's."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from pingbox.emulator.activity import FunctionLog
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import Returned


def lines_of(happened: list[object], request_id: str) -> list[str]:
    platform = ("START ", "END ", "REPORT ")
    found = [one for one in happened if isinstance(one, FunctionLog) and one.request_id == request_id]
    return [one.line for one in found if not one.line.startswith(platform)]


def in_threads(event, context):
    with ThreadPoolExecutor(4) as pool:
        return sorted(pool.map(lambda number: os.environ["TABLE"] + str(number), range(8)))


async def test_they_see_the_functions_variables():
    """LM-1: the variables are the environment's, whichever thread asks."""
    functions = InProcessFunctions(
        {
            name: InProcessFunction(lambda: in_threads, variables={"TABLE": f"{name}-table-"})
            for name in ("one", "other")
        }
    )
    try:
        one, other = await asyncio.gather(functions.invoke("one", {}), functions.invoke("other", {}))
        assert one == Returned([f"one-table-{number}" for number in range(8)])
        assert other == Returned([f"other-table-{number}" for number in range(8)])
    finally:
        functions.close()


async def test_what_a_kept_pool_prints_is_the_current_invocations():
    """A pool outlives an event, as module globals do: its threads work for the event that runs now."""
    happened: list[object] = []
    pool = ThreadPoolExecutor(1)
    ids: list[str] = []

    def handler(event, context):
        ids.append(context.aws_request_id)
        pool.submit(print, f"about {event}").result()

    functions = InProcessFunctions({"talker": InProcessFunction.of(handler)}, observe=happened.append)
    try:
        await functions.invoke("talker", "the first")
        await functions.invoke("talker", "the second")
        assert [lines_of(happened, each) for each in ids] == [["about the first"], ["about the second"]]
    finally:
        functions.close()
        pool.shutdown()


async def test_other_threads_start_as_before():
    start = threading.Thread.start
    functions = InProcessFunctions({})
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append("TABLE" in os.environ))
    thread.start()
    thread.join()
    functions.close()
    assert seen == [False]
    assert threading.Thread.start is start
