"""Who may connect: rates, API key, signature and authorizer, in the gateway's order, before `$connect` runs (HS-3)."""

from __future__ import annotations

from dataclasses import replace

from pingbox.emulator.gateway import authorizing, error_frames, events
from pingbox.emulator.gateway.authorizing import Permit
from pingbox.emulator.gateway.connecting import Refuse
from pingbox.emulator.gateway.connection import Connection
from pingbox.emulator.gateway.conversation import Deployment, EventIds
from pingbox.emulator.gateway.credentials import check_api_key
from pingbox.emulator.gateway.declaration import CONNECT, DEFAULT_TIMEOUT_MS, Authorizer, Throttle
from pingbox.emulator.gateway.handshake_request import HandshakeRequest
from pingbox.emulator.gateway.signatures import check_signature
from pingbox.emulator.server.gateway import Gateway
from pingbox.emulator.server.invoking import invoke

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
    arn = authorizing.method_arn(gateway.region, gateway.account_id, connection.api_id, connection.stage)
    event = events.authorizer_event(
        connection,
        request,
        method_arn=arn,
        now=gateway.clock.now(),
        request_id=ids.request_id,
        trace_id=trace_id,
        variables=deployment.stage.variables,
    )
    missing = authorizing.missing_identity(authorizer, request, deployment.stage.variables, event["requestContext"])
    if missing is not None:
        return missing
    outcome = await invoke(gateway, connection, authorizer.name, authorizer.function, event, DEFAULT_TIMEOUT_MS)
    return authorizing.authorizer_ended(authorizer, outcome, arn)
