"""An app's functions, each where it can run: given as Python objects, loaded into this process, or in processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_.in_process.current import CallObserver
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.in_process.inline import InlineFunctions
from pingbox.emulator.services.lambda_.outcome import Functions, Outcome, unknown
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler
from pingbox.model.function import FunctionSpec

if TYPE_CHECKING:
    from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions

log = logging.getLogger("pingbox.serve")

Load = Callable[[], Handler]
"""Makes a function's handler, once per environment (see `InProcessFunction.load`)."""

_NO_CODE: Mapping[str, Load] = MappingProxyType({})


def _as_it_is(function: str, load: Load) -> Load:
    return load


@dataclass(frozen=True)
class HowToRun:
    """Where functions run.

    `code` are handlers that are given as Python objects: they take the place of the function's own code and run here.
    `code_waits` is false if none of them ever waits, so that they need no threads. `in_process`: Python functions run
    here, as far as they can. `with_endpoint`: functions here find the emulator in `AWS_ENDPOINT_URL`, as those in
    processes do; without it whoever redirects boto3 answers them. `isolate`: processes reach nothing but the emulator.
    `around_load` may replace how the handler of a function here is made: (function, its own load) -> load.
    """

    code: Mapping[str, Load] = field(default_factory=lambda: _NO_CODE)
    code_waits: bool = True
    in_process: bool = False
    with_endpoint: bool = True
    isolate: bool = False
    around_load: Callable[[str, Load], Load] = _as_it_is


class AppFunctions:
    """`Functions` of an app. Order of calls: `open` once the emulator answers, then the rest, then `close`.

    What this process cannot run (Node, or a library in another version than the one here) runs in processes of its own.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        how: HowToRun,
        *,
        observe: Observer,
        clock: Clock,
        region: str,
        aws_calls: CallObserver | None = None,
    ) -> None:
        self._how = how
        self._clock = clock
        self._region = region
        self._specs = {spec.name: spec for spec in specs}
        common: dict[str, Any] = {"observe": observe, "clock": clock, "region": region}
        self._python = InProcessFunctions({}, aws_calls=aws_calls, **common)
        given = {name: self._given(spec) for name, spec in self._specs.items() if name in how.code}
        kind = InProcessFunctions if how.code_waits else InlineFunctions
        self._code = kind(given, aws_calls=aws_calls, **common)
        self._common = common
        self._running_apart: ProcessFunctions | None = None
        self._endpoint: str | None = None
        self._undo = contextlib.ExitStack()
        self._tmp = ""
        if not how.in_process:
            for spec in self._others():
                self._processes.define(spec)

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return list(self._specs)

    @property
    def apart(self) -> frozenset[str]:
        """Those that run in processes of their own."""
        return frozenset(() if self._running_apart is None else self._running_apart.names)

    def open(self, endpoint: str) -> None:
        """Functions find the emulator at `endpoint` from now on."""
        self._endpoint = endpoint
        if self._running_apart is not None:
            self._running_apart.endpoint = endpoint
        if self._how.in_process:
            self._tmp = self._undo.enter_context(tempfile.TemporaryDirectory(prefix="pingbox-"))
            self._undo.callback(_restore_path, list(sys.path))
            for spec in self._others():
                self.define(spec)

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        part = self._part(function)
        return unknown(function, self.names) if part is None else await part.invoke(function, event)

    def define(self, spec: FunctionSpec) -> None:
        """Add a function, or put another in its place: the next event runs the new one."""
        self._specs[spec.name] = spec
        if spec.name in self._how.code:
            return
        if not self._how.in_process:
            self._processes.define(spec)
            return
        from pingbox.emulator.services.lambda_.in_process.apps import in_process_function
        from pingbox.emulator.services.lambda_.process.launch import CannotRun, HostEnvironment

        host = HostEnvironment(self._region, self._endpoint, dict(os.environ))
        try:
            function = in_process_function(spec, host, tmp=self._tmp, now=self._clock.now())
        except CannotRun as reason:
            if spec.runtime.startswith("python") and spec.unavailable is None:
                log.warning("%s, so it runs in one of its own, where breakpoint() does not work", reason)
            self._python.remove(spec.name)
            self._processes.define(spec)
        else:
            # After everything else: they are the function's, and must not take this process's own packages away.
            sys.path += [folder for folder in spec.packages if folder not in sys.path]
            load = self._how.around_load(spec.name, function.load)
            self._python.define(spec.name, replace(self._without_endpoint(function), load=load))

    @property
    def _processes(self) -> ProcessFunctions:
        """Made, and imported, with the first function that needs a process: an app that has none starts without."""
        if self._running_apart is None:
            from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions

            self._running_apart = ProcessFunctions((), isolate=self._how.isolate, **self._common)
            self._running_apart.endpoint = self._endpoint
        return self._running_apart

    def remove(self, function: str) -> None:
        """There is no such function any more; what runs of it ends its event."""
        self.reload(function)
        self._specs.pop(function, None)

    def reload(self, function: str) -> None:
        """The next event meets a new environment, with the code as it is on disk."""
        part = self._part(function)
        if part is not None and not isinstance(part, InlineFunctions):
            part.reload(function)

    async def close(self) -> None:
        """End all threads and processes."""
        if self._running_apart is not None:
            await self._running_apart.close()
        for part in (self._code, self._python):
            # Off the loop: a handler that still runs may wait for it.
            await asyncio.to_thread(part.close)
        self._undo.close()

    def _part(self, function: str) -> InProcessFunctions | InlineFunctions | ProcessFunctions | None:
        if function not in self._specs:
            return None
        parts = [self._code, self._python, *([] if self._running_apart is None else [self._running_apart])]
        return next((part for part in parts if function in part.names), None)

    def _others(self) -> list[FunctionSpec]:
        return [spec for spec in self._specs.values() if spec.name not in self._how.code]

    def _given(self, spec: FunctionSpec) -> InProcessFunction:
        load = self._how.around_load(spec.name, self._how.code[spec.name])
        return InProcessFunction(load, spec.timeout, spec.memory, spec.environment)

    def _without_endpoint(self, function: InProcessFunction) -> InProcessFunction:
        if self._how.with_endpoint or function.variables is None:
            return function
        kept = {name: value for name, value in function.variables.items() if name != "AWS_ENDPOINT_URL"}
        return replace(function, variables=kept)


def _restore_path(before: list[str]) -> None:
    sys.path[:] = before


__all__ = ["AppFunctions", "Functions", "HowToRun", "Load"]
