"""What the gateway does with each thing that arrives on, or happens to, an open connection.

`received` and its siblings are the whole of the rules: they take values and return what is to be done, in order. The
shell performs it and knows no rule. All the waiting (ten minutes, two hours) is a matter of the `now` handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common import limits, utf8
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.common.throttling import Buckets
from pingbox.emulator.services.apigateway.mapping.proxy_response import Malformed, read_proxy_response
from pingbox.emulator.services.apigateway.websocket import error_frames, events
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.route_selection import accepts, select_route, unrouted
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.model.api import CONNECT, DISCONNECT, Api, LambdaProxy, Route, Stage

# --- what arrives ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TextMessage:
    """A whole text message, its fragments put together (RT-17)."""

    text: str


@dataclass(frozen=True)
class BinaryMessage:
    """A binary frame; what it holds does not matter (RT-26)."""


Frame = TextMessage | BinaryMessage


@dataclass(frozen=True)
class EventIds:
    """The ids of one event, made by the shell from time and randomness. `message_id` matters for messages only."""

    request_id: str
    message_id: str = ""


# --- what is to be done ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invoke:
    """Run the route's integration with `event`; then ask `message_ended` (messages) or nobody (`$disconnect`)."""

    route: Route
    event: Mapping[str, Any]
    ids: EventIds


@dataclass(frozen=True)
class Send:
    """Write one text message to this connection's client. `cause` as `activity.FrameSent` has it.

    `problem` is for the developer's log: why the client gets an error; None if the log has it otherwise.
    """

    text: str
    cause: Literal["gateway", "route response"]
    problem: str | None = None


@dataclass(frozen=True)
class Close:
    """Send a close frame; the connection is gone from this moment on."""

    code: int
    reason: str = ""


Effect = Invoke | Send | Close

# --- outcomes that only the gateway knows ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Rendered:
    """A non-proxy integration's answer after its response template. `body` is None if there is nothing to show."""

    status: int
    body: str | None


@dataclass(frozen=True)
class IntegrationFailed:
    """A non-proxy integration that could not be performed; `problem` is for the developer's log.

    `unreachable`: its backend did not answer, which is no fault of its declaration (AU-23).
    """

    problem: str
    unreachable: bool = False


IntegrationOutcome = Outcome | IntegrationTimedOut | Rendered | IntegrationFailed

# --- the rules ------------------------------------------------------------------------------------------------------

IDLE = Close(1001, "Going away")  # QT-22
TOO_OLD = Close(1001, "Going away")  # QT-23, OQ-3
STOPPING = Close(1001, "Going away")  # QT-28: the emulator ends
BINARY = Close(1003)  # RT-26
TOO_MANY = Close(1008, "Too Many Requests")  # QT-27
DELETED = Close(1000)  # OQ-6
NORMALLY = "Connection Closed Normally"  # DC-12, in the event only
NO_STATUS = "Client-side close frame status not set"  # DC-10


@dataclass(frozen=True)
class Deployment:
    """The API and the stage that a connection belongs to, as they are deployed now (HS-10)."""

    api: Api
    stage: Stage


def received(
    deployment: Deployment,
    connection: Connection,
    frame: Frame,
    *,
    now: float,
    ids: EventIds,
    buckets: Buckets,
    switches: Switches,
) -> list[Effect]:
    """What a frame from the client leads to. Uses up a token of the route's bucket."""
    match frame:
        case BinaryMessage():
            return [BINARY]
        case TextMessage(text):
            return [_routed(deployment, connection, text, now, ids, buckets, switches)]
        case _:
            assert_never(frame)


def _routed(
    deployment: Deployment,
    connection: Connection,
    text: str,
    now: float,
    ids: EventIds,
    buckets: Buckets,
    switches: Switches,
) -> Effect:
    api, stage = deployment.api, deployment.stage
    route = select_route(api, text)
    if route is None:
        return _refused(error_frames.FORBIDDEN, connection, ids, unrouted(api, text))
    if not buckets.admit(api.api_id, stage, route.route_key, now):
        throttled = f"route {route.route_key} is throttled: more messages than its rate and burst allow"
        if switches.throttled == "close":
            return TOO_MANY
        return _refused(error_frames.TOO_MANY_REQUESTS, connection, ids, throttled)
    if not accepts(route, text):
        unlike = f"a message for route {route.route_key} is not what its request model expects"
        return Send(error_frames.bad_request_body(connection.connection_id, ids.message_id), "gateway", unlike)
    event = events.message_event(
        connection,
        route.route_key,
        text,
        now=now,
        request_id=ids.request_id,
        message_id=ids.message_id,
        variables=stage.variables,
    )
    return Invoke(route, event, ids)


def message_ended(connection: Connection, route: Route, outcome: IntegrationOutcome, ids: EventIds) -> list[Send]:
    """What the client hears of a message's integration: mostly nothing (RR-1, RT-28)."""
    match outcome:
        case IntegrationTimedOut():
            return [_refused(error_frames.ENDPOINT_REQUEST_TIMED_OUT, connection, ids)]
        case FunctionError() | NotInvoked() | IntegrationFailed():
            return [_refused(error_frames.INTERNAL_SERVER_ERROR, connection, ids)]
        case Rendered(_, body):
            return _route_response(route, body)
        case Returned(value):
            response = read_proxy_response(value)
            if isinstance(response, Malformed):
                return [_refused(error_frames.INTERNAL_SERVER_ERROR, connection, ids)]
            return _route_response(route, response.body)
        case _:
            assert_never(outcome)


def problem(outcome: IntegrationOutcome, route: Route, switches: Switches) -> str | None:
    """What the developer should know and the client is not told; None if all is well or the function logs it itself."""
    match outcome:
        case IntegrationFailed(problem, _):
            return problem
        case NotInvoked(reason):
            return f"the function was not invoked: {reason}"
        case Rendered(_, body):
            return _oversized(route, body)
        case Returned(value) if isinstance(route.integration, LambdaProxy) and route.route_key != DISCONNECT:  # DC-2
            taken_as_200 = route.route_key == CONNECT and switches.connect_without_status == "200"  # CN-20
            response = read_proxy_response(value, default_status=200 if taken_as_200 else None)
            if isinstance(response, Malformed):
                return f"malformed Lambda proxy response: {response.problem}"
            return _oversized(route, response.body)
        case _:
            return None


def disconnected(
    deployment: Deployment, connection: Connection, code: int, reason: str, *, now: float, ids: EventIds
) -> list[Invoke]:
    """The `$disconnect` event, if there is a route for it (HS-4, DC-1)."""
    route = deployment.api.route(DISCONNECT)
    if route is None or route.integration is None:
        return []
    event = events.disconnect_event(
        connection, code, reason, now=now, request_id=ids.request_id, variables=deployment.stage.variables
    )
    return [Invoke(route, event, ids)]


def overdue(connection: Connection, last_traffic: float, now: float, switches: Switches) -> Close | None:
    """Whether the connection has to be closed for its age or its silence. `last_traffic` in seconds (QT-30)."""
    if now >= connection.connected_at + switches.connection_duration:
        return TOO_OLD
    if now >= last_traffic + switches.idle_timeout:
        return IDLE
    return None


def due_at(connection: Connection, last_traffic: float, switches: Switches) -> float:
    """When `overdue` has to be asked next, if nothing happens until then."""
    return min(connection.connected_at + switches.connection_duration, last_traffic + switches.idle_timeout)


def disconnect_cause(close: Close) -> tuple[int, str]:
    """The `$disconnect` event's code and reason for a close by the gateway (DC-12 to DC-14, OQ-5)."""
    return (1000, NORMALLY) if close == DELETED else (close.code, close.reason)


def client_close_cause(code: int | None, reason: str) -> tuple[int, str]:
    """The same for a close by the client; `code` None means a close frame without a status (DC-10, DC-11)."""
    return (1005, NO_STATUS) if code is None else (code, reason)


DROPPED = (1006, "")
"""The same for a TCP connection that ended without a close frame (DC-15, OQ-4)."""


def _refused(message: str, connection: Connection, ids: EventIds, problem: str | None = None) -> Send:
    return Send(error_frames.error_frame(message, connection.connection_id, ids.request_id), "gateway", problem)


def _oversized(route: Route, body: str | None) -> str | None:
    """QT-5 holds for answers, too, but what AWS does with a larger one nobody has recorded."""
    if not route.two_way or route.route_key in (CONNECT, DISCONNECT) or len(body or "") <= limits.MESSAGE_BYTES // 4:
        return None
    size = len(utf8.encoded(body or ""))
    if size <= limits.MESSAGE_BYTES:
        return None
    return f"its answer has {size} bytes, expected at most {limits.MESSAGE_BYTES}; it is sent here, AWS may not send it"


def _route_response(route: Route, body: str | None) -> list[Send]:
    """RR-4; without a body the client gets an empty text (RR-5)."""
    return [Send(body or "", "route response")] if route.two_way else []
