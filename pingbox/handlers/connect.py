"""ConnectLambda, route `$connect`: may this socket exist, and whose is it?

Nothing may be posted to the connection from here: its upgrade waits for our answer (CN-14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.effects import entry
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports
from pingbox_core.errors import Request
from pingbox_core.identity import admission
from pingbox_core.members import Member
from pingbox_core.rate import NEW_GUEST

Response = dict[str, Any]


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> Response:
    """Admit or refuse: 200 (with the subprotocol, if one was offered), 400, 401, 403, 429; 500 if something broke."""
    connection = event["requestContext"]["connectionId"]
    with Invocation(ports, "connect", connection) as invocation:
        return _connect(invocation, event)
    return {"statusCode": 500}


def _connect(invocation: Invocation, event: Mapping[str, Any]) -> Response:
    ports, settings = invocation.ports, invocation.settings
    policy = admission.Policy(
        settings.allowed_origins,
        settings.default_room,
        settings.allow_query_token,
        settings.guests,
        settings.issuer,
    )
    keys = admission.Keys(ports.secret(), ports.issuer_keys)
    shake = handshake(event)
    answer = admission.admit(shake, policy, keys, ports.fresh.guest(), invocation.now)
    address = event["requestContext"].get("identity", {}).get("sourceIp")
    if isinstance(answer, admission.Admitted) and answer.is_new and _is_flooded(invocation, address):
        answer = admission.Rejected(429, "too_many_new_guests")
    if isinstance(answer, admission.Admitted) and not answer.is_new and _is_removed(invocation, answer.user):
        answer = admission.Rejected(403, "removed")
    if isinstance(answer, admission.Rejected):
        invocation.line |= {"code": answer.reason, "status": answer.status}
        return {"statusCode": answer.status}
    invocation.line |= {"user": answer.user, "plain": answer.room is not None}
    if not answer.is_new:
        entry.limit_connections(invocation, answer.user, admission.connections_allowed(answer))
    _open(invocation, answer, event["requestContext"].get("connectedAt", invocation.now))
    if answer.subprotocol is None:
        return {"statusCode": 200}
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": answer.subprotocol}}


def _is_flooded(invocation: Invocation, address: str | None) -> bool:
    """Whether too many newcomers came from one address: each new guest has rate limits of its own."""
    source = admission.counted_address(address)
    if source is None or not invocation.settings.rate.per_minute:
        return False
    return invocation.connections.charge(f"rate#{source}", [NEW_GUEST], invocation.now, Request()) is not None


def _is_removed(invocation: Invocation, user: str) -> bool:
    document = invocation.messages.documents([user]).get(user)
    return document is not None and document.removed


def _open(invocation: Invocation, admitted: admission.Admitted, connected_at: int) -> None:
    """Two writes: the record, then the rows of the user's connections and of a plain client's room.

    Until `hello` greets it, the connection counts as plain: it has no presence.
    """
    room = admitted.room
    rooms = frozenset() if room is None else frozenset({room})
    member = Member(
        invocation.connection, admitted.user, admitted.name, rooms, room, True, connected_at,
        admitted.expires_at, admin=admitted.admin,
    )  # fmt: skip
    invocation.connections.open(member, invocation.now)
    invocation.connections.subscribe(member, [] if room is None else [room], tab=True)


def handshake(event: Mapping[str, Any]) -> admission.Handshake:
    """What the client offered. Header names keep the client's case (EV-9)."""
    headers = {name.lower(): value for name, value in (event.get("multiValueHeaders") or {}).items()}
    offers = ",".join(headers.get("sec-websocket-protocol", ()))
    origins = headers.get("origin")
    return admission.Handshake(
        origin=origins[0] if origins else None,
        offered=tuple(offer for offer in map(str.strip, offers.split(",")) if offer),
        query=event.get("queryStringParameters") or {},
    )


lambda_handler = environment.function(handle, secret=True, management=True)
