"""A WebSocket client's end of a TCP connection: bytes to messages, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping, Sequence

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

_CLOSE_SECONDS = 2.0
"""How long the server may take to answer our close frame."""


class RefusedError(Exception):
    """The upgrade was not answered with 101. `status` and `headers` as the client saw them, `body` as text."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], body: str) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        super().__init__(f"{url} was refused with {status}: {body or '(no body)'}")


class Wire(asyncio.Protocol):
    """Call `handshake` first. `news` is called whenever `received`, `close` or `ended` has changed.

    Everything on the loop's thread. `received` are the whole messages so far (a binary one as text, as far as it is
    text, and in `binary` once more); `close` is the server's close frame, None without one; `ended` when
    nothing more can come.
    """

    def __init__(
        self,
        url: str,
        subprotocols: Sequence[str],
        origin: str | None,
        news: Callable[[], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url
        self._tls = tls
        self.received: list[str] = []
        self.binary: list[str] = []
        self.close: Close | None = None
        self.ended = False
        self._news = news
        self._protocol = ClientProtocol(
            parse_uri(url),
            origin=None if origin is None else Origin(origin),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            max_size=None,
        )
        self._fragments: list[bytes] = []
        self._is_binary = False
        self._pings: dict[bytes, asyncio.Future[None]] = {}
        self._pings_sent = 0
        self._lost = asyncio.get_running_loop().create_future()
        self._opened = asyncio.get_running_loop().create_future()

    async def handshake(self, headers: Mapping[str, str], within: float) -> None:
        """Raises `RefusedError`, `OSError` when nobody listens, `TimeoutError` after `within` seconds of silence."""
        uri = self._protocol.uri
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        tls = (self._tls or True) if uri.secure else None
        async with asyncio.timeout(within):
            await asyncio.get_running_loop().create_connection(lambda: self, uri.host, uri.port, ssl=tls)
            try:
                self._protocol.send_request(request)
                self._flush()
                await self._opened
            except BaseException:
                await self.drop()  # nobody will ask for this connection again
                raise

    @property
    def subprotocol(self) -> str | None:
        return self._protocol.subprotocol

    @property
    def port(self) -> int:
        """Our own TCP port."""
        return int(self._transport.get_extra_info("sockname")[1])

    # --- to the server ----------------------------------------------------------------------------------------------

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()

    async def roundtrip(self) -> None:
        """Return once the server has read all we sent, and we have read all it had sent by then; or at the end."""
        if self.ended:
            return
        self._pings_sent += 1
        payload = self._pings_sent.to_bytes(8, "big")
        pong = self._pings[payload] = asyncio.get_running_loop().create_future()
        self._protocol.send_ping(payload)
        self._flush()
        await pong

    async def shut(self, code: int, reason: str) -> None:
        """The closing handshake; returns once the server has answered it."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.gone()
        except TimeoutError:
            self.cut()
            await self.gone()

    def cut(self) -> None:
        """Drop the TCP connection without a word."""
        self._transport.abort()

    async def drop(self) -> None:
        """The same, and return once it has happened."""
        self.cut()
        await self.gone()

    async def gone(self) -> None:
        """Return once the TCP connection is closed."""
        await asyncio.shield(self._lost)

    @property
    def is_gone(self) -> bool:
        """Whether the TCP connection is closed; after `ended` that is up to the server, which may never do it."""
        return self._lost.done()

    def stop_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    @property
    def reading(self) -> bool:
        return self._transport.is_reading()

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._take_events()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
            self._take_events()
        if not self._opened.done():
            self._opened.set_exception(ConnectionResetError(f"{self.url}: the connection was cut in the handshake"))
        self._end()
        if not self._lost.done():
            self._lost.set_result(None)

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            match event:
                case Response():
                    self._answered(event)
                case Frame():
                    self._frame(event)
                case _:
                    pass  # a request, which no client receives
        self._flush()

    def _answered(self, response: Response) -> None:
        problem = self._protocol.handshake_exc
        if problem is None:
            self._opened.set_result(None)
        elif isinstance(problem, InvalidStatus):
            body = bytes(response.body or b"").decode("utf-8", "replace")
            headers = dict(response.headers.raw_items())
            self._opened.set_exception(RefusedError(self.url, response.status_code, headers, body))
        else:
            self._opened.set_exception(problem)

    def _frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                self._is_binary = frame.opcode is Opcode.BINARY or (self._is_binary and frame.opcode is Opcode.CONT)
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    self._message(b"".join(self._fragments).decode("utf-8", "replace"))
            case Opcode.PONG:
                self._ponged(bytes(frame.data))
            case Opcode.CLOSE:
                self.close = self._protocol.close_rcvd
                self._end()
            case _:
                pass  # a ping, which the protocol answers by itself

    def _message(self, text: str) -> None:
        self._fragments = []
        if self._is_binary:
            self.binary.append(text)
        self.received.append(text)
        self._news()

    def _ponged(self, payload: bytes) -> None:
        pong = self._pings.pop(payload, None)
        if pong is not None and not pong.done():
            pong.set_result(None)

    def _end(self) -> None:
        self.ended = True
        for pong in self._pings.values():
            if not pong.done():
                pong.set_result(None)
        self._pings.clear()
        self._news()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():  # not with TLS, which knows no half of a connection
                with contextlib.suppress(OSError):  # the other side was quicker
                    self._transport.write_eof()
