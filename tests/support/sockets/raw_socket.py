"""A WebSocket client that does exactly what it is told, byte by byte, and shows exactly what came back.

It keeps no rule of RFC 6455: do not use it where a real client would do, or a test becomes unrealistic.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass

from websockets.frames import Opcode, apply_mask

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@dataclass(frozen=True)
class Answer:
    """An HTTP response's status and headers (names in lower case), and its body if it announced one."""

    status: int
    headers: dict[str, str]
    body: bytes
    head: bytes


class RawSocket:
    """Open with `connect`; close with `drop`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> RawSocket:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self, opcode: int, data: bytes, *, fin: bool = True, rsv: int = 0, mask: bool = True) -> None:
        """Send one frame; `rsv` has the reserved bits, RSV1 is 0x40."""
        await self.send(wire_frame(opcode, data, fin=fin, rsv=rsv, mask=mask))

    async def text(self, text: str) -> None:
        await self.frame(Opcode.TEXT, text.encode())

    async def answer(self) -> Answer:
        """Read one HTTP response."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines if ":" in line}
        body = await asyncio.wait_for(self.reader.readexactly(int(headers.get("content-length", 0))), 5)
        return Answer(int(first.split()[1]), headers, body, head)

    async def received(self) -> tuple[int, bool, bytes]:
        """Read one frame: its first byte's opcode with RSV1 (0x40), FIN, and its payload."""
        first, second = await asyncio.wait_for(self.reader.readexactly(2), 5)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return first & 0x4F, bool(first & 0x80), await asyncio.wait_for(self.reader.readexactly(length), 5)

    async def close_code(self) -> int:
        """Read frames until the close frame; 1005 for one without a code."""
        while True:
            opcode, _, payload = await self.received()
            if opcode == Opcode.CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005

    async def ended(self) -> bytes:
        """Everything up to the end of the TCP connection."""
        return await asyncio.wait_for(self.reader.read(), 5)

    async def upgrade(self, path: str = "/dev", *extra: str, key: str = KEY) -> Answer:
        """Send a proper upgrade request with extra header lines and read the response."""
        await self.send(upgrade_request(path, *extra, key=key))
        return await self.answer()

    async def drop(self) -> None:
        """Close the TCP connection, with no close frame. What was not sent yet never will be."""
        if self.writer.transport.get_write_buffer_size():
            self.writer.transport.abort()
        self.writer.close()
        with contextlib.suppress(OSError):  # a reset by the other side is a fine end for a test
            await self.writer.wait_closed()


def wire_frame(opcode: int, data: bytes, *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """A client's frame by RFC 6455, 5.2, or a broken one: nothing is checked."""
    first = (0x80 if fin else 0) | rsv | opcode
    masked = 0x80 if mask else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, masked | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, masked | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, masked | 127, len(data))
    key = b"\x01\x02\x03\x04"
    return head + (key + apply_mask(data, key) if mask else data)


def upgrade_request(path: str = "/dev", *extra: str, key: str = KEY) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *extra,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
