"""One app's functions, some in process and some in processes of their own."""

from __future__ import annotations

from collections.abc import Callable

from pingbox.emulator.functions.in_process import InProcessFunction, InProcessFunctions
from pingbox.emulator.functions.outcome import NotInvoked, Returned
from pingbox.emulator.functions.together import FunctionsTogether


async def test_each_function_runs_where_it_is_known(in_process: Callable[..., InProcessFunctions]) -> None:
    one, two = (
        in_process({name: InProcessFunction.of(lambda event, context: context.function_name)})
        for name in ("one", "two")
    )
    together = FunctionsTogether(one, two)
    assert together.names == ["one", "two"]
    assert [await together.invoke(name, {}) for name in together.names] == [Returned("one"), Returned("two")]
    missing = await together.invoke("three", {})
    assert missing == NotInvoked("no function is called 'three'; there are: one, two", "unknown")
