"""Asks the backends of non-proxy integrations: a function, an HTTP server on this machine, or nobody (MOCK)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from pingbox.emulator.gateway import mapping
from pingbox.emulator.gateway.connection import Connection
from pingbox.emulator.gateway.conversation import IntegrationFailed, IntegrationOutcome, IntegrationTimedOut
from pingbox.emulator.gateway.declaration import Route, TemplatedIntegration
from pingbox.emulator.gateway.expressions import ExpressionError
from pingbox.emulator.gateway.integration_responses import BackendAnswer
from pingbox.emulator.gateway.mapping import HttpRequest
from pingbox.emulator.gateway.request_parameters import MappingError
from pingbox.emulator.gateway.velocity import TemplateError
from pingbox.emulator.server.gateway import Gateway
from pingbox.emulator.server.invoking import invoke


async def perform(
    gateway: Gateway,
    connection: Connection,
    route: Route,
    integration: TemplatedIntegration,
    event: Mapping[str, Any],
) -> IntegrationOutcome:
    """The integration's outcome after its response template; never raises for what a template or a backend does."""
    try:
        answer = await _ask(gateway, connection, route, integration, event)
        return mapping.rendered(integration, answer, event) if isinstance(answer, BackendAnswer) else answer
    except (MappingError, TemplateError, ExpressionError) as problem:
        return IntegrationFailed(str(problem))


async def _ask(
    gateway: Gateway,
    connection: Connection,
    route: Route,
    integration: TemplatedIntegration,
    event: Mapping[str, Any],
) -> BackendAnswer | IntegrationTimedOut | IntegrationFailed:
    payload = mapping.request_payload(integration, event)
    match integration.type:
        case "MOCK":
            return mapping.mock_answer(payload)
        case "AWS":
            outcome = await invoke(
                gateway,
                connection,
                route.route_key,
                integration.target or "",
                mapping.function_event(payload),
                integration.timeout_ms,
            )
            return mapping.function_answer(outcome)
        case "HTTP" | "HTTP_PROXY":
            return await _fetch(mapping.http_request(integration, payload, event), integration.timeout_ms)
        case other:
            return IntegrationFailed(f"integration type {other!r} is not known; expected AWS, HTTP, HTTP_PROXY or MOCK")


async def _fetch(request: HttpRequest, timeout_ms: int) -> BackendAnswer | IntegrationTimedOut | IntegrationFailed:
    timeout = aiohttp.ClientTimeout(total=timeout_ms / 1000)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.request(
                request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
            ) as response,
        ):
            body = (await response.read()).decode("utf-8", "replace")
            return BackendAnswer(response.status, body, str(response.status), dict(response.headers))
    except TimeoutError:
        return IntegrationTimedOut()
    except aiohttp.InvalidURL:
        return IntegrationFailed(f"{request.method} {request.url} failed: that is no address")
    except aiohttp.ClientError as error:
        return IntegrationFailed(f"{request.method} {request.url} failed: {type(error).__name__}", unreachable=True)
