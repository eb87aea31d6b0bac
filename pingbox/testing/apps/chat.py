"""PingBox's own chat as an app under test: the real handlers, on the emulator's clock and over its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pingbox.emulator.services.lambda_.api.invoke_api import EVENT
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction
from pingbox.handlers import connect, disconnect, fanout, message, sweep
from pingbox.handlers.environment import json_lines
from pingbox.handlers.ports import Delivery, Ports
from pingbox.handlers.settings import from_environment
from pingbox.handlers.tables import TTL_ATTRIBUTE, tables
from pingbox.local.chat_server import chat_api
from pingbox.local.local_postman import LocalPostman
from pingbox.testing.apps.tested import Scheduled, Table, TestedApp
from pingbox.testing.record.invocations import AwsCall
from pingbox.testing.runtime.boto3_hooks import note

if TYPE_CHECKING:
    from pingbox.testing.runtime.runtime import Running

CONNECTIONS, MESSAGES = "Connections", "Messages"
SWEEP_SECONDS = 300.0
TIMEOUT = 10.0  # seconds, as deployed
SECRET = b"the same secret in every test run"

_FANOUT = "FanoutLambda"
_HANDLES: Mapping[str, Callable[[Ports, Mapping[str, Any], object], dict[str, Any]]] = {
    "ConnectLambda": connect.handle,
    "DisconnectLambda": disconnect.handle,
    "MessageLambda": message.handle,
    _FANOUT: fanout.handle,
    "SweepLambda": sweep.handle,
}


def chat_app(stage: str, settings: Mapping[str, str]) -> TestedApp:
    """The chat. `settings` are variables of its functions, over those that a laptop has."""
    return TestedApp(
        "PingBox's chat",
        (chat_api(stage),),
        lambda running: {
            name: InProcessFunction(partial(_loaded, handle, running, settings), TIMEOUT)
            for name, handle in _HANDLES.items()
        },
        tables=tuple(Table(parameters, TTL_ATTRIBUTE) for parameters in tables(CONNECTIONS, MESSAGES)),
        schedules=(Scheduled("SweepLambda", SWEEP_SECONDS),),
    )


def _loaded(handle: Callable[..., Any], running: Running, settings: Mapping[str, str]) -> Callable[[Any, Any], Any]:
    ports = Ports(
        settings=from_environment(
            {
                "CONNECTIONS_TABLE": CONNECTIONS,
                "MESSAGES_TABLE": MESSAGES,
                "MANAGEMENT_ENDPOINT": running.server.management_url(running.stage),
                "ALLOWED_ORIGINS": "*",
                "ALLOW_QUERY_TOKEN": "1",
                "FANOUT_FUNCTION": _FANOUT,
                **settings,
            }
        ),
        dynamodb=running.observed_client("dynamodb"),
        postman=_NotedPostman(LocalPostman(running.server, running.stage)),
        secret=lambda: SECRET,
        log=json_lines("INFO", print),
        fanout=lambda payload: _fan_out(running, payload),
        clock=lambda: int(running.clock.now() * 1000),
    )
    return partial(handle, ports)


def _fan_out(running: Running, payload: bytes) -> None:
    note(AwsCall("lambda", "Invoke", {"FunctionName": _FANOUT, "InvocationType": EVENT}, None, 0.0))
    running.invoke_api.invoke_sync(_FANOUT, EVENT, payload)


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
