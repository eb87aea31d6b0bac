"""What answers HTTP on the emulator's port beyond the gateway, one door after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from pingbox.emulator.server.gateway_server import HttpHandler

Door = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""A handler that answers what is its own, and None for anything else."""


def first_of(door: Door, otherwise: HttpHandler) -> HttpHandler:
    """Ask `door`; what it does not answer goes to `otherwise`."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = await door(request)
        return await otherwise(request) if response is None else response

    return answer


async def not_found(request: web.BaseRequest) -> web.StreamResponse:
    """What API Gateway says where there is nothing (OQ-21): an app has no page."""
    return web.json_response({"message": "Forbidden"}, status=403, headers={"x-amzn-ErrorType": "ForbiddenException"})
