"""One app's functions, some in process and some in processes of their own."""

from __future__ import annotations

from collections.abc import Callable

from pingbox.emulator.services.lambda_.composite import CompositeFunctions
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Returned


async def test_each_function_runs_where_it_is_known(in_process: Callable[..., InProcessFunctions]) -> None:
    one, two = (
        in_process({name: InProcessFunction.of(lambda event, context: context.function_name)})
        for name in ("one", "two")
    )
    together = CompositeFunctions(one, two)
    assert together.names == ["one", "two"]
    assert [await together.invoke(name, {}) for name in together.names] == [Returned("one"), Returned("two")]
    missing = await together.invoke("three", {})
    assert missing == NotInvoked("no function is called 'three'; there are: one, two", "unknown")
