"""The event loop of the kit: its time stands still while somebody looks around in a debugger, and never freezes.

All limits of a test run by this loop's time: a function's timeout, API Gateway's 29 seconds, and how long `expect` and
its like wait. While any thread stands in a debugger (pdb, VS Code, PyCharm) none of it passes. It is the machine's own
monotonic time, also under freezegun, which replaces `time.monotonic`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from pingbox.emulator.services.lambda_.in_process.debugging import is_any_thread_debugged

_TICK = 0.25  # seconds between two looks
_STOPPED = 1.0  # seconds without a look: the whole process stood still, as when a debugger suspends every thread

if sys.platform == "win32":
    from asyncio import ProactorEventLoop as _Loop
else:
    from asyncio import SelectorEventLoop as _Loop


def real(name: str) -> Callable[[], float]:
    """The machine's own `time.monotonic` or `time.time`, whatever stands in its place at the moment."""
    freezegun = sys.modules.get("freezegun.api")
    found: Callable[[], float] = getattr(freezegun, f"real_{name}", None) or getattr(time, name)
    return found


class _RealTime:
    """Members of a class, which freezegun does not look for."""

    monotonic = staticmethod(real("monotonic"))


class StoppableLoop(_Loop):
    """Call `watch` once on the loop's thread."""

    def __init__(self) -> None:
        self._stood = 0.0
        self._looked = _RealTime.monotonic()
        self._owner = 0
        super().__init__()

    def watch(self) -> None:
        """From now on, notice when time has to stand still."""
        self._owner = threading.get_ident()
        self._looked = _RealTime.monotonic()
        self._tick()

    def time(self) -> float:
        """Seconds, as `time.monotonic`, without those in which somebody stood in a debugger."""
        now = _RealTime.monotonic()
        if threading.get_ident() == self._owner and now - self._looked >= _TICK:
            self._look(now)
        return now - self._stood

    def _look(self, now: float) -> None:
        gone, self._looked = now - self._looked, now
        if gone > _STOPPED or is_any_thread_debugged():
            self._stood += gone

    def _tick(self) -> None:
        if not self.is_closed():
            self.time()
            self.call_later(_TICK, self._tick)
