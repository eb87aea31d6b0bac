"""Where a failure's traceback ends: at the test's own line, not in the kit that found it.

A module of the kit says `__tracebackhide__ = is_told`, and pytest leaves its frames out (`--full-trace` shows them).
"""

from __future__ import annotations

from typing import Any

from pingbox.testing.clients.transport import RefusedError

TOLD = (AssertionError, RefusedError)
"""What the kit raises to tell of the app under test. Anything else is told with all its frames: it may be our bug."""


def is_told(info: Any) -> bool:
    """Whether the frames are of no use to who reads this failure; `info` is pytest's `ExceptionInfo`."""
    return isinstance(info.value, TOLD)
