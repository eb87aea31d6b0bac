"""PingBox's own chat as an app under test: the real handlers, on the emulator's clock and over its tables."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pingbox.chat.app import chat_app
from pingbox.emulator.services.lambda_.api.invoke_api import EVENT
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction
from pingbox.handlers.environment import json_lines
from pingbox.handlers.ports import Delivery, Ports, RoomLocks
from pingbox.handlers.settings import from_environment
from pingbox.local.local_postman import LocalPostman
from pingbox.model.function import FunctionSpec
from pingbox.testing.apps.tested import Scheduled, Table, TestedApp
from pingbox.testing.record.invocations import AwsCall
from pingbox.testing.runtime.boto3_hooks import note

if TYPE_CHECKING:
    from pingbox.testing.runtime.runtime import Running

SECRET = b"the same secret in every test run"

_Handle = Callable[[Ports, Mapping[str, Any], object], dict[str, Any]]


def tested_chat(stage: str, settings: Mapping[str, str]) -> TestedApp:
    """The chat. `settings` are variables of its functions, over those that its template gives them."""
    app = chat_app(stage, environment={"ALLOWED_ORIGINS": "*", "ALLOW_QUERY_TOKEN": "1", **settings})
    locks = RoomLocks()
    return TestedApp(
        app.source,
        app.apis,
        lambda running: {
            spec.name: InProcessFunction(partial(_loaded, spec, running, settings, locks), spec.timeout, spec.memory)
            for spec in app.functions
        },
        tables=tuple(Table(table.parameters, table.ttl_attribute) for table in app.tables),
        schedules=tuple(Scheduled(one.function, one.seconds) for one in app.schedules if one.seconds is not None),
    )


def _loaded(
    spec: FunctionSpec, running: Running, chosen: Mapping[str, str], locks: RoomLocks
) -> Callable[[Any, Any], Any]:
    handle: _Handle = importlib.import_module(spec.handler.rpartition(".")[0]).handle
    endpoint = running.server.management_url(running.stage)
    settings = from_environment({**(spec.environment or {}), "MANAGEMENT_ENDPOINT": endpoint, **chosen})
    ports = Ports(
        settings=settings,
        dynamodb=running.observed_client("dynamodb"),
        postman=_NotedPostman(LocalPostman(running.server, running.stage)),
        secret=lambda: SECRET,
        log=json_lines("INFO", print),
        fanout=lambda payload: _fan_out(running, settings.fanout_function, payload),
        clock=lambda: int(running.clock.now() * 1000),
        alone=locks,
    )
    return partial(handle, ports)


def _fan_out(running: Running, function: str | None, payload: bytes) -> None:
    assert function is not None  # nobody fans out by a function that has no name
    note(AwsCall("lambda", "Invoke", {"FunctionName": function, "InvocationType": EVENT}, None, 0.0))
    running.invoke_api.invoke_sync(function, EVENT, payload)


class _NotedPostman:
    """The laptop's postman; its posts count as the AWS calls that they are in the cloud."""

    def __init__(self, inner: LocalPostman) -> None:
        self._inner = inner

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        """As `Postman` has it."""
        deliveries = self._inner.post(connection_ids, frame)
        for connection_id, delivery in deliveries.items():
            _note("PostToConnection", connection_id, None if delivery is Delivery.DELIVERED else delivery.value)
        return deliveries

    def close(self, connection_id: str) -> None:
        """As `Postman` has it."""
        self._inner.close(connection_id)
        _note("DeleteConnection", connection_id, None)

    def is_open(self, connection_id: str) -> bool:
        """As `Postman` has it."""
        is_open = self._inner.is_open(connection_id)
        _note("GetConnection", connection_id, None if is_open else "GoneException")
        return is_open


def _note(operation: str, connection_id: str, error: str | None) -> None:
    note(AwsCall("apigatewaymanagementapi", operation, {"ConnectionId": connection_id}, error, 0.0))
