"""Connections of AWS SDKs: plain signed requests are answered here, everything else is handed to aiohttp.

A worker's boto3 posts to `@connections` for each receiver of a message, over one connection that it keeps. For those
requests a whole HTTP server costs more than the answer. So this reads only what SDKs write: HTTP/1.1, one
`Content-Length`, a signature or a target, no header of a browser. The first request that is anything else goes to
aiohttp with the rest of the connection: who may use the port, and what a refusal says, is decided there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

from multidict import CIMultiDict

from pingbox.emulator.http import handshake, lingering_close
from pingbox.emulator.http.access import Access, Caller
from pingbox.emulator.http.dispatch import HttpTimeouts
from pingbox.emulator.services.port import MAX_BODY_BYTES, AwsRequest, AwsResponse, Service, max_body_bytes, scope_of
from pingbox.emulator.services.registry import ServiceRegistry

_REQUEST = re.compile(
    r"(GET|POST|PUT|DELETE) (/[^ \r\n]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[^\r\n]*\r\n)+)\r\n", re.ASCII
)
_END = b"\r\n\r\n"
_LENGTH = re.compile(r"\d{1,8}", re.ASCII)
_MAX_HEAD_BYTES = 8 * 1024  # longer ones are refused by aiohttp's own limits
# Headers by which a browser speaks, or that change how the body or the connection is to be read.
_UNUSUAL = (
    "Origin", "Referer", "Sec-Fetch-Site", "Transfer-Encoding", "Content-Encoding", "Expect", "Upgrade", "Connection",
    "X-Amz-Decoded-Content-Length",
)  # fmt: skip
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class SdkConnection(asyncio.Protocol):
    """Takes a transport over from the listener; `other` makes the protocol that it is handed over to."""

    def __init__(
        self,
        transport: asyncio.Transport,
        services: ServiceRegistry,
        access: Access,
        other: Callable[[], asyncio.Protocol],
        timeouts: HttpTimeouts,
    ) -> None:
        self._transport = transport
        self._services = services
        self._access = access
        self._other = other
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._read = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._since = self._loop.time()
        self._timer = self._loop.call_later(min(timeouts.idle, timeouts.body), self._look_at_clock)
        self._gone = False

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """More of a request, or of the next one while one is answered."""
        if not self._read:
            self._since = self._loop.time()
        self._read += data
        if self._task is None:
            self._go_on()
        elif len(self._read) > MAX_BODY_BYTES:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: nobody waits for an answer any more."""
        self._gone = True
        self._timer.cancel()

    # --- requests -----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Answer the requests that are there, one after the other."""
        while self._read and self._task is None and not self._gone:
            end = self._read.find(_END)
            if end < 0 and len(self._read) <= _MAX_HEAD_BYTES:
                return
            plain = self._plain(end + len(_END)) if end >= 0 else None
            if plain is None:
                self._hand_over()
                return
            service, request, size = plain
            whole = end + len(_END) + size
            if len(self._read) < whole:
                return
            body = bytes(self._read[whole - size : whole])
            del self._read[:whole]
            self._answer(service, _with_body(request, body))

    def _plain(self, end: int) -> tuple[Service, AwsRequest, int] | None:
        """The service, the request without its body, and the body's size; None for what is aiohttp's to answer."""
        if end > _MAX_HEAD_BYTES:
            return None
        match = _REQUEST.fullmatch(self._read[:end].decode("latin-1"))
        if match is None:
            return None
        method, target, lines = match.groups()
        headers = _headers(lines)
        length = headers.get("Content-Length", "0")
        if len(headers.getall("Host", ())) != 1 or len(headers.getall("Content-Length", ())) > 1:
            return None
        if any(name in headers for name in _UNUSUAL) or _LENGTH.fullmatch(length) is None:
            return None
        if self._access.refusal(Caller(headers["Host"])) is not None:
            return None
        path, _, query = target.partition("?")
        scope, size = scope_of(headers, query), int(length)
        if scope is None or size > MAX_BODY_BYTES:
            return None
        request = AwsRequest(method, headers["Host"], path, query, headers, scope=scope, length=size)
        service = self._services.find(request)
        # A service that refuses a long body by its announced size must not have to wait for it.
        if service is None or size > (max_body_bytes(service) or MAX_BODY_BYTES):
            return None
        return service, request, size

    def _answer(self, service: Service, request: AwsRequest) -> None:
        answer = self._services.answer_at_once(service, request)
        if answer is None:
            self._task = self._loop.create_task(self._later(service, request))
        else:
            self._write(answer)

    async def _later(self, service: Service, request: AwsRequest) -> None:
        answer = await self._services.handle(service, request)
        self._task = None
        if not self._gone:
            self._write(answer)
            self._transport.resume_reading()
            self._go_on()

    def _write(self, answer: AwsResponse) -> None:
        self._since = self._loop.time()
        head = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, '')}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        head += [f"Content-Length: {len(answer.body)}", f"Date: {formatdate(usegmt=True)}", "", ""]
        self._transport.write("\r\n".join(head).encode("latin-1", "replace") + answer.body)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        """Everything from here on is aiohttp's."""
        self._timer.cancel()
        other = self._other()
        self._transport.set_protocol(other)
        other.connection_made(self._transport)
        other.data_received(bytes(self._read))

    def _look_at_clock(self) -> None:
        limit = self._timeouts.body if self._read else self._timeouts.idle
        left = self._since + limit - self._loop.time()
        if self._task is not None or left > 0:
            self._timer = self._loop.call_later(max(left, 1.0), self._look_at_clock)
        elif self._read:
            words = f"the request's body did not arrive within {self._timeouts.body:g} seconds"
            lingering_close.say(self._transport, handshake.refused(408, words))
        else:
            self._transport.close()


def _headers(lines: str) -> CIMultiDict[str]:
    return CIMultiDict(
        (name, value.strip()) for name, _, value in (line.partition(":") for line in lines.split("\r\n") if line)
    )


def _with_body(request: AwsRequest, body: bytes) -> AwsRequest:
    return AwsRequest(
        request.method, request.host, request.path, request.query, request.headers, body, request.scope, request.length
    )
