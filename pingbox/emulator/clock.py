"""Time as a thing that can be handed in, so that ten minutes and two hours are testable without waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """The emulator's only source of time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def on_advance(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` (from any thread) whenever time jumps, so that timers are looked at again.

        What is returned ends that.
        """
        ...


class SystemClock:
    """The machine's clock; it never jumps, so no callback is ever called."""

    now = staticmethod(time.time)

    def on_advance(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class WoundClock:
    """The machine's clock plus what was wound on by hand. Thread-safe.

    Time still flows between two calls of `advance`, as a test that mixes real sockets and long limits needs it.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def now(self) -> float:
        with self._lock:
            return self._source() + self._ahead

    def on_advance(self, callback: Callable[[], None]) -> Callable[[], None]:
        with self._lock:
            self._callbacks.append(callback)
        return lambda: self._forget(callback)

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.remove(callback)

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the time on. Raises `ValueError` for a step back: timers that fired cannot be taken back."""
        step = seconds + 60 * minutes + 3600 * hours + 86400 * days
        if step < 0:
            raise ValueError(f"a clock can only be wound on, got {step} seconds; expected 0 or more")
        with self._lock:
            self._ahead += step
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()
