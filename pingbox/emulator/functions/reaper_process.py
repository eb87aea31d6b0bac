"""A small process that outlives the emulator by a moment, to end what it left behind: run as a file, on its own.

Told on stdin, line by line: `+1234` (process group 1234 has begun), `-1234` (it has ended). When stdin ends, because
the emulator did, in whatever way (the kernel closes the pipes of a process that was killed, too), the groups that are
left are killed and the folder given as argument is deleted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys


def main(folder: str) -> None:
    """Wait for the end of stdin, then clean up."""
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[0], int(line[1:])
        (groups.add if sign == "+" else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
