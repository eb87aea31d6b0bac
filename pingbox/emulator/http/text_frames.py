"""A text message for clients as the bytes that go over the wire, made once for however many receive it."""

from __future__ import annotations

import struct

from pingbox.emulator.http.deflate import SMALLEST_COMPRESSED, compress
from pingbox.emulator.services.apigateway.common import limits

_TEXT, _CONTINUATION = 0x1, 0x0
_FIN, _RSV1 = 0x80, 0x40


class OutgoingText:
    """One message and its wire forms. Thread-safe in that making a form twice does no harm."""

    __slots__ = ("_compressed", "payload", "plain")

    def __init__(self, data: bytes) -> None:
        # MG-30: whatever the bytes, the client gets a text message; a text frame has to be UTF-8.
        self.payload = data if _is_utf8(data) else data.decode("utf-8", "replace").encode()
        self.plain = _frames(self.payload, 0)
        self._compressed: bytes | None = None

    @property
    def text(self) -> str:
        return self.payload.decode("utf-8")

    def wire(self, deflate: bool) -> bytes:
        """The frames for a connection with or without permessage-deflate; short ones stay as they are."""
        if not deflate or len(self.payload) < SMALLEST_COMPRESSED:
            return self.plain
        if self._compressed is None:
            self._compressed = _frames(compress(self.payload), _RSV1)
        return self._compressed


def _frames(payload: bytes, rsv1: int) -> bytes:
    """Frames of at most 32 KB (OQ-11); RSV1 marks only the first one of a compressed message (RFC 7692, 6)."""
    size = limits.FRAME_BYTES
    chunks = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    last = len(chunks) - 1
    return b"".join(
        _header(_CONTINUATION if index else _TEXT | rsv1, index == last, len(chunk)) + chunk
        for index, chunk in enumerate(chunks)
    )


def _header(first: int, final: bool, length: int) -> bytes:
    """RFC 6455, 5.2: server frames are not masked."""
    first |= _FIN if final else 0
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
