"""The emulator's time in a test: it flows, and it can be wound on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TestClock:
    """The machine's clock plus what the test wound on. Thread-safe. Each test begins at the machine's time.

    Only the emulator reads it: idle and two-hour limits, TTL, schedules, throttles. `time.time()` in a handler of your
    own does not move; a handler whose own decisions depend on the time can be given `clock.now`.
    """

    __test__ = False  # for pytest, which collects what begins with Test

    def __init__(self, settle: Callable[[], None], source: Callable[[], float] = time.time) -> None:
        """`settle` is called after each step, and returns once everybody who waits for a time has looked."""
        self._settle = settle
        self._source = source
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return self._source() + self._ahead

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the time on, and return when whatever was due has begun to happen.

        Raises `ValueError` for a step back: what has happened cannot be taken back.
        """
        step = seconds + 60 * minutes + 3600 * hours + 86400 * days
        if step < 0:
            raise ValueError(f"a clock can only be wound on, got {step} seconds; expected 0 or more")
        with self._lock:
            self._ahead += step
        self._tell()
        self._settle()

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
            self._ahead = 0.0
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()
