"""What happens in the emulator, as values: the live log, `--trace` and the test kit's looking inside all read these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pingbox.emulator.services.lambda_.outcome import Outcome


@dataclass(frozen=True)
class IntegrationTimedOut:
    """The integration did not answer in its time; the function goes on running (RT-22)."""


@dataclass(frozen=True)
class Connected:
    """The upgrade was answered with 101. `source_port` tells a client which of the connections is its own."""

    at: float
    api_id: str
    stage: str
    connection_id: str
    source_ip: str
    source_port: int = 0


@dataclass(frozen=True)
class Refused:
    """The upgrade was answered with another status."""

    at: float
    stage: str
    connection_id: str
    status: int
    reason: str


@dataclass(frozen=True)
class FrameReceived:
    """A whole message from a client, before its route was chosen."""

    at: float
    connection_id: str
    text: str


@dataclass(frozen=True)
class FrameSent:
    """A text message to a client. `cause` is `post`, `route response` or `gateway` (an error frame)."""

    at: float
    connection_id: str
    text: str
    cause: str


@dataclass(frozen=True)
class Invoked:
    """A route's function (or authorizer) has ended, or the gateway waits for it no more. `duration` in seconds."""

    at: float
    api_id: str
    stage: str
    route_key: str
    connection_id: str
    function: str
    event: Any
    outcome: Outcome | IntegrationTimedOut
    duration: float


@dataclass(frozen=True)
class ManagementCalled:
    """A request to `@connections` was answered."""

    at: float
    method: str
    connection_id: str
    status: int


@dataclass(frozen=True)
class Disconnected:
    """The socket is closed. `code` and `reason` as the `$disconnect` event has them (facts DC-*)."""

    at: float
    connection_id: str
    code: int
    reason: str


@dataclass(frozen=True)
class FunctionLog:
    """A line a function wrote, or Lambda about it (START, END, REPORT; LM-27)."""

    at: float
    function: str
    request_id: str
    line: str


Activity = Connected | Refused | FrameReceived | FrameSent | Invoked | ManagementCalled | Disconnected | FunctionLog
Observer = Callable[[Activity], None]
