"""A running gateway for tests, with real sockets, real boto3 and functions that answer as told.

Beneath the kit: the server runs alone on the test's own loop, without the kit's faults and tables, and a test may speak
to it byte by byte, or order what a function ends in. Clients and records are the kit's.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import cache
from typing import Any

from botocore.config import Config

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.history import History
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.observed import ObservedFunctions
from pingbox.model.api import Api, LambdaProxy, Route, Stage
from pingbox.testing import Clients, Connections, Frames, Invocations, WebSocket, WebSockets
from pingbox.testing.record.recorder import Recorder
from support.sockets.fake_functions import FakeFunctions
from support.sockets.raw_socket import RawSocket

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


@cache
def _session() -> Any:
    """boto3 with dummy keys; once, for it reads its models from disk."""
    return Boto3Redirect("http://127.0.0.1:1").session()


class World:
    """A running gateway with everything a test looks at. Made by the fixture `serve`."""

    def __init__(self, apis: list[Api], functions: FakeFunctions, **options: Any) -> None:
        self.clock = WoundClock()
        history = History()
        self.history = history
        self.recorder = Recorder(history)
        observed = ObservedFunctions(functions, history, self.clock)
        options = {"clock": self.clock, "observer": history, **options}
        self.server = GatewayServer(apis, observed, **options)
        self._ws: WebSockets | None = None
        self._ends = AsyncExitStack()

    async def start(self) -> None:
        """Raises what `GatewayServer.start` raises."""
        await self.server.start()
        self._ends.push_async_callback(self.server.stop)

    # --- clients ----------------------------------------------------------------------------------------------------

    async def client(self, path: str = "/dev", **options: Any) -> WebSocket:
        """The kit's client, open."""
        if self._ws is None:
            self._ws = await self._ends.enter_async_context(Clients(f"ws://127.0.0.1:{self.server.port}"))
        return await self._ws.connect(path, **options)

    async def raw(self) -> RawSocket:
        """A TCP connection on which nothing was sent yet."""
        raw = await RawSocket.connect(self.server.port)
        self._ends.push_async_callback(raw.drop)
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

    async def http(self, method: str, path: str, body: bytes = b"", *extra: str) -> Any:
        """One plain HTTP request, the path exactly as given."""
        raw = await self.raw()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *extra]
        await raw.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await raw.answer()

    # --- AWS --------------------------------------------------------------------------------------------------------

    def aws(self, service: str, endpoint: str | None = None, **options: Any) -> Any:
        """boto3's own client over HTTP, where the kit's takes the short way; use it with `asyncio.to_thread`."""
        config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
        client = _session().client(service, endpoint_url=endpoint or self.server.url, config=config, **options)
        self._ends.callback(client.close)
        return client

    def management(self, endpoint: str | None = None) -> Any:
        """The same for `@connections`."""
        return self.aws("apigatewaymanagementapi", endpoint or self.server.management_url("dev"))

    async def post(self, data: bytes | str, connection_id: str | None = None) -> Any:
        client = self.management()
        return await asyncio.to_thread(
            client.post_to_connection, ConnectionId=connection_id or self.connection_id(), Data=data
        )

    # --- what happened ----------------------------------------------------------------------------------------------

    @property
    def invocations(self) -> Invocations:
        """As the kit has them."""
        return Invocations(self.recorder.invocations)

    @property
    def connections(self) -> Connections:
        """As the kit has them."""
        return Connections(self.recorder.connections)

    @property
    def frames(self) -> Frames:
        """As the kit has them."""
        return Frames(self.recorder.frames)

    @property
    def asked(self) -> list[str]:
        """The functions that were invoked, in order."""
        return [one.function for one in self.invocations]

    def events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """The events of all invocations, or those of `CONNECT`, `MESSAGE` or `DISCONNECT`."""
        events = [one.event for one in self.invocations]
        return [event for event in events if event_type in (None, event["requestContext"]["eventType"])]

    def connection_id(self, which: int = -1) -> str:
        """The id of the last (or `which`) connection that ran `$connect`, let in or not."""
        return str(self.events("CONNECT")[which]["requestContext"]["connectionId"])

    async def close(self) -> None:
        await self._ends.aclose()
