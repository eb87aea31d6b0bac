"""How an app's functions run: in processes of their own, or Python in this one for breakpoints and speed."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Collection
from typing import Any, Protocol

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.redirect import guard
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.lambda_.composite import CompositeFunctions
from pingbox.emulator.services.lambda_.in_process.apps import in_process_function
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import Outcome
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.emulator.services.lambda_.process.launch import CannotRun, HostEnvironment
from pingbox.model.function import FunctionSpec
from pingbox.templates import App

_log = logging.getLogger("pingbox.serve")


class AppFunctions(Protocol):
    """An app's functions. Order of calls: `open` once the emulator answers, then the rest, then `close`."""

    @property
    def names(self) -> Collection[str]: ...

    def open(self, redirect: Boto3Redirect) -> None:
        """Lead the handlers' AWS calls to the emulator."""
        ...

    async def invoke(self, function: str, event: Any) -> Outcome: ...

    def define(self, spec: FunctionSpec) -> None:
        """Add a function, or put another in its place: the next event runs the new one."""
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

    def open(self, redirect: Boto3Redirect) -> None:
        self._functions.endpoint = redirect.endpoint


class InThisProcess:
    """Python functions in this process: `breakpoint()` works, and AWS calls take the short way.

    What this process cannot run, Node for instance, runs in processes of its own all the same.
    """

    def __init__(self, app: App, observer: Observer, clock: Clock) -> None:
        self._specs = app.functions
        self._clock = clock
        self._python = InProcessFunctions({}, observe=observer, clock=clock, region=app.region)
        self._others = ProcessFunctions((), observe=observer, clock=clock, region=app.region)
        self._together = CompositeFunctions(self._python, self._others)
        self._undo = contextlib.ExitStack()
        self.invoke = self._together.invoke

    @property
    def names(self) -> Collection[str]:
        return self._together.names

    def open(self, redirect: Boto3Redirect) -> None:
        self._host = HostEnvironment(redirect.region, redirect.endpoint, dict(os.environ))
        self._others.endpoint = redirect.endpoint
        self._tmp = self._undo.enter_context(tempfile.TemporaryDirectory(prefix="pingbox-"))
        self._undo.callback(_restore_environment, dict(os.environ))
        self._undo.callback(sys.path.__setitem__, slice(None), list(sys.path))
        guard.scrub(os.environ)
        os.environ.update(guard.environment(redirect.endpoint, redirect.region))
        self._undo.enter_context(redirect.redirect_all())
        for spec in self._specs:
            self.define(spec)

    def define(self, spec: FunctionSpec) -> None:
        try:
            function = in_process_function(spec, self._host, tmp=self._tmp, now=self._clock.now())
        except CannotRun as reason:
            if spec.packages and spec.runtime.startswith("python"):
                _log.warning("%s, so it runs in one of its own, where breakpoint() does not work", reason)
            self._others.define(spec)
        else:
            # After everything else: they are the function's, and must not take PingBox's own packages away.
            sys.path += [folder for folder in spec.packages if folder not in sys.path]
            self._python.define(spec.name, function)

    def reload(self, function: str) -> None:
        part = self._python if function in self._python.names else self._others
        part.reload(function)

    async def close(self) -> None:
        self._python.close()
        await self._others.close()
        self._undo.close()


def _restore_environment(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)
