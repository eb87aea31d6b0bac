"""Things to be done when the emulator's clock has gone on; from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pingbox.emulator.clock import Clock
from pingbox.emulator.http.timers import Timer, Timers


class DelayedCalls:
    """Call it from any thread; what is due runs on the loop's."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._timers = Timers(clock, loop)
        self._made: list[Timer] = []

    def __call__(self, seconds: float, action: Callable[[], None]) -> None:
        """Have `action` done in so many seconds of the clock."""
        due = self._clock.now() + seconds
        self._loop.call_soon_threadsafe(lambda: self._made.append(self._timers.at(due, action)))

    def forget(self) -> None:
        """Nothing of what was to be done is; on the loop."""
        for timer in self._made:
            timer.cancel()
        self._made.clear()
