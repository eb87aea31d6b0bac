"""What `serve` asks of the machine: enough file descriptors, and a log that stays readable when they run out."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
import time
from typing import Any

log = logging.getLogger("pingbox.emulator")

WANTED_FILES = 65_536
"""A connection takes one descriptor. macOS starts programs with a limit of 256."""

_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


def raise_open_files_limit() -> None:
    """Raise this process's soft limit as far as the system lets it, up to `WANTED_FILES`."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    # macOS refuses more than OPEN_MAX although its hard limit says unlimited.
    for limit in (wanted, 10_240, 4096):
        if soft == resource.RLIM_INFINITY or limit <= soft:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, wanted), hard))
        except (ValueError, OSError):
            continue
        return


class LoopErrors:
    """The loop's exception handler: as asyncio's own, but a lack of file descriptors is one line a second at most."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._last = float("-inf")
        self._left_out = 0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _OUT_OF_FILES):
            loop.default_exception_handler(context)
            return
        now = time.monotonic()
        if now - self._last < self._seconds:
            self._left_out += 1
            return
        more = f" ({self._left_out} more since the last line)" if self._left_out else ""
        self._last, self._left_out = now, 0
        log.error("no file descriptor is free: %s%s; raise the limit with ulimit -n, new connections wait", error, more)
