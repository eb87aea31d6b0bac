"""`@connections`: posts, looks and deletes, from handler threads or the HTTP site (facts MG-*)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from pingbox.emulator.activity import ManagementCalled
from pingbox.emulator.http.websocket_frames import OutgoingText
from pingbox.emulator.services.apigateway.common import addresses, limits
from pingbox.emulator.services.apigateway.server.client_socket import ClientSocket
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket import conversation, management
from pingbox.emulator.services.apigateway.websocket.conversation import Deployment
from pingbox.emulator.services.port import AwsRequest, AwsResponse

Intercept = Callable[[str, bytes], AwsResponse | None]
"""(connection id, message) of a post that would be delivered -> the answer to give instead of delivering, or None.

Called on the poster's thread.
"""


class ConnectionsApi:
    """Thread-safe. The answer is decided on the caller's thread; the socket is written to on the loop's.

    So a post costs the caller no wait, and 200 means what it means on AWS: the gateway took the message (MG-31).
    """

    name = "execute-api"
    max_body_bytes = limits.MESSAGE_BYTES  # MG-16 is decided by the announced size: nobody sends what will be refused

    def __init__(self, gateway: Gateway, intercept: Intercept | None = None) -> None:
        self._gateway = gateway
        self._intercept = intercept

    def matches(self, request: AwsRequest) -> bool:
        """Whether the path is about connections; whatever the host, for a port of this machine has many names."""
        return management.read_path(request.path) is not None

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """As `Service` has it."""
        return self.answer(request)

    def answer(self, request: AwsRequest) -> AwsResponse:
        """What a request gets (MG-4). Any thread may call."""
        answer = self._decided(request)
        # Errors of @connections have one in the SDK's output (aws-sdk-js-v3 #2763); apps log it of successes, too.
        return AwsResponse(answer.status, {**answer.headers, "x-amzn-RequestId": str(uuid.uuid4())}, answer.body)

    def _decided(self, request: AwsRequest) -> AwsResponse:
        target = management.read_path(request.path)
        if target is None:
            return management.forbidden()
        deployment = self._gateway.deployed(request.host, prefix=target.prefix, stage=target.stage)
        if deployment is None:
            there = ", ".join(addresses.described(self._gateway.apis)) or "none"
            self._gateway.notices.warn(
                "@connections",
                f"a request to @connections of {_named(request.host, target)} is refused: "
                f"there is no such API or stage here; there are: {there}",
            )
            return management.forbidden()
        if not _is_signed(request) and self._gateway.switches.unsigned_management == "refuse":
            return management.unsigned()
        answer = management.refusal(request.method, target.connection_id, request.size) or self._perform(
            request.method, deployment, target.connection_id, request.body
        )
        if self._gateway.observed:
            self._tell(request.method, target.connection_id, answer.status)
        return answer

    def post_to_many(self, deployment: Deployment, connection_ids: Sequence[str], data: bytes) -> Mapping[str, int]:
        """Post the same message to many connections; the status of each."""
        statuses: dict[str, int] = {}
        receivers: list[ClientSocket] = []
        message = OutgoingText(data)
        for connection_id in connection_ids:
            socket = self._gateway.socket(deployment, connection_id)
            refused = (
                management.refusal("POST", connection_id, len(data))
                or _unready(socket)
                or self._intercepted(connection_id, data)
            )
            statuses[connection_id] = 200 if refused is None else refused.status
            if refused is None and socket is not None:
                receivers.append(socket)
        self._write(receivers, message)
        if self._gateway.observed:
            # What was delivered is told by its frame: a second entry for each receiver would cost as much as the post.
            for connection_id, status in statuses.items():
                if status != 200 or len(statuses) == 1:
                    self._tell("POST", connection_id, status)
        return statuses

    def _perform(self, method: str, deployment: Deployment, connection_id: str, body: bytes) -> AwsResponse:
        socket = self._gateway.socket(deployment, connection_id)
        if socket is None:
            return management.gone()
        match method:
            case "GET":
                return management.described(socket.connection, socket.last_traffic)
            case "DELETE":
                socket.open = False  # from now on, for everybody (MG-35)
                self._gateway.soon(lambda: socket.close(conversation.DELETED))
                return management.DELETED
            case _:
                refused = _unready(socket) or self._intercepted(socket.connection.connection_id, body)
                if refused is None:
                    self._write([socket], OutgoingText(body))
                return refused or management.DELIVERED

    def _intercepted(self, connection_id: str, data: bytes) -> AwsResponse | None:
        return None if self._intercept is None else self._intercept(connection_id, data)

    def _write(self, receivers: Sequence[ClientSocket], message: OutgoingText) -> None:
        if not receivers:
            return

        def write() -> None:
            now = self._gateway.clock.now()
            for socket in receivers:
                socket.write(message, "post", now)

        self._gateway.soon(write)

    def _tell(self, method: str, connection_id: str, status: int) -> None:
        self._gateway.tell(ManagementCalled(self._gateway.clock.now(), method, connection_id, status))


def _is_signed(request: AwsRequest) -> bool:
    return request.scope is not None or "Authorization" in request.headers or "X-Amz-Signature=" in request.query


def _unready(socket: ClientSocket | None) -> AwsResponse | None:
    if socket is None:
        return management.gone()
    return management.buffer_full() if socket.congested else None


def _named(host: str, target: management.ConnectionTarget) -> str:
    """The API and the stage as the request names them."""
    return "/".join(part for part in (host, target.prefix, target.stage) if part)
