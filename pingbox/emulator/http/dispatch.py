"""Everything on the port that is not a WebSocket: `@connections`, the doors of AWS services, and the fallback site."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from pingbox.emulator.services import registry
from pingbox.emulator.services.apigateway.common import addresses, limits
from pingbox.emulator.services.apigateway.server.connections_api import ConnectionsApi
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket import management
from pingbox.emulator.services.registry import ServiceHandler

HttpHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Answers what is its own, and None for anything else."""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""DynamoDB takes 16 MB in a batch; beyond twice that something is wrong."""

logger = logging.getLogger(__name__)


class HttpDispatch:
    """Answers in this order: `@connections`, a door, the fallback; what is nobody's as API Gateway would."""

    def __init__(
        self,
        gateway: Gateway,
        callbacks: ConnectionsApi,
        service_doors: Mapping[str, ServiceHandler],
        fallback: HttpHandler | None,
    ) -> None:
        self._gateway = gateway
        self._callbacks = callbacks
        self._doors = service_doors
        self._fallback = fallback

    def server(self) -> web.Server:
        """The aiohttp server whose protocols the front door hands connections to."""
        return web.Server(self._answer, request_factory=_large_request, access_log=None)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if management.read_path(path) is not None:
            return await self._management(request, path)
        service = registry.signed_service(request.headers)
        target = registry.target_of(request.headers)
        if target is not None and (target[0] in self._doors or service is not None or self._fallback is None):
            return await self._door(*target, service, request)
        if service is not None:
            return _response(*registry.not_emulated(service, request.headers))
        found = None if self._fallback is None else await self._fallback(request)
        if found is not None:
            return found
        return self._nothing_here(request.headers.get("Host", ""), path)

    async def _management(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        announced = request.content_length
        # MG-16 is decided by the announced size where there is one: nobody has to send what will be refused.
        large = announced is not None and announced > limits.MESSAGE_BYTES and request.method == "POST"
        body = b"\0" * (limits.MESSAGE_BYTES + 1) if large else await request.read()
        signed = "Authorization" in request.headers or "X-Amz-Signature" in request.query
        answer = self._callbacks.answer(request.method, request.headers.get("Host", ""), path, body, signed=signed)
        # Errors of @connections have one in the SDK's output (aws-sdk-js-v3 #2763); apps log it of successes, too.
        return _response(answer.status, {**answer.headers, "x-amzn-RequestId": str(uuid.uuid4())}, answer.body)

    async def _door(self, prefix: str, operation: str, service: str | None, request: web.BaseRequest) -> web.Response:
        door = self._doors.get(prefix)
        if door is None:
            return _response(*registry.not_emulated(service or prefix, request.headers))
        try:
            return _response(*await door(operation, await request.read(), request.headers))
        except Exception:
            logger.exception("the door of %s failed on %s", prefix, operation)
            body = b'{"__type":"InternalServerError","message":"The emulator failed; see its log."}'
            return _response(500, {"Content-Type": "application/x-amz-json-1.0"}, body)

    def _nothing_here(self, host: str, path: str) -> web.Response:
        """HS-7 for a stage that wants an upgrade, else HS-8 and MG-13."""
        if addresses.handshake_target(self._gateway.apis, host, path) is not None:
            headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Content-Type": "application/json"}
            return _response(426, headers, b'{"message":"Upgrade Required"}')
        forbidden = management.forbidden()
        return _response(forbidden.status, forbidden.headers, forbidden.body)


def _response(status: int, headers: Mapping[str, str], body: bytes) -> web.Response:
    return web.Response(status=status, headers=dict(headers), body=body)


def _large_request(*parts: Any) -> web.BaseRequest:
    message, payload, protocol, writer, task = parts
    loop = protocol._loop
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES)
