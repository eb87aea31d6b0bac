"""Run as a script: become a command in a network namespace of its own, which has a loopback and nothing else (Linux).

`python isolated_process.py '{"bridge": "/tmp/…/bridge", "ports": [3001, …]}' command…`: what the command connects to at
one of these ports of the loopback arrives at the emulator, through the bridge; every other address is unreachable. The
Python that runs the emulator starts it, with -I -S; it imports nothing of PingBox.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import threading
from typing import Any

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
CANNOT = 125  # the exit status where the user may make no network namespace


def main(options: dict[str, Any], command: list[str]) -> None:
    try:
        _enter_namespace()
        _loopback_up()
    except OSError as error:
        sys.stderr.write(f"no network namespace can be made here: {error}\n")
        sys.exit(CANNOT)
    listeners = [(_listening(port), port) for port in options["ports"]]
    if listeners:
        _start_forwarding(listeners, options["bridge"])
    for listener, _ in listeners:
        listener.close()
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - that is what it is for


def _start_forwarding(listeners: list[tuple[socket.socket, int]], bridge: str) -> None:
    """In a process that ends with the command's process group; no child of the command, which may wait for its own."""
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _forward(listeners, bridge)
        os._exit(0)
    os.waitpid(child, 0)


def _enter_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    if _unshare(_NEW_NET):  # root may
        return
    if not _unshare(_NEW_USER | _NEW_NET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(content)


def _unshare(flags: int) -> bool:
    return bool(ctypes.CDLL(None, use_errno=True).unshare(flags) == 0)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=1024)


def _forward(listeners: list[tuple[socket.socket, int]], bridge: str) -> None:
    """Until the process group is killed."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for listener, port in listeners[1:]:
        threading.Thread(target=_accept, args=(listener, port, bridge), daemon=True).start()
    listener, port = listeners[0]
    _accept(listener, port, bridge)


def _accept(listener: socket.socket, port: int, bridge: str) -> None:
    while True:
        here, _ = listener.accept()
        there = socket.socket(socket.AF_UNIX)
        try:
            there.connect(bridge)
            there.sendall(f"{port}\n".encode())
        except OSError:
            here.close()
            there.close()
            continue
        here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target in ((here, there), (there, here)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
