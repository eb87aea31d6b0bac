"""Whether a thread stands in a debugger: limits wait for whoever looks around in it."""

from __future__ import annotations

import sys
import threading
from types import FrameType

PROMPTS = frozenset({"pdb", "bdb", "cmd", "code", "_pytest.debugging", "ipdb", "IPython.terminal.debugger"})
"""The modules of debuggers that ask at a terminal: what they print is for a person."""

_SUSPENDED = frozenset({"do_wait_suspend", "_do_wait_suspend"})
"""The functions of pydevd in which a thread waits. pydevd is what VS Code (debugpy) and PyCharm debug with."""


def stands_in_debugger(frame: FrameType | None) -> bool:
    """Whether one of the frames of this stack is a debugger's that waits for a person."""
    while frame is not None:
        if frame.f_globals.get("__name__") in PROMPTS:
            return True
        if frame.f_code.co_name in _SUSPENDED and "pydevd" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def is_thread_debugged(identity: int | None) -> bool:
    """Whether the thread with this identity stands in a debugger."""
    return stands_in_debugger(sys._current_frames().get(identity or 0))


def is_any_thread_debugged() -> bool:
    """Whether any thread but this one does. Costs nothing while no debugger has been imported."""
    if not any(name in sys.modules for name in ("pdb", "pydevd", "_pydevd_bundle")):
        return False
    own = threading.get_ident()
    return any(stands_in_debugger(frame) for identity, frame in sys._current_frames().items() if identity != own)
