"""The Runtime API as one environment's runtime sees it (LM-30..33).

Every environment has a listener of its own: `AWS_LAMBDA_RUNTIME_API` is a bare host and port (AWS's own runtime clients
take nothing else), so the port is what tells environments apart. Any web page can send requests to it: what a browser
sends is refused, and so is, where the runtime is ours and can carry one, everything without the environment's secret.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from pingbox.emulator.services.lambda_.payloads import RESPONSE_LIMIT

SECRET_HEADER = "Pingbox-Runtime-Secret"  # noqa: S105 - names, not secrets
SECRET_VARIABLE = "PINGBOX_RUNTIME_SECRET"  # noqa: S105
"""How a runtime of ours learns the secret; it takes the variable out before the handler is imported."""

_OF_BROWSERS = ("Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest")
_BASE = "/2018-06-01/runtime"
_NEXT = f"{_BASE}/invocation/next"
_INIT_ERROR = f"{_BASE}/init/error"
_REQUEST_LIMIT = 2 * RESPONSE_LIMIT  # bytes; above the limit of LM-31, so that it is we who refuse, with its words


@dataclass(frozen=True)
class Delivery:
    """An event on its way to a runtime. `deadline` in seconds since the epoch."""

    request_id: str
    payload: bytes
    deadline: float
    function_arn: str
    trace_id: str
    client_context: str | None = None

    def headers(self) -> dict[str, str]:
        """As LM-30 lists them."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(self.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        if self.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = self.client_context
        return headers


class Runtime(Protocol):
    """Who is told what the runtime asked or posted; all on the loop."""

    def wants_next(self) -> None:
        """It waits for an event; whatever it ran before is done."""
        ...

    def answered(self, body: bytes, memory: int) -> None:
        """The result of the current event. `memory`: its peak in KB, 0 if the runtime does not tell."""
        ...

    def failed(self, body: bytes, memory: int) -> None:
        """The error document of the current event."""
        ...

    def could_not_start(self, body: bytes) -> None:
        """The error document of the initialisation."""
        ...


class RuntimeApi:
    """Listens for one runtime. `listen` once, `deliver` once per `wants_next`, `close` at the end.

    `secret` is what every request has to bring along in the header `Pingbox-Runtime-Secret`; None expects none.
    """

    def __init__(self, runtime: Runtime, secret: str | None = None) -> None:
        self._runtime = runtime
        self._secret = secret
        self._address = ""
        self._server = web.Server(self._handle, request_factory=_request, access_log=None)
        self._listener: asyncio.Server | None = None
        self._closed = False
        self._next: asyncio.Future[Delivery] | None = None
        self._current: str | None = None

    async def listen(self) -> str:
        """Bind a free loopback port; returns the value of `AWS_LAMBDA_RUNTIME_API`."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()
        self._address = f"{host}:{port}"
        return self._address

    def deliver(self, delivery: Delivery) -> None:
        """Answer the runtime's pending request for the next event."""
        if self._next is None or self._next.done():
            raise RuntimeError("an event was delivered to a runtime that did not ask for one")
        self._current = delivery.request_id
        self._next.set_result(delivery)

    async def close(self) -> None:
        """Stop listening and drop the connection."""
        self._closed = True
        if self._next is not None:
            self._next.cancel()
        if self._listener is not None:
            self._listener.close()
        # A handler that is still at work gets the time to notice, on a busy machine too; 0 would mean: without limit.
        await self._server.shutdown(1.0)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ConnectionResetError:
            # The process was killed while it posted: how it ended becomes the outcome, and no one reads this answer.
            return _refused(400, "TruncatedRequest", "The connection was lost before the request's end")

    def _is_foreign(self, request: web.BaseRequest) -> bool:
        """Whether somebody else asks than the runtime: a web page, or a program that does not know the secret."""
        headers = request.headers
        if headers.getall("Host", []) != [self._address] or any(name in headers for name in _OF_BROWSERS):
            return True
        if self._secret is None:
            return False
        return not hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), self._secret.encode())

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._is_foreign(request):
            return _refused(403, "Forbidden", "The Runtime API answers the environment's own runtime alone")
        match request.method, request.path:
            case "GET", path if path == _NEXT:
                return await self._handle_next()
            case "POST", path if path == _INIT_ERROR:
                self._runtime.could_not_start(await request.read())
                return _accepted()
            case "POST", path if path.startswith(f"{_BASE}/invocation/"):
                return await self._handle_outcome(request)
            case _:
                return _refused(404, "NotFound", f"the Runtime API has no {request.method} {request.path}")

    async def _handle_next(self) -> web.StreamResponse:
        if self._closed:  # it was read before the runtime's end: there is no event for it
            return _refused(403, "InvalidStateTransition", "The environment has ended")
        self._current = None
        self._next = asyncio.get_running_loop().create_future()
        self._runtime.wants_next()
        delivery = await self._next
        return web.Response(body=delivery.payload, headers=delivery.headers())

    async def _handle_outcome(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id, _, kind = request.path.removeprefix(f"{_BASE}/invocation/").partition("/")
        body = await request.read()
        if self._current is None:
            return _refused(403, "InvalidStateTransition", "State transition is not allowed")
        if request_id != self._current:
            return _refused(400, "InvalidRequestID", "Invalid request ID")
        memory = int(request.headers.get("Pingbox-Max-Memory", "0"))
        match kind:
            case "response":
                self._runtime.answered(body, memory)
                if len(body) > RESPONSE_LIMIT:
                    message = f"Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
                    return _refused(413, "RequestEntityTooLarge", message)
            case "error":
                self._runtime.failed(body, memory)
            case _:
                return _refused(404, "NotFound", f"the Runtime API has no POST {request.path}")
        self._current = None
        return _accepted()


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_REQUEST_LIMIT)


def _accepted() -> web.Response:
    return web.Response(status=202, body=b'{"status":"OK"}\n', content_type="application/json")


def _refused(status: int, error_type: str, message: str) -> web.Response:
    body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    return web.Response(status=status, body=body, content_type="application/json")
