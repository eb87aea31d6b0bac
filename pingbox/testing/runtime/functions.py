"""The functions of an app under test: run, watched, written down, and spoiled when that was ordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import Functions, NotInvoked, Outcome
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.testing.faults.functions import FaultyFunctions, Killing
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.record.recorder import RecordedFunctions, Recorder
from pingbox.testing.runtime import boto3_hooks

if TYPE_CHECKING:
    from pingbox.testing.runtime.runtime import Running


class FunctionsUnderTest:
    """`Functions` of the app. Between tests `open` is false, and nothing is run."""

    def __init__(self, running: Running, recorder: Recorder, book: FaultPlan, struck: Callable[[str], None]) -> None:
        self._running = running
        self._recorder = recorder
        self._book = book
        self._struck = struck
        app = running.app
        self.open = True
        self._in_process = InProcessFunctions(
            {name: self._watched(function) for name, function in app.functions(running).items()},
            observe=recorder.observe,
            clock=running.clock,
            region=running.region,
        )
        self._processes = ProcessFunctions(
            app.processes, observe=recorder.observe, clock=running.clock, region=running.region
        )
        self.recorded = RecordedFunctions(_Either(self._in_process, self._processes), recorder, running.clock.now)
        self._spoiled = FaultyFunctions(self.recorded, book, names=recorder.names, renew=self.renew, struck=struck)

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return [*self._running.app.functions(self._running), *self._processes.names]

    def runs_apart(self, called: str | None) -> bool:
        """Whether this function, or the one behind this route key, runs in a process of its own; None: all do."""
        apart = set(self._processes.names)
        if called is None:
            return bool(apart) and apart.issuperset(self.names)
        return called in apart or self._running.app.function_at(called) in apart

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        if not self.open:
            return NotInvoked("the test is over")
        return await self._spoiled.invoke(function, event)

    def renew(self, function: str) -> None:
        """The function's next event meets a new environment."""
        if function in self._processes.names:
            self._processes.reload(function)
        else:
            self._in_process.reload(function)

    def reachable_at(self, url: str) -> None:
        """The emulator answers there."""
        self._processes.endpoint = url

    async def close(self) -> None:
        """End processes; on the loop. Threads end with `end_threads`."""
        await self._processes.close()

    def end_threads(self) -> None:
        """End the threads; off the loop, for which they may wait."""
        self._in_process.close()

    def _watched(self, function: InProcessFunction) -> InProcessFunction:
        """The function, its boto3 calls written down as its own."""

        def load() -> Callable[[Any, Any], Any]:
            return _Watched(function.load(), self._caller)

        return InProcessFunction(load, function.timeout, function.memory)

    def _caller(self, request_id: str) -> boto3_hooks.Caller:
        killing = Killing(self._book, self._recorder.invocation(request_id), self._struck)
        return boto3_hooks.Caller(
            self._running, lambda call: self._recorder.called(request_id, call), after_call=killing
        )


class _Watched:
    """A handler on whose thread boto3's calls are an invocation's."""

    def __init__(self, handler: Callable[[Any, Any], Any], caller: Callable[[str], boto3_hooks.Caller]) -> None:
        self._handler = handler
        self._caller = caller

    def __call__(self, event: Any, context: Any) -> Any:
        with boto3_hooks.calling(self._caller(context.aws_request_id)):
            return self._handler(event, context)

    def retire(self) -> None:
        """As `Retirable` has it."""
        retire = getattr(self._handler, "retire", None)
        if retire is not None:
            retire()


class _Either:
    """`Functions` in this process, or in processes of their own."""

    def __init__(self, in_process: Functions, processes: ProcessFunctions) -> None:
        self._in_process = in_process
        self._processes = processes

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        if function in self._processes.names:
            return await self._processes.invoke(function, event)
        return await self._in_process.invoke(function, event)
