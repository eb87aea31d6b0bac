from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.gateway.declaration import Api
from pingbox.emulator.happenings import Happening
from pingbox.emulator.server.gateway_server import GatewayServer
from support.fake_functions import FakeFunctions
from support.gateway_world import World, chat_api


class Serve(Protocol):
    def __call__(self, api: Api | list[Api] = ..., **options: Any) -> Awaitable[World]: ...


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(api, functions=FakeFunctions(...), **options of GatewayServer)`: a `World`, stopped in the end."""
    worlds: list[World] = []

    async def start(
        api: Api | list[Api] | None = None, *, functions: FakeFunctions | None = None, **options: Any
    ) -> World:
        functions = functions or FakeFunctions()
        clock = WoundClock()
        seen: list[Happening] = []
        apis = [chat_api()] if api is None else [api] if isinstance(api, Api) else api
        options = {"clock": clock, "observer": seen.append, **options}
        server = GatewayServer(apis, functions, **options)
        await server.start()
        worlds.append(World(server, functions, clock, seen))
        return worlds[-1]

    yield start
    for world in worlds:
        await world.close()
