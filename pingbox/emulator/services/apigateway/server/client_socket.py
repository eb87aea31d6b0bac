"""One open WebSocket: moves bytes between its transport, the protocol and the gateway's decisions."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, assert_never

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from pingbox.emulator.activity import Disconnected, FrameReceived, FrameSent
from pingbox.emulator.history import cause
from pingbox.emulator.http.lingering_close import LINGER_SECONDS, end_writing
from pingbox.emulator.http.websocket_frames import OutgoingText
from pingbox.emulator.services.apigateway.common import utf8
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.server.integrations import integrate
from pingbox.emulator.services.apigateway.websocket import conversation
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import (
    BinaryMessage,
    Close,
    Effect,
    Invoke,
    Send,
    TextMessage,
)

if TYPE_CHECKING:
    from pingbox.emulator.http.timers import Timer

logger = logging.getLogger(__name__)

MAX_RUNNING = 128
"""Invocations of one connection at a time; beyond that its socket is not read, so TCP holds the client back."""

SEND_BUFFER = 1024 * 1024
"""Bytes written but not yet taken by the client, beyond which posts get 429 (MG-17) and nothing more is read."""


class Phase(Enum):
    """How far a connection has come; it only moves down this list."""

    OPEN = auto()
    """Messages are received and sent."""
    REFUSING = auto()
    """A binary frame was received (RT-26): no message is received any more, its close frame is about to be sent."""
    GONE = auto()
    """A close frame was sent or received, or the TCP connection was lost. Messages received before still run."""
    DISCONNECTED = auto()
    """All its messages have started, and `$disconnect` after them (OR-5)."""


class ClientSocket(asyncio.Protocol):
    """From the 101 to the end. On the loop's thread, but for reading `open`, `congested` and `connection`.

    `open` turns false at the moment the connection is gone for `@connections` (MG-10): when its close frame is sent or
    received, or already when a DELETE is answered, on whatever thread; the TCP connection ends a little later.
    """

    __slots__ = (
        "_cause",
        "_fragments",
        "_gateway",
        "_hangup",
        "_paused",
        "_phase",
        "_protocol",
        "_running",
        "_timer",
        "_transport",
        "_waiting",
        "congested",
        "connection",
        "deflate",
        "last_traffic",
        "open",
    )

    def __init__(
        self, gateway: Gateway, transport: asyncio.Transport, connection: Connection, protocol: ServerProtocol
    ) -> None:
        self.connection = connection
        self.open = True
        self.congested = False
        self.deflate = bool(protocol.extensions)
        self.last_traffic = connection.connected_at
        self._gateway = gateway
        self._transport = transport
        self._protocol = protocol
        self._fragments: list[bytes] = []
        self._phase = Phase.OPEN
        self._cause: tuple[int, str] = conversation.DROPPED  # code and reason of the `$disconnect` event
        self._waiting: deque[conversation.Frame] = deque()
        self._running = 0
        self._paused = False
        self._hangup: asyncio.TimerHandle | None = None
        self._timer: Timer | None = None
        transport.set_write_buffer_limits(high=SEND_BUFFER)

    @property
    def _is_connected(self) -> bool:
        return self._phase is Phase.OPEN or self._phase is Phase.REFUSING

    def start(self) -> None:
        """Take part: the 101 is written."""
        self.last_traffic = self._gateway.clock.now()
        self._gateway.sockets[self.connection.connection_id] = self
        self._look_at_clock()

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        cause.set(None)  # what the client does has no cause here
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame_received(event)
        self._flush()
        self._pump()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        cause.set(None)
        self._gone(*conversation.DROPPED)
        if self._hangup is not None:
            self._hangup.cancel()
        self._pump()

    def pause_writing(self) -> None:
        self.congested = True
        self._regulate_reading()

    def resume_writing(self) -> None:
        self.congested = False
        self._regulate_reading()

    # --- to the client ----------------------------------------------------------------------------------------------

    def write(self, message: OutgoingText, cause: str, now: float) -> None:
        """Send one text message, if the connection is still open. Traffic either way resets the idle timer (QT-30)."""
        # What was posted before a DELETE still goes out before its close frame. A transport that has failed says so a
        # turn of the loop later; writing to it until then would only fill the log.
        if not self._is_connected or self._transport.is_closing():
            return
        self._transport.write(message.wire(self.deflate))
        self.last_traffic = now
        if self._gateway.observed:
            self._gateway.tell(FrameSent(now, self.connection.connection_id, message.text, cause))

    def close(self, close: Close) -> None:
        """Close from our side; does nothing if the connection is gone already."""
        if not self._is_connected:
            return
        self._waiting.clear()
        self._protocol.send_close(close.code, close.reason)
        self._gone(*conversation.disconnect_cause(close))
        self._flush()
        self._pump()

    # --- from the client --------------------------------------------------------------------------------------------

    def _frame_received(self, frame: Frame) -> None:
        if self._phase is not Phase.OPEN:
            return  # sent before our close frame was seen: it is no message of this connection any more
        match frame.opcode:
            case Opcode.TEXT | Opcode.CONT:
                self._text_received(frame)
            case Opcode.BINARY:
                self._phase = Phase.REFUSING  # by its first frame, the rest of it included
                self._waiting.append(BinaryMessage())
            case Opcode.CLOSE:
                received = self._protocol.close_rcvd
                code = received.code if received is not None and frame.data else None
                reason = received.reason if received is not None else ""
                self._gone(*conversation.client_close_cause(code, reason))
            case Opcode.PING:
                if self._gateway.switches.pings_reset_idle:
                    self.last_traffic = self._gateway.clock.now()
            case _:
                pass  # a pong, which nobody asked for (QT-32)

    def _text_received(self, frame: Frame) -> None:
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            return
        payload, self._fragments = b"".join(self._fragments), []
        try:
            self._waiting.append(TextMessage(payload.decode("utf-8")))
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "a text message is not UTF-8")

    def _fail(self, code: CloseCode, problem: str) -> None:
        if self._is_connected:
            self._protocol.fail(code, problem)
            self._gone(code, "")

    def _pump(self) -> None:
        """Start as many of the waiting messages as may run; the `$disconnect` comes after all of them (OR-5)."""
        most = 1 if self._gateway.switches.message_order == "serial" else MAX_RUNNING
        while self._waiting and self._running < most:
            self._decide(self._waiting.popleft())
        if self._phase is Phase.GONE and not self._waiting:
            self._phase = Phase.DISCONNECTED
            self._disconnect(*self._cause)
        self._regulate_reading()

    def _decide(self, frame: conversation.Frame) -> None:
        now = self._gateway.clock.now()
        self.last_traffic = now
        deployment = self._gateway.deployment(self.connection)
        if deployment is None:
            return  # the stage was taken away; `replace` closes its connections
        if self._gateway.observed and isinstance(frame, TextMessage):
            self._gateway.tell(FrameReceived(now, self.connection.connection_id, frame.text))
        effects = conversation.received(
            deployment,
            self.connection,
            frame,
            now=now,
            ids=self._gateway.event_ids(now, self.connection.connection_id),
            buckets=self._gateway.buckets,
            switches=self._gateway.switches,
        )
        self._perform(effects)

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Invoke():
                    self._running += 1
                    self._gateway.spawn(self._message(effect))
                case Send(text, cause, problem):
                    if problem is not None:
                        logger.warning("%s: %s", self.connection.connection_id, problem)
                    self.write(OutgoingText(utf8.encoded(text)), cause, self._gateway.clock.now())
                case Close():
                    self.close(effect)
                case _:
                    assert_never(effect)

    async def _message(self, work: Invoke) -> None:
        try:
            outcome = await integrate(self._gateway, self.connection, work.route, work.event)
            self._perform([*conversation.message_ended(self.connection, work.route, outcome, work.ids)])
        finally:
            self._running -= 1
            self._pump()

    # --- the end ----------------------------------------------------------------------------------------------------

    def _gone(self, code: int, reason: str) -> None:
        """The connection does not exist any more, except for its TCP peer. The first cause counts."""
        if not self._is_connected:
            return
        self._phase = Phase.GONE
        self.open = False
        self._cause = (code, reason)
        self._gateway.sockets.pop(self.connection.connection_id, None)
        if self._timer is not None:
            self._timer.cancel()
        self._gateway.tell(Disconnected(self._gateway.clock.now(), self.connection.connection_id, code, reason))

    def _disconnect(self, code: int, reason: str) -> None:
        now = self._gateway.clock.now()
        deployment = self._gateway.deployment(self.connection)
        if deployment is None:
            return
        ids = self._gateway.event_ids(now)
        for work in conversation.disconnected(deployment, self.connection, code, reason, now=now, ids=ids):
            self._gateway.spawn(self._run(work))

    async def _run(self, work: Invoke) -> None:
        await integrate(self._gateway, self.connection, work.route, work.event)

    def _flush(self) -> None:
        """Write what the protocol wants written; notice when it has failed or closed the connection."""
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                end_writing(self._transport)
        if self._protocol.state is State.OPEN:
            return
        sent = self._protocol.close_sent
        self._gone(*((sent.code, "") if sent is not None else conversation.DROPPED))
        if self._hangup is None:
            # Not closed at once: what the client has sent and we have not read would turn into a reset, and the
            # reset would overtake the close frame.
            self._hangup = self._gateway.loop.call_later(LINGER_SECONDS, self._transport.abort)

    def _look_at_clock(self) -> None:
        cause.set(None)
        close = conversation.overdue(
            self.connection, self.last_traffic, self._gateway.clock.now(), self._gateway.switches
        )
        if close is not None:
            self.close(close)
            return
        due = conversation.due_at(self.connection, self.last_traffic, self._gateway.switches)
        self._timer = self._gateway.timers.at(due, self._look_at_clock)

    def _regulate_reading(self) -> None:
        """Read only while there is room for what comes: in the invocations and in the send buffer."""
        pause = self._is_connected and (bool(self._waiting) or self.congested)
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()
