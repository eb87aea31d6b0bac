"""How an app's functions run: in processes of their own, or in this one for breakpoints and speed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from functools import partial
from typing import Any, Protocol

from pingbox.emulator.aws import guard
from pingbox.emulator.aws.in_process import Wires
from pingbox.emulator.clock import Clock
from pingbox.emulator.functions.in_process import InProcessFunction, InProcessFunctions
from pingbox.emulator.functions.launch import layer_folders
from pingbox.emulator.functions.outcome import FunctionSpec, Outcome
from pingbox.emulator.functions.processes import ProcessFunctions
from pingbox.emulator.functions.scoped_import import load_handler
from pingbox.emulator.happenings import Observer
from pingbox.emulator.template import App


class MixedEnvironmentError(Exception):
    """Two functions want different values of one variable, which a single process cannot give."""


class AppFunctions(Protocol):
    """An app's functions. Order of calls: `open` once the emulator answers, then the rest, then `close`."""

    @property
    def names(self) -> Collection[str]: ...

    def open(self, wires: Wires) -> None:
        """Lead the handlers' AWS calls to the emulator."""
        ...

    async def invoke(self, function: str, event: Any) -> Outcome: ...

    def define(self, spec: FunctionSpec) -> None:
        """Add a function or replace one; raises `MixedEnvironmentError`."""
        ...

    def reload(self, function: str) -> None: ...

    async def close(self) -> None: ...


class InProcesses:
    """Each function in processes of its own, as on Lambda."""

    def __init__(self, app: App, observer: Observer, clock: Clock) -> None:
        self._functions = ProcessFunctions(app.functions, observe=observer, clock=clock, region=app.region)
        self.invoke = self._functions.invoke
        self.define = self._functions.define
        self.reload = self._functions.reload
        self.close = self._functions.close

    @property
    def names(self) -> Collection[str]:
        return self._functions.names

    def open(self, wires: Wires) -> None:
        self._functions.endpoint = wires.endpoint


class InThisProcess:
    """All functions in this process: `breakpoint()` works, and AWS calls take the short way.

    Their variables are this process's: functions that want different values of one cannot be served so. Only Python.
    """

    def __init__(self, app: App, observer: Observer, clock: Clock) -> None:
        self._functions = InProcessFunctions({}, observe=observer, clock=clock, region=app.region)
        self._undo = contextlib.ExitStack()
        self._specs: dict[str, FunctionSpec] = {}
        for spec in app.functions:
            self.define(spec)
        self.invoke = self._functions.invoke
        self.reload = self._functions.reload

    @property
    def names(self) -> Collection[str]:
        return self._specs.keys()

    def define(self, spec: FunctionSpec) -> None:
        _check_variables({**self._specs, spec.name: spec}.values())
        self._specs[spec.name] = spec
        load = partial(load_handler, spec, layer_folders(spec))
        self._functions.define(spec.name, InProcessFunction(load, spec.timeout, spec.memory))
        os.environ.update(spec.environment or {})

    def open(self, wires: Wires) -> None:
        self._undo.callback(_restore_environment, dict(os.environ))
        guard.scrub(os.environ)
        os.environ.update(guard.environment(wires.endpoint, wires.region))
        self._undo.enter_context(wires.everywhere())

    async def close(self) -> None:
        self._functions.close()
        self._undo.close()


def _restore_environment(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)


def _check_variables(specs: Collection[FunctionSpec]) -> None:
    wanted: dict[str, tuple[str, str]] = {}
    for spec in specs:
        if not spec.runtime.startswith("python"):
            raise MixedEnvironmentError(
                f"function {spec.name} runs on {spec.runtime}; --in-process runs Python only: serve without it"
            )
        for name, value in (spec.environment or {}).items():
            other, known = wanted.setdefault(name, (spec.name, value))
            if known != value:
                raise MixedEnvironmentError(
                    f"functions {other} and {spec.name} want different values of {name}, and --in-process has one "
                    "environment for all: serve without it"
                )
