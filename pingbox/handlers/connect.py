"""ConnectLambda, route `$connect`: may this socket exist, and whose is it?

Nothing may be posted to the connection from here: its upgrade waits for our answer (CN-14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports
from pingbox_core import admission
from pingbox_core.members import Member

Response = dict[str, Any]


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> Response:
    """Admit or refuse: 200 (with the subprotocol, if one was offered), 400, 401, 403; 500 if something broke."""
    connection = event["requestContext"]["connectionId"]
    with Invocation(ports, "connect", connection) as invocation:
        return _connect(invocation, event)
    return {"statusCode": 500}


def _connect(invocation: Invocation, event: Mapping[str, Any]) -> Response:
    ports, settings = invocation.ports, invocation.settings
    policy = admission.Policy(settings.allowed_origins, settings.default_room, settings.allow_query_token)
    shake = handshake(event)
    answer = admission.admit(shake, policy, ports.secret(), ports.fresh.guest(), invocation.now)
    if isinstance(answer, admission.Rejected):
        invocation.line |= {"code": answer.reason, "status": answer.status}
        return {"statusCode": answer.status}
    invocation.line |= {"user": answer.user, "plain": answer.room is not None}
    _open(invocation, answer, event["requestContext"].get("connectedAt", invocation.now))
    if answer.subprotocol is None:
        return {"statusCode": 200}
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": answer.subprotocol}}


def _open(invocation: Invocation, admitted: admission.Admitted, connected_at: int) -> None:
    """One write; a second one for a plain client, which is subscribed at once."""
    room = admitted.room
    rooms = frozenset() if room is None else frozenset({room})
    member = Member(invocation.connection, admitted.user, admitted.name, rooms, room, room is not None, connected_at)
    invocation.connections.open(member, invocation.now)
    if room is not None:
        invocation.connections.subscribe(member, [room], tab=False)


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


lambda_handler = environment.function(handle, secret=True)
