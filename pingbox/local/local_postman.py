"""The chat's posts without HTTP: one frame, handed to many connections at once.

They are the invocation's AWS calls all the same, and observed as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pingbox.emulator.redirect.aws_calls import note
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.handlers.ports import Delivery

_DELIVERY = {200: Delivery.DELIVERED, 410: Delivery.GONE, 400: Delivery.GONE}


class LocalPostman:
    """The handlers' `Postman` over the gateway of this process. Thread-safe, as the gateway's own calls are.

    The cloud's postman (`handlers.postman`) and this one pass the same tests.
    """

    def __init__(self, server: GatewayServer, stage: str) -> None:
        self._server = server
        self._stage = stage

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        """See `Postman.post`. A full buffer (429) is not tried again here: the client will see the gap."""
        statuses = self._server.post_to_many(self._stage, connection_ids, frame)
        deliveries = {connection: _DELIVERY.get(status, Delivery.FAILED) for connection, status in statuses.items()}
        if all(delivery is Delivery.DELIVERED for delivery in deliveries.values()):
            # One call for all of them: a line of its own for each would cost more than the post.
            note("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": ", ".join(deliveries)})
            return deliveries
        for connection_id, delivery in deliveries.items():
            _note("PostToConnection", connection_id, None if delivery is Delivery.DELIVERED else delivery.value)
        return deliveries

    def close(self, connection_id: str) -> None:
        """See `Postman.close`."""
        self._ask("DELETE", connection_id)
        _note("DeleteConnection", connection_id, None)

    def is_open(self, connection_id: str) -> bool:
        """See `Postman.is_open`."""
        is_open = self._ask("GET", connection_id) not in (400, 410)
        _note("GetConnection", connection_id, None if is_open else "GoneException")
        return is_open

    def _ask(self, method: str, connection_id: str) -> int:
        path = f"/{self._stage}/@connections/{quote(connection_id, safe='')}"
        return self._server.management(method, "", path, b"").status


def _note(operation: str, connection_id: str, error: str | None) -> None:
    note("apigatewaymanagementapi", operation, {"ConnectionId": connection_id}, error)
