"""Both postmen over a real gateway and real sockets: the cloud's over HTTP, the laptop's in process. Same promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.handlers.ports import Delivery, Postman
from pingbox.handlers.postman import ManagementPostman
from pingbox.local.local_postman import LocalPostman
from pingbox.testing import SyncWebSocket, SyncWebSockets
from pingbox.testing.apps.routes import from_routes
from pingbox.testing.runtime.runtime import TestRuntime
from support.chat.postman_promises import Office, PostmanPromises
from support.waiting import until_sync


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
def running_gateway() -> Iterator[TestRuntime]:
    """The kit's emulator, by its parts: the laptop's postman wants the server itself, the cloud's boto3 over HTTP."""
    running = TestRuntime(from_routes({"$connect": let_in}), switches=Switches(), timeout=5.0)
    running.start()
    running.suspend()
    try:
        yield running
    finally:
        running.stop()


def let_in(event: Any, context: Any) -> Any:
    return {"statusCode": 200}


def office_of(running: TestRuntime, postman: Postman) -> Office:
    ids: dict[str, str] = {}
    clients: dict[str, SyncWebSocket] = {}
    named = NamedPostman(postman, ids)

    def open_connection(name: str) -> None:
        clients[name] = SyncWebSockets(running).connect(name=name)
        ids[name] = clients[name].connection_id

    def close_connection(name: str) -> None:
        clients[name].close()
        until_sync(lambda: not named.is_open(name), f"{name} to be gone")

    def received(name: str) -> list[bytes]:
        frames: list[bytes] = []
        if not named.is_open(name):
            return frames
        named.post([name], b"the end")
        while (frame := clients[name].receive()) != "the end":
            frames.append(frame.encode())
        return frames

    return Office(named, open_connection, close_connection, received)


class TestLocalPostman(PostmanPromises):
    """In process: one frame, many connections, one hop."""

    @pytest.fixture
    def office(self) -> Iterator[Office]:
        with running_gateway() as running:
            yield office_of(running, LocalPostman(running.server, running.stage))


class TestManagementPostmanOverHttp(PostmanPromises):
    """boto3 over loopback HTTP, as another process would post."""

    @pytest.fixture
    def office(self) -> Iterator[Office]:
        from botocore.config import Config

        with running_gateway() as running:
            config = Config(max_pool_connections=32, retries={"total_max_attempts": 1})
            endpoint = running.server.management_url(running.stage)
            client = (
                Boto3Redirect(running.url)
                .session()
                .client("apigatewaymanagementapi", endpoint_url=endpoint, config=config)
            )
            postman = ManagementPostman(client)
            yield office_of(running, postman)
            postman.shut_down()
            client.close()
