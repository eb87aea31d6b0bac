"""Asks the backends of non-proxy integrations: a function, an HTTP server on this machine, or nobody (MOCK)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common.expressions import SelectionError
from pingbox.emulator.services.apigateway.mapping import templates
from pingbox.emulator.services.apigateway.mapping.integration_responses import BackendAnswer
from pingbox.emulator.services.apigateway.mapping.request_parameters import MappingError
from pingbox.emulator.services.apigateway.mapping.templates import HttpRequest
from pingbox.emulator.services.apigateway.mapping.velocity import MappingTemplateError
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import (
    IntegrationFailed,
    IntegrationOutcome,
)
from pingbox.model.api import Route, TemplatedIntegration


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
        return templates.rendered(integration, answer, event) if isinstance(answer, BackendAnswer) else answer
    except (MappingError, MappingTemplateError, SelectionError) as problem:
        return IntegrationFailed(str(problem))


async def _ask(
    gateway: Gateway,
    connection: Connection,
    route: Route,
    integration: TemplatedIntegration,
    event: Mapping[str, Any],
) -> BackendAnswer | IntegrationTimedOut | IntegrationFailed:
    payload = templates.request_payload(integration, event)
    match integration.type:
        case "MOCK":
            return templates.mock_answer(payload)
        case "AWS":
            outcome = await gateway.invoke(
                connection,
                route.route_key,
                integration.target or "",
                templates.function_event(payload),
                integration.timeout_ms,
            )
            return templates.function_answer(outcome)
        case "HTTP" | "HTTP_PROXY":
            return await _fetch(templates.http_request(integration, payload, event), integration.timeout_ms)
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
