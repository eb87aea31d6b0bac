"""API Gateway for WebSocket APIs on one port of this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.http.access import Access
from pingbox.emulator.http.dispatch import HttpDispatch, HttpHandler, HttpTimeouts
from pingbox.emulator.http.listener import Listener
from pingbox.emulator.http.redirect_listener import RedirectListener
from pingbox.emulator.http.sdk_connection import SdkConnection
from pingbox.emulator.redirect.targets import Targets, announce, withdraw
from pingbox.emulator.services.apigateway.common.addresses import domains, find_deployment, in_url
from pingbox.emulator.services.apigateway.common.declaration_rules import check
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.server.connections_api import ConnectionsApi, Intercept
from pingbox.emulator.services.apigateway.server.gateway import Gateway
from pingbox.emulator.services.apigateway.websocket.conversation import STOPPING
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Scope, host_labels
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.model.api import Api

__all__ = ["GatewayServer", "HttpHandler"]

_Running = tuple[Gateway, ConnectionsApi, web.Server, list[asyncio.Server], RedirectListener]
_FINISH_SECONDS = 0.7
_LINGER_SECONDS = 0.2


async def _nobody_else() -> None:
    return None


class GatewayServer:
    """WebSockets at `ws://host:port/{stage}`, `@connections`, other AWS services and a fallback site on one port.

    Order of calls: `start`, then anything, then `stop`; a stopped server may not be started again. `management` and
    `post_to_many` may be called from any thread while the server runs; the rest belongs to the event loop's thread.
    """

    def __init__(
        self,
        apis: Sequence[Api],
        functions: Functions,
        *,
        clock: Clock,
        observer: Observer | None = None,
        services: ServiceRegistry | None = None,
        fallback: HttpHandler | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        region: str = "us-east-1",
        account_id: str = "000000000000",
        switches: Switches = Switches(),  # noqa: B008 - frozen
        access: Access | None = None,
        timeouts: HttpTimeouts = HttpTimeouts(),  # noqa: B008 - frozen
        intercept: Intercept | None = None,
        tls: ssl.SSLContext | None = None,
        tls_port: int = 0,
    ) -> None:
        """`services` are the AWS services on the port; `@connections` is registered among them by `start`.

        `fallback` answers what is no service's; `port` 0 takes a free one. See `Switches` for the rest.

        `access` is who may use the port; by default this machine's programs, and pages of the port itself.

        `intercept` may answer posts in place of delivering them. With `tls` (see `certificates.local_tls`) the same
        is served over TLS on `tls_port` too.

        Raises `DeclarationError` for APIs that cannot be served.
        """
        check(apis)
        self._apis = tuple(apis)
        self._functions = functions
        self._clock = clock
        self._observer = observer
        self._services = services or ServiceRegistry()
        self._fallback = fallback
        self._host = host
        self._port = port
        self._region = region
        self._account_id = account_id
        self._switches = switches
        self._access = access or Access(host)
        self._timeouts = timeouts
        self._tls = tls
        self._tls_port = tls_port
        self._intercept = intercept
        self._running: _Running | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` if the port is in use or not allowed."""
        loop = asyncio.get_running_loop()
        gateway = Gateway(
            self._apis,
            self._functions,
            clock=self._clock,
            observer=self._observer,
            region=self._region,
            account_id=self._account_id,
            switches=self._switches,
            access=self._access_by_domains(),
            loop=loop,
        )
        connections = ConnectionsApi(gateway, self._intercept)
        http = HttpDispatch(gateway, self._services, self._fallback, self._timeouts).server()
        listeners = [await self._listen(gateway, http, self._port, None)]
        self._port = _port_of(listeners[0])
        if self._tls is not None:
            try:
                listeners.append(await self._listen(gateway, http, self._tls_port, self._tls))
            except OSError:
                listeners[0].close()
                raise
            self._tls_port = _port_of(listeners[1])
        redirect = RedirectListener(lambda: self._new_connection(gateway, http))
        try:
            redirect.start()
        except OSError:
            for listener in listeners:
                listener.close()
            raise
        self._services.start()
        self._services.register(connections)
        self._running = (gateway, connections, http, listeners, redirect)
        announce(self.url, lambda: self.targets)

    async def stop(
        self,
        within: float = _FINISH_SECONDS,
        force: asyncio.Event | None = None,
        others: Callable[[], Awaitable[None]] = _nobody_else,
    ) -> None:
        """Say 1001 to every client, run `$disconnect` for them, and be gone soon after the last has ended.

        `others` is then awaited: what `$disconnect` began and this server does not know of. Functions that still run
        after `within` seconds in all, or once `force` is set, are not waited for. Until then the port answers what they
        ask; new handshakes get 503.
        """
        if self._running is None or self._running[0].stopping:
            return
        gateway, connections, http, listeners, redirect = self._running
        gateway.stopping = True
        for socket in list(gateway.sockets.values()):
            socket.close(STOPPING)
        await gateway.finish(within, force or asyncio.Event(), others)
        self._running = None
        self._services.unregister(connections)
        withdraw(self.url)
        for listener in listeners:
            listener.close()
        redirect.close()
        http.pre_shutdown()
        await http.shutdown(_LINGER_SECONDS)
        for transport in list(gateway.transports):
            transport.abort()
        gateway.timers.stop()
        await asyncio.sleep(0)  # lets the aborted transports tell their protocols

    # --- addresses --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port listened on; the asked one before `start`."""
        return self._port

    @property
    def tls_port(self) -> int:
        """The port of the TLS listener, if there is one; the asked one before `start`."""
        return self._tls_port

    @property
    def targets(self) -> Targets:
        """What leads from functions to this server, for the guard of their processes."""
        names = [label for service in self._services for label in (service.name, *host_labels(service))]
        return Targets(self.url, self._live[4].port, names, domains(self._apis))

    def _access_by_domains(self) -> Access:
        return replace(self._access, hosts=(*self._access.hosts, *domains(self._apis)))

    @property
    def url(self) -> str:
        """`http://host:port`, as a client on this machine reaches it."""
        return f"http://{self._address}"

    def ws_url(self, stage: str, api_id: str | None = None) -> str:
        """Where a client connects; without an API's id, to the first API."""
        return f"ws://{self._address}{_path(stage, api_id)}"

    def management_url(self, stage: str, api_id: str | None = None) -> str:
        """The `endpoint_url` of boto3's `apigatewaymanagementapi` client."""
        return f"{self.url}{_path(stage, api_id)}"

    # --- for handlers in this process, from any thread ---------------------------------------------------------------

    @property
    def services(self) -> ServiceRegistry:
        """The AWS services on the port, for boto3 in this process."""
        return self._services

    def management(self, method: str, host: str, path: str, body: bytes) -> AwsResponse:
        """What a signed HTTP request to `@connections` would get, without TCP. `path` as sent, without the query."""
        return self._live[1].answer(AwsRequest(method, host, path, body=body, scope=Scope("execute-api", self._region)))

    def post_to_many(
        self, stage: str, connection_ids: Sequence[str], data: bytes, api_id: str | None = None
    ) -> Mapping[str, int]:
        """Post one message to many connections: made into frames once, and one hop to the loop for all of them.

        Returns each connection's status as a POST would have it: 200, 400, 410, 413, 429; 403 for an unknown stage.
        """
        gateway, connections, *_ = self._live
        deployment = find_deployment(gateway.apis, "", prefix=api_id or "", stage=stage)
        if deployment is None:
            return dict.fromkeys(connection_ids, 403)
        return connections.post_to_many(deployment, connection_ids, data)

    def replace(self, apis: Sequence[Api]) -> None:
        """Deploy these APIs instead. Open connections stay and use the new routes from their next message (HS-10).

        Connections of a stage that is no longer there are closed with 1001 (QT-25 is not known). Raises
        `DeclarationError` for APIs that cannot be served; then the old ones stay.
        """
        check(apis)
        gateway = self._live[0]
        self._apis = tuple(apis)
        gateway.deploy(apis)
        gateway.access = self._access_by_domains()
        for socket in list(gateway.sockets.values()):
            if gateway.deployment(socket.connection) is None:
                socket.close(STOPPING)

    async def _listen(
        self, gateway: Gateway, http: web.Server, port: int, tls: ssl.SSLContext | None
    ) -> asyncio.Server:
        return await gateway.loop.create_server(
            lambda: self._new_connection(gateway, http), self._host, port, ssl=tls, backlog=1024
        )

    def _new_connection(self, gateway: Gateway, http: web.Server) -> Listener:
        def plain(transport: asyncio.Transport) -> SdkConnection:
            return SdkConnection(transport, self._services, gateway.access, http, self._timeouts)

        return Listener(gateway, plain)

    @property
    def _live(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the gateway is not running: call start() first, and nothing after stop()")
        return self._running

    @property
    def _address(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - compared, not bound
        return f"{in_url(host)}:{self._port}"


def _path(stage: str, api_id: str | None) -> str:
    return f"/{stage}" if api_id is None else f"/{api_id}/{stage}"


def _port_of(listener: asyncio.Server) -> int:
    return int(listener.sockets[0].getsockname()[1])
