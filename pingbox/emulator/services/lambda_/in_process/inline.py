"""Functions that run on the emulator's own loop: for handlers that compute and never wait, such as the chat's.

A thread for each environment makes such handlers slower, not faster: every SQLite call gives the interpreter lock away,
and on two cores the threads and the loop hand it to each other several times a message. On the loop there is one
thread, nothing to hand over, and no handler ever meets another in the middle of its work.

A handler that waits stops everything: `InProcessFunctions` is for those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_.in_process.current import CallObserver, Execution, on_thread
from pingbox.emulator.services.lambda_.in_process.functions import CLOSING, InProcessFunction
from pingbox.emulator.services.lambda_.in_process.invocation import Invocation, Settings
from pingbox.emulator.services.lambda_.in_process.output import routing
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Outcome, unknown
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler


class InlineFunctions:
    """`Functions` on the loop that awaits `invoke`, one environment each; `variables` of a function are not looked at.

    A timeout is not enforced: nothing can look at the time while a handler runs.
    """

    def __init__(
        self,
        functions: Mapping[str, InProcessFunction],
        *,
        observe: Observer,
        aws_calls: CallObserver | None = None,
        clock: Clock,
        region: str = "us-east-1",
    ) -> None:
        self._observe = observe
        self._clock = clock
        now = clock.now()
        self._environments = {
            name: _Environment(function, Settings.of(name, function.timeout, function.memory, region, now), aws_calls)
            for name, function in functions.items()
        }
        self._closed = False
        routing.install()

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return list(self._environments)

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it; it has run when the first `await` returns."""
        environment = self._environments.get(function)
        if environment is None:
            return unknown(function, self._environments)
        if self._closed:
            return NotInvoked(CLOSING)
        loop = asyncio.get_running_loop()
        invocation = Invocation(environment.settings, event, loop, self._observe, self._clock)
        invocation.begin(watched=False)
        environment.run(invocation)
        return await invocation.outcome

    def close(self) -> None:
        """No event from now on. A handler cannot be running: this is its thread."""
        if not self._closed:
            self._closed = True
            routing.remove()


class _Environment:
    """One function with its handler, once that is loaded."""

    def __init__(self, function: InProcessFunction, settings: Settings, aws_calls: CallObserver | None) -> None:
        self.settings = settings
        self._function = function
        self._execution = Execution(observer=aws_calls)
        self._handler: Handler | None = None

    def run(self, invocation: Invocation) -> None:
        on_thread.execution = self._execution  # for no longer than the handler runs: the thread is the loop's
        routing.begin(self._execution, invocation.lines)
        try:
            self._handler = invocation.run(self._handler, self._function.load, self)
        finally:
            routing.end(self._execution)
            on_thread.execution = None
        invocation.finish()

    def is_debugged(self) -> bool:
        return False

    def give_up(self) -> None:
        """Nothing to do: an invocation that nobody watches is never given up."""
