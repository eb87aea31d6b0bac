"""WebSocket frames as API Gateway reads and writes them: sizes, compression (HS-6), texts for many receivers."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Sequence

from websockets.exceptions import NegotiationError, PayloadTooBig, ProtocolError
from websockets.extensions import Extension, ServerExtensionFactory
from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import ExtensionName, ExtensionParameter

from pingbox.emulator.services.apigateway.common import limits

protocol_logger = logging.getLogger("pingbox.emulator.websocket")
protocol_logger.setLevel(logging.WARNING)


def new_protocol() -> ServerProtocol:
    """The Sans-I/O protocol of an open connection."""
    return GatewayProtocol(state=State.OPEN, max_size=(None, limits.FRAME_BYTES), logger=protocol_logger)


class GatewayProtocol(ServerProtocol):
    """Frames of at most 32 KB (QT-4), messages of at most 128 KB (QT-5).

    Messages are measured here, by what they inflate to: websockets would hold what is left of a message's size against
    a frame as it travels, and refuse the last compressed bytes of a message, or a ping within it, that is just full.
    """

    def recv_frame(self, frame: Frame) -> None:
        so_far = self.current_size
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None  # RFC 6455, 5.4: a close may come in the middle of a fragmented message
        elif frame.opcode is Opcode.CONT and so_far is not None and so_far + len(frame.data) > limits.MESSAGE_BYTES:
            raise PayloadTooBig(len(frame.data), limits.MESSAGE_BYTES - so_far)
        super().recv_frame(frame)

    def fail(self, code: int, reason: str = "") -> None:
        """Close for what the client did wrong; `reason` is for the developer's log.

        AWS's words for it are not known, so the close frame has none (OQ-5), nor has the `$disconnect` event.
        """
        if reason and code != CloseCode.ABNORMAL_CLOSURE:
            protocol_logger.warning("a connection is closed with %d: %s", code, reason)
        super().fail(code)


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
