"""No worker outlives the emulator, not even after `kill -9`: the kernel closes a dead process's pipes."""

from __future__ import annotations

import os
import signal
import threading


def hold(descriptor: int) -> None:
    """Watch the read end of a pipe whose write end only the emulator has; at its end, end this whole process group."""
    threading.Thread(target=_watch, args=(descriptor,), daemon=True, name="lifeline").start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass  # nobody ever writes; only the end of the pipe matters
    os.killpg(os.getpgrp(), signal.SIGKILL)
