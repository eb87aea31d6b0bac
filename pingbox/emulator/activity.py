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
class AwsCall:
    """A call that an invocation made. `error` is AWS's code of a refused one, None when it was answered.

    `service` and `operation` as botocore names them: `dynamodb`, `PutItem`; `apigatewaymanagementapi`,
    `PostToConnection`. `duration` in seconds.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    error: str | None
    duration: float

    def __str__(self) -> str:
        return f"{self.service}.{self.operation}" + (f" → {self.error}" if self.error else "")


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
    """A route's function (or authorizer) has ended, or the gateway waits for it no more. `duration` in seconds.

    `problem`: what is wrong with what it returned, though it did not fail; None if nothing is.
    """

    at: float
    api_id: str
    stage: str
    route_key: str
    connection_id: str
    function: str
    event: Any
    outcome: Outcome | IntegrationTimedOut
    duration: float
    problem: str | None = None


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


@dataclass(frozen=True)
class InvocationStarted:
    """A function is about to run, whoever asked for it; `request_id` is the one of its log and its context."""

    at: float
    function: str
    request_id: str
    event: Any


@dataclass(frozen=True)
class InvocationEnded:
    """It has ended. `duration` in seconds, with waiting for an environment."""

    at: float
    function: str
    request_id: str
    outcome: Outcome
    duration: float


@dataclass(frozen=True)
class AwsCalled:
    """An invocation's AWS call was answered."""

    at: float
    request_id: str
    call: AwsCall


Activity = (
    Connected
    | Refused
    | FrameReceived
    | FrameSent
    | Invoked
    | ManagementCalled
    | Disconnected
    | FunctionLog
    | InvocationStarted
    | InvocationEnded
    | AwsCalled
)
Observer = Callable[[Activity], None]
