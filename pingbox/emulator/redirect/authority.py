"""The certificate of the emulator's authority, as the redirect listener hands it out; asked for at the first need."""

from __future__ import annotations

import socket

PATH = "/authority.pem"
_SECONDS = 10.0

_known: dict[int, str] = {}


def pem(port: int) -> str:
    """The authority's certificate in PEM, from the redirect listener at this port of 127.0.0.1.

    Blocks until the emulator has made it, once per process. Raises `OSError`.
    """
    if port not in _known:
        with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
            connection.sendall(f"GET {PATH} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise OSError(f"the emulator's redirect listener at port {port} gave no certificate")
        _known[port] = body.decode("ascii")
    return _known[port]


def forget() -> None:
    """Ask again: the emulator may be another one."""
    _known.clear()
