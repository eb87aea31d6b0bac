"""The one port: the first request's head tells a WebSocket from everything else (ADR 2)."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, cast

from pingbox.emulator.http import handshake, lingering_close
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.server.upgrade import Upgrade

if TYPE_CHECKING:
    from pingbox.emulator.http.timers import Timer

HEAD_SECONDS = 10.0
"""How long a client may take to send its first request's head."""

MAX_HEAD_BYTES = 32 * 1024
"""Of a request to an AWS service or to the page; for handshakes there is QT-40."""

SPARE_FILES = 64
"""File descriptors that connections leave to everything else: the store, functions' processes, the log."""

TLS_HANDSHAKE = 0x16  # the first byte of a TLS connection

_UPGRADE = re.compile(rb"^GET [^\r\n]*\r\n(?:[^\r\n]*\r\n)*?upgrade[ \t]*:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"


Http = Callable[[asyncio.Transport], asyncio.Protocol]
"""Makes the protocol for a transport whose first request is no upgrade."""


class Listener(asyncio.Protocol):
    """Reads one head, then gives the transport, with every byte read so far, to whom it belongs."""

    def __init__(self, gateway: Gateway, http: Http) -> None:
        self._gateway = gateway
        self._http = http
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._timer: Timer | None = None
        if not _has_room(self._transport):
            self._gateway.notices.warn(
                "files",
                f"a connection is refused: file descriptors run out (limit {_files_limit()}); raise it with ulimit -n",
            )
            self._transport.abort()
            return
        self._gateway.transports.add(self._transport)
        self._timer = self._gateway.timers.at(self._gateway.clock.now() + HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if not self._read and data[:1] == bytes([TLS_HANDSHAKE]) and not self._transport.get_extra_info("sslcontext"):
            self._gateway.notices.warn(
                "TLS", "a client speaks TLS on this port, which is plain: use ws:// and http://, or --tls-port"
            )
            self._transport.abort()
            return
        searched = max(0, len(self._read) - len(_END))
        self._read += data
        end = self._read.find(_END, searched)
        if end >= 0:
            self._decide(end + len(_END))
        elif len(self._read) > MAX_HEAD_BYTES:
            self._answer(handshake.refused(431, f"the request's head is longer than {MAX_HEAD_BYTES} bytes"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _decide(self, end: int) -> None:
        self._stop_timer()
        head = bytes(self._read[:end])
        if _UPGRADE.match(head):
            opening = Upgrade(self._gateway, self._transport, head, bytes(self._read[end:]))
            self._transport.set_protocol(opening)
            opening.start()
            return
        http = self._http(self._transport)
        self._transport.set_protocol(http)
        http.data_received(bytes(self._read))

    def _too_slow(self) -> None:
        self._answer(handshake.refused(408, f"no complete request within {HEAD_SECONDS:.0f} seconds"))

    def _answer(self, response: bytes) -> None:
        self._stop_timer()
        lingering_close.say(self._transport, response)


def _has_room(transport: asyncio.Transport) -> bool:
    """Whether the connection leaves file descriptors for everything else. The system gives out the lowest first, so its
    number says how many are in use.
    """
    socket = transport.get_extra_info("socket")
    return socket is None or socket.fileno() < _files_limit() - SPARE_FILES


@cache
def _files_limit() -> int:
    """How many descriptors this process may have. Read once: `serve` has raised it before it listens."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
