"""One heap of timers for all connections, on a clock that may be wound on."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from pingbox.emulator.clock import Clock

_LONGEST_WAIT = 3600.0  # seconds; the loop's own clock and ours may drift apart


_FIRST_SWEEP = 256


class Timer:
    """One appointment; `cancel` also lets go of everything the callback holds."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Timers:
    """Calls back on the event loop when the clock has reached a time. Use on the loop's thread only."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._wakeup: asyncio.TimerHandle | None = None
        self._stopped = False
        self._sweep_at = _FIRST_SWEEP
        clock.on_advance(self._look_soon)

    def at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call back once `clock.now() >= due`."""
        timer = Timer(due, callback)
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heapq.heappush(self._heap, (due, next(self._order), timer))
        if self._heap[0][2] is timer:
            self._wait()
        return timer

    def stop(self) -> None:
        """Forget every appointment. The clock keeps its reference to us, but nothing happens any more."""
        self._stopped = True
        self._heap.clear()
        if self._wakeup is not None:
            self._wakeup.cancel()

    def _sweep(self) -> None:
        """Throw cancelled appointments out, which else would lie here for the ten minutes of a dead connection."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._heap))

    def _look_soon(self) -> None:
        """The clock's callback, on any thread, perhaps long after the loop is gone."""
        if not self._stopped and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        now = self._clock.now()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].callback is None):
            callback = heapq.heappop(self._heap)[2].callback
            if callback is not None:
                self._call(callback)
        self._wait()

    def _call(self, callback: Callable[[], None]) -> None:
        """One appointment that goes wrong is told in the log; all the others are kept."""
        try:
            callback()
        except Exception as error:
            self._loop.call_exception_handler({"message": f"Exception in timer {callback!r}", "exception": error})

    def _wait(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        if self._heap and not self._stopped:
            wait = min(max(0.0, self._heap[0][0] - self._clock.now()), _LONGEST_WAIT)
            self._wakeup = self._loop.call_later(wait, self._look)
