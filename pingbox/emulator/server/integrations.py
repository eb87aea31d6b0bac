"""Performs a route's integration: asks the function and waits as long as the integration may take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, assert_never

from pingbox.emulator.functions.outcome import NotInvoked, Outcome
from pingbox.emulator.gateway.connection import Connection
from pingbox.emulator.gateway.conversation import IntegrationFailed, IntegrationOutcome, IntegrationTimedOut
from pingbox.emulator.gateway.declaration import LambdaProxy, Route, TemplatedIntegration
from pingbox.emulator.happenings import Invoked
from pingbox.emulator.server.gateway import Gateway

logger = logging.getLogger(__name__)


async def integrate(
    gateway: Gateway, connection: Connection, route: Route, event: Mapping[str, Any]
) -> IntegrationOutcome:
    """The integration's outcome; never raises."""
    match route.integration:
        case None:
            return IntegrationFailed(f"route {route.route_key} has no integration")
        case LambdaProxy(function, timeout_ms):
            return await invoke(gateway, connection, route.route_key, function, event, timeout_ms)
        case TemplatedIntegration():
            return IntegrationFailed(f"integration type {route.integration.type} is not emulated")
        case _:
            assert_never(route.integration)


async def invoke(
    gateway: Gateway,
    connection: Connection,
    route_key: str,
    function: str,
    event: Any,
    timeout_ms: int,
) -> Outcome | IntegrationTimedOut:
    """Run one function and tell the observer about it. `route_key` is also the authorizer's name for its runs."""
    begun = gateway.clock.now()
    outcome: Outcome | IntegrationTimedOut
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            outcome = await gateway.functions.invoke(function, event)
    except TimeoutError:
        outcome = IntegrationTimedOut()
    except Exception as error:
        logger.exception("function %s could not be run", function)
        outcome = NotInvoked(f"{type(error).__name__} while running {function}")
    if gateway.observed:
        ended = gateway.clock.now()
        gateway.tell(
            Invoked(
                ended,
                connection.api_id,
                connection.stage,
                route_key,
                connection.connection_id,
                function,
                event,
                outcome,
                ended - begun,
            )
        )
    return outcome
