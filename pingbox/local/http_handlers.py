"""What answers HTTP on the emulator's port beyond the gateway, one door after the other."""

from __future__ import annotations

from aiohttp import web

from pingbox.emulator.services.apigateway.server.gateway_server import HttpHandler


def first_of(door: HttpHandler, otherwise: HttpHandler) -> HttpHandler:
    """Ask `door`; what it does not answer goes to `otherwise`."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse | None:
        response = await door(request)
        return await otherwise(request) if response is None else response

    return answer
