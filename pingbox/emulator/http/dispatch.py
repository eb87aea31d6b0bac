"""Everything on the port that is not a WebSocket: AWS services, and the fallback site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

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


class HttpDispatch:
    """Answers in this order: the request's AWS service, the fallback; what is nobody's as API Gateway would."""

    def __init__(self, gateway: Gateway, services: ServiceRegistry, fallback: HttpHandler | None) -> None:
        self._gateway = gateway
        self._services = services
        self._fallback = fallback

    def server(self) -> web.Server:
        """The aiohttp server whose protocols the listener hands connections to."""
        return web.Server(self._answer, request_factory=_large_request, access_log=None)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
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
        """HS-7 for a stage that wants an upgrade, else HS-8 and MG-13."""
        if addresses.handshake_target(self._gateway.apis, asked.host, asked.path) is not None:
            headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Content-Type": "application/json"}
            return _response(AwsResponse(426, headers, b'{"message":"Upgrade Required"}'))
        return _response(management.forbidden())


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
    loop = protocol._loop
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES)
