"""A WebSocket client that costs next to nothing, so that what is measured is the server.

It shakes hands, masks with zero (legal, RFC 6455 section 5.3 asks only for unpredictability) and counts whole text
frames. It speaks no extensions and answers no pings: use it against servers on loopback only.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
)


def masked(text: bytes) -> bytes:
    """One masked text frame with `text` (UTF-8), ready to be written."""
    size = len(text)
    if size < 126:
        head = struct.pack("!BB", 0x81, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
    return head + b"\0\0\0\0" + text


class LightClient(asyncio.Protocol):
    """One connection. `on_text` is called with every text frame's payload; `frames` counts them."""

    def __init__(self, request: bytes, on_text: Callable[[bytes], None] | None) -> None:
        self._request = request
        self._buffer = bytearray()
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_text = on_text
        self.frames = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.open.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            status = bytes(self._buffer[:end]).split(b"\r\n", 1)[0]
            del self._buffer[: end + 4]
            if b" 101 " not in status + b" ":
                self.open.set_exception(ConnectionError(f"the handshake was refused: {status!r}"))
                self.transport.close()
                return
            self.open.set_result(None)
        self._count_frames()

    def _count_frames(self) -> None:
        buffer, start, have = self._buffer, 0, len(self._buffer)
        while have - start >= 2:
            size, head = buffer[start + 1], 2
            if size == 126:
                if have - start < 4:
                    break
                size, head = int.from_bytes(buffer[start + 2 : start + 4], "big"), 4
            elif size == 127:
                if have - start < 10:
                    break
                size, head = int.from_bytes(buffer[start + 2 : start + 10], "big"), 10
            if have - start < head + size:
                break
            if buffer[start] & 0x0F == 1:
                self.frames += 1
                if self.on_text is not None:
                    self.on_text(bytes(buffer[start + head : start + head + size]))
            start += head + size
        if start:
            del buffer[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed during the handshake"))
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, frame: bytes) -> None:
        """Write what `masked` made."""
        self.transport.write(frame)


async def connect(
    port: int, path: str, on_text: Callable[[bytes], None] | None = None, headers: str = ""
) -> LightClient:
    """A client whose handshake is done. Raises `ConnectionError` when it is refused."""
    request = _HANDSHAKE.format(path=path, host="127.0.0.1", port=port, headers=headers).encode()
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: LightClient(request, on_text), "127.0.0.1", port)
    await client.open
    return client
