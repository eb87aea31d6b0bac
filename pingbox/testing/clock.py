"""The emulator's time in a test: it flows, and it can be wound on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pingbox.testing.runtime.stoppable_loop import real


class TestClock:
    """The machine's clock plus what the test wound on. Thread-safe. Each test begins at the machine's time.

    Only the emulator reads it: idle and two-hour limits, TTL, schedules, throttles. `time.time()` in a handler of your
    own does not move, unless a library that fakes the time is bound to it with `bind`.
    """

    __test__ = False  # for pytest, which collects what begins with Test

    def __init__(self, settle: Callable[[], None], source: Callable[[], float] | None = None) -> None:
        """`settle` is called after each step, and returns once everybody who waits for a time has looked.

        `source` None: the machine's own time, whatever stands in place of `time.time`.
        """
        self._settle = settle
        self._source = self._machine = source or real("time")
        self._move: Callable[[float], object] | None = None
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return self._source() + self._ahead

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the time on, and return when whatever was due has begun to happen. Blocks; see `advance_async`.

        Raises `ValueError` for a step back: what has happened cannot be taken back.
        """
        step = seconds + 60 * minutes + 3600 * hours + 86400 * days
        if step < 0:
            raise ValueError(f"a clock can only be wound on, got {step} seconds; expected 0 or more")
        with self._lock:
            if self._move is None:
                self._ahead += step
            else:
                self._move(step)
        self._tell()
        self._settle()

    async def advance_async(
        self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """`advance` for `async def` tests: their event loop goes on meanwhile."""
        await asyncio.to_thread(self.advance, seconds, minutes=minutes, hours=hours, days=days)

    def bind(self, faked: Any) -> None:
        """Have one time for the emulator and for `time.time()`, until the end of the test.

        `faked` is what freezegun's `freeze_time` or time-machine's `travel` gave: `clock.advance` moves it, and the
        emulator's time is what handlers see. So TTLs, expiry of tokens and limits agree. Raises `TypeError` for
        anything else.
        """
        move_to = getattr(faked, "move_to", None)
        if move_to is None:
            raise TypeError(f"cannot bind the clock to {faked!r}; expected what freeze_time(...) or travel(...) gave")

        def move(seconds: float) -> None:
            move_to(datetime.fromtimestamp(time.time() + seconds, UTC))

        with self._lock:
            self._move = move
            self._source, self._ahead = lambda: time.time(), 0.0  # looked up at each call: it is what was faked
        self._tell()

    def on_advance(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called, on any thread, whenever the time jumps; what is returned ends that."""
        with self._lock:
            self._callbacks.append(callback)
        return lambda: self._forget(callback)

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.remove(callback)

    def rewind(self) -> None:
        """Back to the machine's time, for the next test; only while nothing waits for a time."""
        with self._lock:
            self._source, self._move, self._ahead = self._machine, None, 0.0
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()
