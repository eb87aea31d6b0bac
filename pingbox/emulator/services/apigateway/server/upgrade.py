"""A connection from its upgrade request to the 101 or the refusal: everything that comes before the first frame."""

from __future__ import annotations

import asyncio

from websockets.exceptions import InvalidHandshake, InvalidUpgrade
from websockets.http11 import Request
from websockets.server import ServerProtocol

from pingbox.emulator.activity import Connected, Disconnected, Refused
from pingbox.emulator.http import handshake, lingering_close
from pingbox.emulator.http.access import Caller
from pingbox.emulator.http.websocket_frames import ThriftyDeflateFactory, new_protocol
from pingbox.emulator.services.apigateway.common import addresses, limits
from pingbox.emulator.services.apigateway.server.admission import admit
from pingbox.emulator.services.apigateway.server.client_socket import ClientSocket
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.server.integrations import integrate
from pingbox.emulator.services.apigateway.websocket import conversation, error_frames, events
from pingbox.emulator.services.apigateway.websocket.connect_route import Accept, Refuse, connect_ended
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import Deployment
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest
from pingbox.model.api import CONNECT

MAX_EARLY_BYTES = 64 * 1024
"""What a client may send before its 101; then its socket is not read until the handshake has ended."""


class Upgrade(asyncio.Protocol):
    """Holds the transport while `$connect` runs (HS-3)."""

    def __init__(self, gateway: Gateway, transport: asyncio.Transport, head: bytes, early: bytes) -> None:
        self._gateway = gateway
        self._transport = transport
        self._head = head
        self._early = bytearray(early)
        self._lost = False
        self._foreign_page: str | None = None

    def start(self) -> asyncio.Task[None]:
        """Begin; the task ends when the handshake is answered."""
        return self._gateway.spawn(self._run())

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > MAX_EARLY_BYTES:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True

    # --- the handshake ----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._open()
        except BaseException:
            self._transport.abort()  # the server stops, or we have a bug: nobody may be left hanging
            raise

    async def _open(self) -> None:
        if self._gateway.stopping:
            self._gateway.tell(Refused(self._gateway.clock.now(), "", "", 503, "the server is stopping"))
            self._answer(handshake.refused(503, "the server is stopping"))
            return
        try:
            parsed = handshake.parse_request(self._head)
        except handshake.BadRequestError as problem:
            self._reject(problem.status, str(problem))
            return
        caller = _caller(parsed)
        reason = self._gateway.access.refusal(caller)
        if reason is not None:
            self._gateway.tell(Refused(self._gateway.clock.now(), "", "", 403, reason))
            self._answer(handshake.refused(403, reason))
            return
        self._foreign_page = self._gateway.access.foreign_page(caller)
        protocol = new_protocol()
        protocol.available_extensions = [ThriftyDeflateFactory()]
        accept_key = self._checked(protocol, parsed)
        if accept_key is None:
            return
        request = handshake.described(parsed, self._peer())
        deployment = addresses.handshake_target(self._gateway.apis, request.header("host") or "", request.path)
        if deployment is None:
            self._refuse_unknown(request)
            return
        await self._connect(protocol, accept_key, deployment, request)

    async def _connect(
        self, protocol: ServerProtocol, accept_key: str, deployment: Deployment, request: HandshakeRequest
    ) -> None:
        now = self._gateway.clock.now()
        connection = self._connection(deployment, request, now)
        ids = self._gateway.event_ids(now)
        trace_id = self._gateway.trace_id(now)
        admitted = await admit(self._gateway, deployment, connection, request, ids, trace_id)
        if isinstance(admitted, Refuse):
            self._refuse(connection, admitted, ids.request_id)
            return
        connection = admitted
        answer = await self._run_connect(deployment, connection, request, ids, trace_id)
        if isinstance(answer, Refuse):
            self._refuse(connection, answer, ids.request_id)
            return
        if self._lost:
            self._vanished(connection)
            return
        self._accept(
            protocol, connection, handshake.accepted(accept_key, bool(protocol.extensions), answer.subprotocol)
        )

    async def _run_connect(
        self,
        deployment: Deployment,
        connection: Connection,
        request: HandshakeRequest,
        ids: conversation.EventIds,
        trace_id: str,
    ) -> Accept | Refuse:
        route = deployment.api.route(CONNECT)
        if route is None or route.integration is None:
            return Accept()  # HS-4
        now = self._gateway.clock.now()
        event = events.connect_event(
            connection,
            request,
            now=now,
            request_id=ids.request_id,
            trace_id=trace_id,
            variables=deployment.stage.variables,
        )
        return connect_ended(await integrate(self._gateway, connection, route, event), self._gateway.switches)

    def _checked(self, protocol: ServerProtocol, request: Request) -> str | None:
        """The accept key of a proper upgrade request; else None, and the refusal is sent."""
        if len(request.path) > limits.URL_CHARACTERS:
            self._reject(414, f"the URL is longer than {limits.URL_CHARACTERS} characters")
            return None
        try:
            accept_key, _, _ = protocol.process_request(request)
        except InvalidUpgrade as problem:
            self._reject(426, str(problem))
        except InvalidHandshake as problem:
            self._reject(400, str(problem))
        else:
            return accept_key
        return None

    def _connection(self, deployment: Deployment, request: HandshakeRequest, now: float) -> Connection:
        api_id = deployment.api.api_id
        custom = addresses.custom_domain(self._gateway.apis, request.header("host") or "")
        return Connection(
            connection_id=self._gateway.connection_id(now),
            api_id=api_id,
            stage=deployment.stage.name,
            domain_name=custom or addresses.domain_name(api_id, self._gateway.region),
            connected_at=now,
            source_ip=request.source_ip,
            user_agent=request.header("user-agent"),
        )

    # --- its ends ---------------------------------------------------------------------------------------------------

    def _accept(self, protocol: ServerProtocol, connection: Connection, response: bytes) -> None:
        if self._foreign_page is not None:
            self._gateway.notices.warn(
                "WebSocket",
                f"a web page of {self._foreign_page} has connected; as on AWS any page may, unless $connect or an "
                "authorizer looks at Origin. --allow-origin lets in only the pages that it names",
            )
        socket = ClientSocket(self._gateway, self._transport, connection, protocol)
        self._transport.write(response)
        self._transport.set_protocol(socket)
        now = self._gateway.clock.now()
        socket.start()
        self._gateway.tell(
            Connected(
                now,
                connection.api_id,
                connection.stage,
                connection.connection_id,
                connection.source_ip,
                self._peer_port(),
            )
        )
        self._transport.resume_reading()
        if self._early:
            socket.data_received(bytes(self._early))
        if self._gateway.stopping:
            socket.close(conversation.STOPPING)

    def _vanished(self, connection: Connection) -> None:
        """`$connect` succeeded for a client that is no longer there: what it stored is cleaned up by `$disconnect`."""
        now = self._gateway.clock.now()
        code, reason = conversation.DROPPED
        self._gateway.tell(Disconnected(now, connection.connection_id, code, reason))
        deployment = self._gateway.deployment(connection)
        if deployment is None:
            return
        ids = self._gateway.event_ids(now)
        for work in conversation.disconnected(deployment, connection, code, reason, now=now, ids=ids):
            self._gateway.spawn(self._disconnect(connection, work))

    async def _disconnect(self, connection: Connection, work: conversation.Invoke) -> None:
        await integrate(self._gateway, connection, work.route, work.event)

    def _refuse(self, connection: Connection, refusal: Refuse, request_id: str) -> None:
        """CN-16: no `$disconnect` follows."""
        now = self._gateway.clock.now()
        self._gateway.tell(Refused(now, connection.stage, connection.connection_id, refusal.status, refusal.cause))
        self._answer(
            handshake.refused(
                refusal.status, refusal.message, connection_id=connection.connection_id, request_id=request_id
            )
        )

    def _refuse_unknown(self, request: HandshakeRequest) -> None:
        """HS-8."""
        known = ", ".join(f"/{stage.name}" for api in self._gateway.apis[:1] for stage in api.stages)
        cause = f"no stage at {request.path!r}; deployed: {known or 'none'}"
        self._gateway.tell(Refused(self._gateway.clock.now(), request.path.strip("/"), "", 403, cause))
        self._answer(handshake.refused(403, error_frames.FORBIDDEN))

    def _reject(self, status: int, problem: str) -> None:
        """Refuse what is no proper upgrade request. The problem may quote a header: only its sender gets to see it."""
        cause = problem if status == 431 else "not a proper WebSocket upgrade request"
        self._gateway.tell(Refused(self._gateway.clock.now(), "", "", status, cause))
        self._answer(handshake.refused(status, problem))

    def _answer(self, response: bytes) -> None:
        if not self._lost:
            lingering_close.say(self._transport, response)

    def _peer_port(self) -> int:
        peer = self._transport.get_extra_info("peername")
        return peer[1] if isinstance(peer, tuple) and len(peer) > 1 else 0

    def _peer(self) -> str:
        peer = self._transport.get_extra_info("peername")
        return peer[0] if isinstance(peer, tuple) and peer else ""


def _caller(request: Request) -> Caller:
    def value(name: str) -> str | None:
        values = request.headers.get_all(name)
        return ", ".join(values) if values else None

    return Caller(value("Host"), value("Origin"), upgrade=True)
