"""A small process that outlives the emulator by a moment, to end what it left behind: run as a file, on its own.

Told on stdin, line by line: `+1234` (process group 1234 runs), `-1234` (it has ended), `x/tmp/f` (the environment
with this temporary folder has ended, and what it started must). When stdin ends, because the emulator did, in whatever
way (the kernel closes the pipes of a process that was killed, too), the groups that are left are killed and the folder
given as argument is deleted.

A handler's child may have left its group (`start_new_session=True`, as programs that drive browsers do). Where there is
a /proc, it is found by its `TMPDIR`, its environment's own folder, which it has inherited.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator


def main(folder: str) -> None:
    """Wait for the end of stdin, then clean up."""
    groups: set[int] = set()
    for lines in _told():
        for line in lines:
            if line[0] in "+-":
                (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
        if removed := [line[1:] for line in lines if line[0] == "x"]:
            _kill_strays(removed)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(group, signal.SIGKILL)
    _kill_strays([folder])
    shutil.rmtree(folder, ignore_errors=True)


def _told() -> Iterator[list[str]]:
    """The lines on stdin, those together that have come together: one search for what many left behind."""
    rest = b""
    while piece := os.read(sys.stdin.fileno(), 65_536):
        *lines, rest = (rest + piece).split(b"\n")
        yield [os.fsdecode(line) for line in lines]


def _kill_strays(folders: list[str]) -> None:
    for _ in range(100):  # again, as one of them may just have had a child; not for ever, as some cannot die at once
        strays = _strays(folders)
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _strays(folders: list[str]) -> list[int]:
    """The running processes whose temporary folder is one of these, or lies in one."""
    wanted = tuple(os.fsencode(f"TMPDIR={folder}/") for folder in folders)
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        # No process, ended by now, or another user's: OSError.
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as environ:
            if any((variable + b"/").startswith(wanted) for variable in environ.read().split(b"\0")):
                found.append(int(name))
    return found


if __name__ == "__main__":
    main(sys.argv[1])
