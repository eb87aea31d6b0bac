"""permessage-deflate as API Gateway negotiates it (HS-6), without a compressor or a decompressor kept per connection.

A zlib decompressor holds about 40 KB for as long as its connection lives. RFC 7692 only asks for the last 32 KB of what
was decompressed, so that is what we keep: as long as it really is, nothing for a connection that said nothing. What we
send is compressed with a fresh compressor, which never refers back: that is legal on every connection, and one
compressed message serves all receivers of a fan-out.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from websockets.exceptions import NegotiationError, PayloadTooBig, ProtocolError
from websockets.extensions import Extension, ServerExtensionFactory
from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.typing import ExtensionName, ExtensionParameter

SMALLEST_COMPRESSED = 1024
"""Bytes; shorter messages are sent as they are: compressing them costs more than it saves."""

_NAME = ExtensionName("permessage-deflate")
_WINDOW = 32 * 1024
_SERVER_WINDOW_BITS = 12
_TAIL = b"\x00\x00\xff\xff"
_KNOWN = frozenset(
    {"client_max_window_bits", "server_max_window_bits", "client_no_context_takeover", "server_no_context_takeover"}
)


def compress(payload: bytes) -> bytes:
    """A whole message's payload, compressed for any connection that negotiated the extension."""
    compressor = zlib.compressobj(level=1, wbits=-_SERVER_WINDOW_BITS, memLevel=5)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


class ThriftyDeflate(Extension):
    """The receiving half of the extension; frames to send are compressed by `compress`, if at all."""

    name = _NAME

    def __init__(self) -> None:
        self._history = b""
        self._decoder: zlib._Decompress | None = None

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """Inflate a data frame. Raises `PayloadTooBig` beyond `max_size` bytes, `ProtocolError` for nonsense."""
        if frame.opcode in CTRL_OPCODES:
            return frame
        if frame.opcode is Opcode.CONT:
            if frame.rsv1:
                raise ProtocolError("RSV1 bit set in continuation frame")
        elif frame.rsv1:
            self._decoder = zlib.decompressobj(wbits=-15, zdict=self._history)
        if self._decoder is None:
            return frame
        payload = self._inflate(self._decoder, bytes(frame.data) + (_TAIL if frame.fin else b""), max_size)
        self._history = (self._history + payload)[-_WINDOW:]
        if frame.fin:
            self._decoder = None
        return Frame(frame.opcode, payload, frame.fin, False, frame.rsv2, frame.rsv3)

    def encode(self, frame: Frame) -> Frame:
        """Leave the frame as it is: only control frames pass here."""
        return frame

    @staticmethod
    def _inflate(decoder: zlib._Decompress, data: bytes, max_size: int | None) -> bytes:
        try:
            # One byte more than allowed, so that a message of exactly the limit passes.
            payload = decoder.decompress(data, 0 if max_size is None else max_size + 1)
        except zlib.error as error:
            raise ProtocolError("decompression failed") from error
        if max_size is not None and len(payload) > max_size:
            raise PayloadTooBig(None, max_size)
        return payload


class ThriftyDeflateFactory(ServerExtensionFactory):
    """Accepts every offer and answers `server_max_window_bits=12`, ignoring the client's own limit, as AWS does."""

    name = _NAME

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], ThriftyDeflate]:
        if any(extension.name == _NAME for extension in accepted_extensions):
            raise NegotiationError("permessage-deflate is already accepted")
        unknown = [name for name, _ in params if name not in _KNOWN]
        if unknown:
            raise NegotiationError(f"unknown parameter {unknown[0]}")
        return [("server_max_window_bits", str(_SERVER_WINDOW_BITS))], ThriftyDeflate()
