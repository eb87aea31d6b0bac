"""The WebSocket protocol of an open connection: websockets', with API Gateway's sizes."""

from __future__ import annotations

import logging

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

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
