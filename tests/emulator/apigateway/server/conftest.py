from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

import pytest

from pingbox.model.api import Api
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import World, chat_api


class Serve(Protocol):
    def __call__(self, api: Api | list[Api] = ..., **options: Any) -> Awaitable[World]: ...


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(api, functions=FakeFunctions(...), **options of GatewayServer)`: a `World`, stopped in the end."""
    worlds: list[World] = []

    async def start(
        api: Api | list[Api] | None = None, *, functions: FakeFunctions | None = None, **options: Any
    ) -> World:
        apis = [chat_api()] if api is None else [api] if isinstance(api, Api) else api
        world = World(apis, functions or FakeFunctions(), **options)
        await world.start()
        worlds.append(world)
        return world

    yield start
    for world in worlds:
        await world.close()
