"""PingBox's test kit: a WebSocket API for your tests, in this process, with a clock and faults to order.

In pytest the fixtures `pingbox`, `ws`, `management` and `dynamodb` are there without an import. Anywhere else:

    with Emulator({"$default": handler}) as emulator:
        ana = emulator.ws.connect()
"""

from pingbox.emulator.activity import AwsCall
from pingbox.model.app import Table
from pingbox.testing.apps.tested import AppError, table
from pingbox.testing.aws_clients import DynamoDB
from pingbox.testing.clients.expectation import Expectation
from pingbox.testing.clients.remote import Clients
from pingbox.testing.clients.transport import RefusedError
from pingbox.testing.clients.websockets import SyncWebSocket, SyncWebSockets, WebSocket, WebSockets
from pingbox.testing.clock import TestClock
from pingbox.testing.emulator import AsyncEmulator, Emulator
from pingbox.testing.faults import Faults
from pingbox.testing.record.connections import Connection, Connections, Frame, Frames
from pingbox.testing.record.invocations import Invocation, Invocations

__all__ = [
    "AppError",
    "AsyncEmulator",
    "AwsCall",
    "Clients",
    "Connection",
    "Connections",
    "DynamoDB",
    "Emulator",
    "Expectation",
    "Faults",
    "Frame",
    "Frames",
    "Invocation",
    "Invocations",
    "RefusedError",
    "SyncWebSocket",
    "SyncWebSockets",
    "Table",
    "TestClock",
    "WebSocket",
    "WebSockets",
    "table",
]
