"""Performs a route's integration, whatever its type."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, assert_never

from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket import conversation
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import IntegrationFailed, IntegrationOutcome
from pingbox.emulator.services.lambda_.details import Details
from pingbox.model.api import LambdaProxy, Route, TemplatedIntegration

logger = logging.getLogger(__name__)
function_problems = logging.getLogger("pingbox.emulator.function_problems")
"""What `Invoked` tells, too: whoever shows that silences this, so that one error is told once."""


async def integrate(
    gateway: Gateway, connection: Connection, route: Route, event: Mapping[str, Any]
) -> IntegrationOutcome:
    """The integration's outcome; never raises. What went wrong by the integration's own fault is logged."""
    outcome = await _perform(gateway, connection, route, event)
    problem = conversation.problem(outcome, route, gateway.switches)
    if problem is not None:
        log = function_problems if isinstance(route.integration, LambdaProxy) else logger
        log.warning("route %s: %s", route.route_key, problem)
    return outcome


async def _perform(
    gateway: Gateway, connection: Connection, route: Route, event: Mapping[str, Any]
) -> IntegrationOutcome:
    match route.integration:
        case None:
            return IntegrationFailed("the route has no integration")
        case LambdaProxy(function, timeout_ms, qualifier, version):
            called = Details(qualifier=qualifier, version=version)
            return await gateway.invoke(connection, route.route_key, function, event, timeout_ms, called, route)
        case TemplatedIntegration():
            # Imported here: the HTTP client and the template engine cost much to import, and few APIs need them.
            from pingbox.emulator.services.apigateway.server.non_proxy import perform

            return await perform(gateway, connection, route, route.integration, event)
        case _:
            assert_never(route.integration)
