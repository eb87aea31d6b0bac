"""Ending a TCP connection whose other side may be gone already."""

from __future__ import annotations

import asyncio
import socket

from pingbox.emulator.http import lingering_close
from support.waiting import until


class Deaf(asyncio.Protocol):
    """Does not read, and so does not notice that the client is gone."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport):
        self.transport = transport
        transport.pause_reading()


async def test_last_words_to_a_client_that_has_vanished_raise_nothing_and_the_socket_is_closed():
    """Its end was not read yet: the words are sent, the answer is a reset, and half-closing finds out."""
    loop, deaf = asyncio.get_running_loop(), Deaf()
    server = await loop.create_server(lambda: deaf, "127.0.0.1", 0)
    async with server:
        client = socket.create_connection(server.sockets[0].getsockname())
        await until(lambda: deaf.transport is not None, "the connection")
        client.close()
        lingering_close.say(deaf.transport, b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert deaf.transport.is_closing()
        await until(lambda: deaf.transport.get_extra_info("socket").fileno() == -1, "the socket's end")
