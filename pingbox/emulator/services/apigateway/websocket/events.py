"""The events a function receives, member by member in the order of the captures (facts EV-*).

Every call builds a fresh dict of JSON types: whoever gets it may change it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest, grouped, last_values
from pingbox.model.api import CONNECT, DISCONNECT

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HIDDEN_FROM_INTEGRATION = frozenset({"connection", "upgrade", "content-length"})  # EV-9
_SYNTHETIC = ("x-api-key", "X-Forwarded-For", "x-restapi")  # EV-13


def connect_event(
    connection: Connection,
    request: HandshakeRequest,
    *,
    now: float,
    request_id: str,
    trace_id: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """The CONNECT event. `variables` are the stage's; `trace_id` as `trace_id()` makes it."""
    headers = [
        pair for pair in _seen_headers(connection, request, trace_id) if pair[0].lower() not in _HIDDEN_FROM_INTEGRATION
    ]
    return {
        **_header_members(headers),
        **_query_members(request),
        **_stage_variables(variables),
        "requestContext": _request_context(connection, CONNECT, "CONNECT", now, request_id),
        "isBase64Encoded": False,
    }


def message_event(
    connection: Connection,
    route_key: str,
    text: str,
    *,
    now: float,
    request_id: str,
    message_id: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """The MESSAGE event: no headers and no query (EV-3, EV-4)."""
    return {
        **_stage_variables(variables),
        "requestContext": _request_context(
            connection, route_key, "MESSAGE", now, request_id, after_route={"messageId": message_id}
        ),
        "body": text,
        "isBase64Encoded": False,
    }


def disconnect_event(
    connection: Connection,
    code: int,
    reason: str,
    *,
    now: float,
    request_id: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """The DISCONNECT event, with four synthetic headers and no user agent (EV-13, DC-20, the captures of 2.4)."""
    headers = [("Host", connection.domain_name), *((name, "") for name in _SYNTHETIC)]
    context = _request_context(
        connection,
        DISCONNECT,
        "DISCONNECT",
        now,
        request_id,
        after_route={"disconnectStatusCode": code},
        after_direction={"disconnectReason": reason},
    )
    context["identity"].pop("userAgent", None)
    return {
        **_header_members(headers),
        **_stage_variables(variables),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def authorizer_event(
    connection: Connection,
    request: HandshakeRequest,
    *,
    method_arn: str,
    now: float,
    request_id: str,
    trace_id: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """The REQUEST authorizer's event: all headers, and empty objects where the others omit members (AU-3)."""
    headers = _seen_headers(connection, request, trace_id)
    if request.header("content-length") is None:
        headers.append(("content-length", "0"))
    query = request.query_values()
    return {
        "type": "REQUEST",
        "methodArn": method_arn,
        **_header_members(headers),
        "queryStringParameters": last_values(query),
        "multiValueQueryStringParameters": query,
        "stageVariables": dict(variables),
        "requestContext": _request_context(connection, CONNECT, "CONNECT", now, request_id),
    }


def trace_id(now: float, random: bytes) -> str:
    """`X-Amzn-Trace-Id` from a time in seconds and 12 random bytes (EV-10)."""
    return f"Root=1-{int(now) & 0xFFFFFFFF:08x}-{random.hex()}"


def request_time(now: float) -> str:
    """Common log format in UTC, with English months whatever the locale (EV-24)."""
    return _request_time(int(now))


@lru_cache(maxsize=16)
def _request_time(second: int) -> str:
    utc = time.gmtime(second)
    return (
        f"{utc.tm_mday:02d}/{_MONTHS[utc.tm_mon - 1]}/{utc.tm_year:04d}:"
        f"{utc.tm_hour:02d}:{utc.tm_min:02d}:{utc.tm_sec:02d} +0000"
    )


def _request_context(
    connection: Connection,
    route_key: str,
    event_type: str,
    now: float,
    request_id: str,
    *,
    after_route: Mapping[str, Any] | None = None,
    after_direction: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    authorizer = {} if connection.authorizer is None else {"authorizer": dict(connection.authorizer)}
    return {
        "routeKey": route_key,
        **authorizer,
        **(after_route or {}),
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": request_time(now),
        "messageDirection": "IN",
        **(after_direction or {}),
        "stage": connection.stage,
        "connectedAt": connection.connected_at_ms,
        "requestTimeEpoch": int(now * 1000),
        "identity": _identity(connection),
        "requestId": request_id,
        "domainName": connection.domain_name,
        "connectionId": connection.connection_id,
        "apiId": connection.api_id,
    }


def _identity(connection: Connection) -> dict[str, str]:
    agent = {} if connection.user_agent is None else {"userAgent": connection.user_agent}
    return {**connection.identity, **agent, "sourceIp": connection.source_ip}


def _seen_headers(connection: Connection, request: HandshakeRequest, trace: str) -> list[tuple[str, str]]:
    """The client's headers with the canonical Host and with what the gateway adds (EV-9, EV-10)."""
    added = ("host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
    forwarded = request.header("x-forwarded-for")
    return [
        ("Host", connection.domain_name),
        *(pair for pair in request.headers if pair[0].lower() not in added),
        ("X-Amzn-Trace-Id", request.header("x-amzn-trace-id") or trace),
        ("X-Forwarded-For", f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _header_members(headers: list[tuple[str, str]]) -> dict[str, Any]:
    groups = grouped(headers)
    return {"headers": last_values(groups), "multiValueHeaders": groups}


def _query_members(request: HandshakeRequest) -> dict[str, Any]:
    query = request.query_values()
    if not query:
        return {}
    return {"queryStringParameters": last_values(query), "multiValueQueryStringParameters": query}


def _stage_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    return {"stageVariables": dict(variables)} if variables else {}
