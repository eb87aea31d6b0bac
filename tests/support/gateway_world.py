"""A running gateway for tests, with real sockets, real boto3 and functions that answer as told."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
from botocore.config import Config
from websockets.asyncio.client import ClientConnection, connect

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.gateway.declaration import Api, LambdaProxy, Route, Stage
from pingbox.emulator.happenings import Happening
from pingbox.emulator.server.gateway_server import GatewayServer
from support.fake_functions import FakeFunctions
from support.raw_socket import RawSocket

API_ID = "nn27okk1we"


def lambda_route(key: str, function: str | None = None, **settings: Any) -> Route:
    """A route to the function of the same name (without the dollar), unless another is named."""
    timeout_ms = settings.pop("timeout_ms", 29_000)
    return Route(key, LambdaProxy(function or key.lstrip("$"), timeout_ms), **settings)


def chat_api(*routes: Route, **settings: Any) -> Api:
    """An API with `$connect`, `$disconnect`, `$default` and the given routes in place of or beside them."""
    own = {route.route_key for route in routes}
    usual = tuple(lambda_route(key) for key in ("$connect", "$disconnect", "$default") if key not in own)
    return Api(**{"api_id": API_ID, "name": "chat", "routes": (*usual, *routes), "stages": (Stage("dev"),), **settings})


class World:
    """A running gateway with everything a test looks at. Made by the fixture `serve`."""

    def __init__(
        self, server: GatewayServer, functions: FakeFunctions, clock: WoundClock, seen: list[Happening]
    ) -> None:
        self.server = server
        self.functions = functions
        self.clock = clock
        self.seen = seen
        self._open: list[RawSocket | ClientConnection] = []
        self._clients: list[Any] = []

    async def client(self, path: str = "/dev", **options: Any) -> ClientConnection:
        """A real client, open."""
        client = await connect(f"ws://127.0.0.1:{self.server.port}{path}", **options)
        self._open.append(client)
        return client

    async def raw(self) -> RawSocket:
        """A TCP connection on which nothing was sent yet."""
        raw = await RawSocket.connect(self.server.port)
        self._open.append(raw)
        return raw

    async def upgraded(self, *extra: str, path: str = "/dev") -> RawSocket:
        """A raw client past its 101."""
        raw = await self.raw()
        answer = await raw.upgrade(path, *extra)
        assert answer.status == 101, answer
        return raw

    async def refusal(self, *extra: str, path: str = "/dev") -> int:
        """The status of a handshake that is expected to be refused."""
        raw = await self.raw()
        return (await raw.upgrade(path, *extra)).status

    def connection_id(self, which: int = -1) -> str:
        """The id of the last (or `which`) connection that ran `$connect`."""
        return str(self.functions.of_type("CONNECT")[which]["requestContext"]["connectionId"])

    def management(self, endpoint: str | None = None, **options: Any) -> Any:
        """boto3's own client; use it with `asyncio.to_thread`."""
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=endpoint or self.server.management_url("dev"),
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, **options),
        )
        self._clients.append(client)
        return client

    async def post(self, data: bytes | str, connection_id: str | None = None) -> Any:
        client = self.management()
        return await asyncio.to_thread(
            client.post_to_connection, ConnectionId=connection_id or self.connection_id(), Data=data
        )

    async def http(self, method: str, path: str, body: bytes = b"", *extra: str) -> Any:
        """One plain HTTP request, the path exactly as given."""
        raw = await self.raw()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *extra]
        await raw.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await raw.answer()

    async def close(self) -> None:
        for client in self._clients:
            client.close()
        for each in self._open:
            if isinstance(each, RawSocket):
                await each.drop()
            else:
                await each.close()
        await self.server.stop()
