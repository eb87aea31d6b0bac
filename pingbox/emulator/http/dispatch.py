"""Everything on the port that is not a WebSocket: AWS services, and the fallback site."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from pingbox.emulator.http.access import Caller
from pingbox.emulator.services import registry
from pingbox.emulator.services.apigateway.common import addresses
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket import management
from pingbox.emulator.services.port import (
    MAX_BODY_BYTES,
    AwsRequest,
    AwsResponse,
    Service,
    max_body_bytes,
    scope_of,
)
from pingbox.emulator.services.registry import ServiceRegistry

HttpHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Answers what is its own, and None for anything else."""


@dataclass(frozen=True)
class HttpTimeouts:
    """In seconds of the machine's clock: until a body has arrived whole, and of a connection without a request."""

    body: float = 30.0
    idle: float = 75.0


class HttpDispatch:
    """Answers in this order: the request's AWS service, the fallback; what is nobody's as API Gateway would.

    Before any of that, the gateway's `access` decides whether the request may come in.
    """

    def __init__(
        self, gateway: Gateway, services: ServiceRegistry, fallback: HttpHandler | None, timeouts: HttpTimeouts
    ) -> None:
        self._gateway = gateway
        self._services = services
        self._fallback = fallback
        self._timeouts = timeouts

    def server(self) -> web.Server:
        """The aiohttp server whose protocols the listener hands connections to."""
        idle = self._timeouts.idle
        return web.Server(self._timed, request_factory=_large_request, access_log=None, keepalive_timeout=idle)

    async def _timed(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer, or 408 for a body that is not there in time."""
        timer = asyncio.get_running_loop().call_later(self._timeouts.body, _give_up, request)
        try:
            return await self._answer(request)
        except _SlowBodyError:
            response = _refused(408, f"the request's body did not arrive within {self._timeouts.body:g} seconds")
            response.force_close()
            return response
        finally:
            timer.cancel()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        reason = self._gateway.access.refusal(_caller(request))
        if reason is not None:
            self._gateway.notices.warn("HTTP", f"an HTTP request was refused: {reason}")
            return _refused(403, reason)
        asked = _described(request)
        service = self._services.find(asked)
        if service is not None:
            asked = replace(asked, body=await _body(request, service))
            return _response(await self._services.handle(service, asked))
        refused = registry.missing(asked)
        if refused is not None:
            return _response(refused)
        found = None if self._fallback is None else await self._fallback(request)
        return found if found is not None else self._nothing_here(asked)

    def _nothing_here(self, asked: AwsRequest) -> web.Response:
        """HS-7 for a stage that wants an upgrade, HS-11 below it, else HS-8 and MG-13."""
        apis = self._gateway.apis
        if addresses.is_below_stage(apis, asked.host, asked.path):
            headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Content-Type": "application/json"}
            return _response(AwsResponse(426, headers, b'{"message":"Upgrade Required"}'))
        stages = ", ".join(addresses.described(apis)) or "none"
        self._gateway.notices.warn(
            "path",
            f"{asked.method} {asked.path} is answered with 403: there is no such path, and no HTTP API; "
            f"WebSocket stages: {stages}",
        )
        return _response(management.forbidden())


class _SlowBodyError(Exception):
    """The body has not arrived in time."""


def _give_up(request: web.BaseRequest) -> None:
    if not request.content.is_eof():
        request.content.set_exception(_SlowBodyError())


def _refused(status: int, message: str) -> web.Response:
    body = json.dumps({"message": message}).encode()
    return _response(AwsResponse(status, {"Content-Type": "application/json"}, body))


def _caller(request: web.BaseRequest) -> Caller:
    def value(name: str) -> str | None:
        values = request.headers.getall(name, None)
        return None if values is None else ", ".join(values)

    return Caller(value("Host"), value("Origin"), value("Referer"), value("Sec-Fetch-Site"))


def _described(request: web.BaseRequest) -> AwsRequest:
    """The request as services read it, its body not read yet."""
    path, _, query = request.raw_path.partition("?")
    headers: Mapping[str, str] = request.headers
    scope = scope_of(headers, query)
    return AwsRequest(
        request.method, headers.get("Host", ""), path, query, headers, scope=scope, length=request.content_length
    )


async def _body(request: web.BaseRequest, service: Service) -> bytes:
    limit = max_body_bytes(service)
    too_long = limit is not None and (request.content_length or 0) > limit
    return b"" if too_long else await request.read()


def _response(answer: AwsResponse) -> web.Response:
    return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)


def _large_request(*parts: Any) -> web.BaseRequest:
    message, payload, protocol, writer, task = parts
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES)
