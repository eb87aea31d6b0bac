"""Both postmen over a real gateway and real sockets: the cloud's over HTTP, the laptop's in process. Same promises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from websockets.sync.client import ClientConnection, connect

from pingbox.emulator.aws.in_process import Wires
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.gateway.declaration import Api, LambdaProxy, Route, Stage
from pingbox.emulator.server.gateway_server import GatewayServer
from pingbox.handlers.ports import Delivery, Postman
from pingbox.handlers.postman import ManagementPostman
from pingbox.local.local_postman import LocalPostman
from support.fake_functions import FakeFunctions
from support.postman_promises import Office, PostmanPromises
from support.waiting import until_sync

API = Api("nn27okk1we", "chat", (Route("$connect", LambdaProxy("connect")),), (Stage("dev"),))


class NamedPostman:
    """Lets the promises call connections by short names; the gateway's own ids are its own."""

    def __init__(self, postman: Postman, ids: Mapping[str, str]) -> None:
        self._postman, self._ids = postman, ids

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        results = self._postman.post([self._ids[name] for name in connection_ids], frame)
        return {name: results[self._ids[name]] for name in connection_ids}

    def close(self, connection_id: str) -> None:
        self._postman.close(self._ids[connection_id])

    def is_open(self, connection_id: str) -> bool:
        return self._postman.is_open(self._ids[connection_id])


@contextmanager
def running_gateway() -> Iterator[tuple[GatewayServer, FakeFunctions]]:
    functions = FakeFunctions()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def on_loop(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = GatewayServer([API], functions, clock=SystemClock())
    on_loop(server.start())
    try:
        yield server, functions
    finally:
        on_loop(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def office_of(server: GatewayServer, functions: FakeFunctions, postman: Postman) -> Iterator[Office]:
    ids: dict[str, str] = {}
    clients: dict[str, ClientConnection] = {}
    named = NamedPostman(postman, ids)

    def open_connection(name: str) -> None:
        clients[name] = opened.enter_context(connect(server.ws_url("dev")))
        ids[name] = functions.of_type("CONNECT")[-1]["requestContext"]["connectionId"]

    def close_connection(name: str) -> None:
        clients[name].close()
        until_sync(lambda: not named.is_open(name), f"{name} to be gone")

    def received(name: str) -> list[bytes]:
        frames: list[bytes] = []
        if not named.is_open(name):
            return frames
        named.post([name], b"the end")
        while (frame := clients[name].recv(timeout=5)) != "the end":
            frames.append(frame.encode())
        return frames

    with ExitStack() as opened:
        yield Office(named, open_connection, close_connection, received)


class TestLocalPostman(PostmanPromises):
    """In process: one frame, many connections, one hop."""

    @pytest.fixture
    def office(self) -> Iterator[Office]:
        with (
            running_gateway() as (server, functions),
            office_of(server, functions, LocalPostman(server, "dev")) as office,
        ):
            yield office


class TestManagementPostmanOverHttp(PostmanPromises):
    """boto3 over loopback HTTP, as another process would post."""

    @pytest.fixture
    def office(self) -> Iterator[Office]:
        from botocore.config import Config

        with running_gateway() as (server, functions):
            session = Wires(server.url).session()
            config = Config(max_pool_connections=32, retries={"total_max_attempts": 1})
            client = session.client("apigatewaymanagementapi", endpoint_url=server.management_url("dev"), config=config)
            postman = ManagementPostman(client)
            with office_of(server, functions, postman) as office:
                yield office
            postman.shut_down()
            client.close()
