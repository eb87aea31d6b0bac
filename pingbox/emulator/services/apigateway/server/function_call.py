"""Runs one function and waits for it as long as its integration may take."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pingbox.emulator.activity import IntegrationTimedOut, Invoked
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.lambda_.details import Details, details
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Outcome

UNQUALIFIED = Details()
logger = logging.getLogger(__name__)


async def invoke(
    gateway: Gateway,
    connection: Connection,
    route_key: str,
    function: str,
    event: Any,
    timeout_ms: int,
    called: Details = UNQUALIFIED,
) -> Outcome | IntegrationTimedOut:
    """Run one function and tell the observer about it.

    `route_key` is also the authorizer's name for its runs. `called`: by which alias or version.
    """
    begun = gateway.clock.now()
    outcome: Outcome | IntegrationTimedOut
    details.set(called)  # an event of the gateway's own, whatever caused it
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
