"""The memory figure of the REPORT line (LM-27)."""

from __future__ import annotations

import sys
import time
from pathlib import Path

_SECONDS = 0.1  # a figure of the whole process need not be newer
_peak, _looked = 0, -1.0
_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024  # of ru_maxrss


def peak_of_this_process() -> int:
    """The most memory this process has held so far, in whole MB; 0 where the system does not tell (Windows)."""
    global _peak, _looked
    if sys.platform == "win32":
        return 0
    now = time.monotonic()
    if now - _looked > _SECONDS:
        import resource

        _peak, _looked = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _UNITS_PER_MB, now
    return _peak


def peak_of(pid: int) -> int:
    """The same for another process of ours. 0 if it has ended, or the system has no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
    return int(kilobytes) // 1024
