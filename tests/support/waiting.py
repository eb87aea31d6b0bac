"""Waiting for a condition with a deadline, so that no test ever sleeps for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], object], what: str, *, within: float = 20.0) -> None:
    """Return once `condition()` is true; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s in vain for: {what}")
        await asyncio.sleep(0.005)


def until_sync(condition: Callable[[], object], what: str, *, within: float = 20.0) -> None:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s in vain for: {what}")
        time.sleep(0.005)
