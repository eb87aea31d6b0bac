"""What /proc tells of other processes (Linux): who carries a marker, memory, sockets of a port."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

_ESTABLISHED, _CLOSE_WAIT = "01", "08"


def carrying(variable: str, value: str) -> dict[int, str]:
    """The running processes with this variable in their environment: pid to command line; ended ones do not count."""
    wanted = f"{variable}={value}".encode()
    found = {}
    for pid in _pids():
        with contextlib.suppress(OSError):  # it ended while we looked, or is another user's
            folder = Path("/proc", str(pid))
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def memory(pid: int) -> int:
    """Resident memory in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def open_files(pid: int) -> int:
    """How many file descriptors the process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def connections_of(port: int, *, but: Collection[int] = ()) -> int:
    """Connections of a server's `port` that the server still holds, but those to the processes `but`."""
    theirs = {inode for pid in but for inode in _socket_inodes(pid)}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    their_ports = {_port(row[1]) for row in rows if row[9] in theirs}
    held = [row for row in rows if _port(row[1]) == port and row[3] in (_ESTABLISHED, _CLOSE_WAIT)]
    return sum(_port(row[2]) not in their_ports for row in held)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _socket_inodes(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it ended meanwhile: it has no sockets
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = os.readlink(link)
                if target.startswith("socket:["):
                    yield target[8:-1]


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
