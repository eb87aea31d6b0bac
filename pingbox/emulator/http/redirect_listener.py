"""Where the connections of functions end that were meant for AWS: a loopback port that takes TLS and plain HTTP alike.

Its authority is made when the first client needs it, so that a start waits for none of it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from pingbox.emulator.http.certificates import LocalAuthority
from pingbox.emulator.redirect.authority import PATH

_TLS_HANDSHAKE = b"\x16"
_FIRST_BYTE_SECONDS = 10.0

logger = logging.getLogger(__name__)


class RedirectListener:
    """Hands connections to the protocols of the port. Order of calls: `start`, then `port`, then `close`."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._authority: asyncio.Task[LocalAuthority] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1. Raises `OSError`."""
        self._loop = asyncio.get_running_loop()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Take no more connections. Those that are handed on are not ours any more."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for task in self._tasks:
            task.cancel()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # it is gone already, or there is no file descriptor left: the next one may have one
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """Look at the first bytes, and leave them where they are, for whoever reads the connection then."""
        try:
            start = await asyncio.wait_for(self._peek(connection), _FIRST_BYTE_SECONDS)
            if not start:
                connection.close()
            elif start.startswith(_TLS_HANDSHAKE):
                context = (await self._made()).context
                await self._loop.connect_accepted_socket(self._protocol, connection, ssl=context)
            elif start.startswith(f"GET {PATH} ".encode()):
                await self._hand_out(connection)
            else:
                await self._loop.connect_accepted_socket(self._protocol, connection)
        except (OSError, TimeoutError):  # it hung up, said nothing, or does not trust us
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _peek(self, connection: socket.socket) -> bytes:
        ready = asyncio.Event()
        self._loop.add_reader(connection.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_reader(connection.fileno())
        return connection.recv(64, socket.MSG_PEEK)

    async def _hand_out(self, connection: socket.socket) -> None:
        """The authority's certificate, in the simplest HTTP."""
        pem = (await self._made()).pem
        while b"\r\n\r\n" not in await self._loop.sock_recv(connection, 65536):
            pass
        head = f"HTTP/1.0 200 OK\r\nContent-Type: application/x-pem-file\r\nContent-Length: {len(pem)}\r\n\r\n"
        await self._loop.sock_sendall(connection, head.encode() + pem)
        connection.close()

    async def _made(self) -> LocalAuthority:
        if self._authority is None:
            self._authority = self._loop.create_task(asyncio.to_thread(LocalAuthority))
        return await asyncio.shield(self._authority)
