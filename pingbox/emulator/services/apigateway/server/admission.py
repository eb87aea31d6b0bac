"""Who may connect: rates, API key, signature and authorizer, in the gateway's order, before `$connect` runs (HS-3)."""

from __future__ import annotations

from dataclasses import replace

from pingbox.emulator.services.apigateway.common import authorizers
from pingbox.emulator.services.apigateway.common.api_keys import check_api_key
from pingbox.emulator.services.apigateway.common.authorizers import Permit
from pingbox.emulator.services.apigateway.common.signatures import check_signature
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket import error_frames, events
from pingbox.emulator.services.apigateway.websocket.connect_route import Refuse
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import Deployment, EventIds
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest
from pingbox.model.api import CONNECT, DEFAULT_TIMEOUT_MS, Authorizer, Throttle

_ALL_CONNECTS = ("", "", CONNECT)


async def admit(
    gateway: Gateway,
    deployment: Deployment,
    connection: Connection,
    request: HandshakeRequest,
    ids: EventIds,
    trace_id: str,
) -> Connection | Refuse:
    """The connection with what authorization adds to its identity, or why it is refused."""
    if not _within_rates(gateway, deployment):
        return Refuse(429, error_frames.TOO_MANY_REQUESTS, "too many new connections")  # CN-9
    route = deployment.api.route(CONNECT)
    if route is None:
        return connection
    permit: Permit | None = None
    identity: dict[str, str] = {}
    if route.authorization == "AWS_IAM":
        signer = check_signature(request, gateway.account_id, gateway.clock.now())
        if isinstance(signer, Refuse):
            return signer
        identity.update(signer)
    if route.authorizer is not None:
        asked = await _ask(gateway, route.authorizer, deployment, connection, request, ids, trace_id)
        if isinstance(asked, Refuse):
            return asked
        permit = asked
    if route.api_key_required:
        key = check_api_key(deployment.api, request, permit)
        if isinstance(key, Refuse):
            return key
        identity.update(key)
    return replace(connection, identity=identity, authorizer=permit.context if permit is not None else None)


def _within_rates(gateway: Gateway, deployment: Deployment) -> bool:
    now = gateway.clock.now()
    everybody = Throttle(gateway.switches.connect_rate, gateway.switches.connect_burst)
    return gateway.buckets.admit_by(_ALL_CONNECTS, everybody, now) and gateway.buckets.admit(
        deployment.api.api_id, deployment.stage, CONNECT, now
    )


async def _ask(
    gateway: Gateway,
    authorizer: Authorizer,
    deployment: Deployment,
    connection: Connection,
    request: HandshakeRequest,
    ids: EventIds,
    trace_id: str,
) -> Permit | Refuse:
    """AU-1: once per connection; AU-13: nothing is remembered between connections."""
    arn = authorizers.method_arn(gateway.region, gateway.account_id, connection.api_id, connection.stage)
    event = events.authorizer_event(
        connection,
        request,
        method_arn=arn,
        now=gateway.clock.now(),
        request_id=ids.request_id,
        trace_id=trace_id,
        variables=deployment.stage.variables,
    )
    missing = authorizers.missing_identity(authorizer, event)
    if missing is not None:
        return missing
    outcome = await gateway.invoke(connection, authorizer.name, authorizer.function, event, DEFAULT_TIMEOUT_MS)
    return authorizers.authorizer_ended(authorizer, outcome, arn)
