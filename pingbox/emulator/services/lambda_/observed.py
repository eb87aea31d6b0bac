"""Functions whose invocations are observed from their start to their end, whoever asked for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from pingbox.emulator.activity import InvocationEnded, InvocationStarted, Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.history import cause
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.details import details
from pingbox.emulator.services.lambda_.outcome import Functions, Outcome


class ObservedFunctions:
    """`Functions` around others. On one loop.

    `observe` is told of each invocation before and after it, in its context. `running` are those that have not ended.
    """

    def __init__(self, inner: Functions, observe: Observer, clock: Clock) -> None:
        self._inner = inner
        self._observe = observe
        self._clock = clock
        self.running: list[InvocationStarted] = []
        self._idle = asyncio.Event()

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        given = details.get()
        request_id = given.request_id or platform_log.new_request_id()
        started = InvocationStarted(self._clock.now(), function, request_id, event)
        token, before = details.set(replace(given, request_id=request_id)), cause.get()
        self.running.append(started)
        try:
            self._observe(started)
            outcome = await self._inner.invoke(function, event)
            ended = self._clock.now()
            self._observe(InvocationEnded(ended, function, started.request_id, outcome, ended - started.at))
            return outcome
        finally:
            details.reset(token)
            cause.set(before)
            self.running.remove(started)
            if not self.running:
                self._idle.set()

    async def ended(self, within: float) -> bool:
        """Wait until nothing runs, at most `within` seconds; whether that came true."""
        try:
            async with asyncio.timeout(within):
                while self.running:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True
