"""PingBox's own chat on a laptop: the real Lambda handlers behind the emulated gateway, tables and page beside them."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pingbox.chat.app import chat_app
from pingbox.emulator.activity import Activity, Observer
from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.schedule import Every
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.api.invoke_api import EVENT, InvokeApi
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.in_process.inline import InlineFunctions
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.handlers.environment import json_lines
from pingbox.handlers.issuer_keys import IssuerKeys
from pingbox.handlers.ports import Ports, RoomLocks, no_issuer, system_clock
from pingbox.handlers.settings import SIGN_IN, from_environment
from pingbox.handlers.settings import Settings as HandlerSettings
from pingbox.local.addresses import Addresses
from pingbox.local.data_dir import token_secret
from pingbox.local.item_store import REGION, LocalTables, create_missing, item_store
from pingbox.local.local_postman import LocalPostman
from pingbox.local.network import access, exposure, is_loopback
from pingbox.local.switch_options import switches
from pingbox.local.tls import tls_context, tls_facts
from pingbox.model.api import Api
from pingbox.model.function import FunctionSpec
from pingbox.settings import DEFAULT_STAGE, SHUTDOWN_TIMEOUT_SECONDS, ServeSettings
from pingbox.web.site import site

_Handle = Callable[[Ports, Mapping[str, Any], object], dict[str, Any]]


class ChatServer:
    """The running chat. Order of calls: `start`, then `addresses` and `facts`, then `stop`."""

    def __init__(
        self, settings: ServeSettings, *, observer: Observer | None = None, clock: Clock | None = None
    ) -> None:
        """Opens the store: raises `StoreError` for a data folder that cannot be used."""
        self._settings = settings
        self._stage = settings.stage or DEFAULT_STAGE
        self._clock = clock or SystemClock()
        self._locks = RoomLocks()
        self.app = chat_app(self._stage, region=REGION)
        self.store = item_store(settings, self._clock)
        # Over the local DynamoDB no handler ever waits; over another one each call is a round trip.
        kind = InlineFunctions if isinstance(self.store, LocalTables) else InProcessFunctions
        self.functions: InlineFunctions | InProcessFunctions = kind(
            {
                spec.name: InProcessFunction(partial(self._load, spec), spec.timeout, spec.memory)
                for spec in self.app.functions
            },
            clock=self._clock,
            observe=observer or _nobody,
        )
        self.invoke_api = InvokeApi(self.functions, lambda: self.functions.names, clock=self._clock, region=REGION)
        self.server = GatewayServer(
            self.apis,
            self.functions,
            clock=self._clock,
            observer=observer,
            services=ServiceRegistry(one for one in (self.store.service, self.invoke_api) if one is not None),
            fallback=site(f"/{self._stage}", local=True),
            host=settings.host,
            port=settings.port,
            region=REGION,
            tls=tls_context(settings, REGION),
            tls_port=settings.tls_port or 0,
            switches=switches(settings.switches),
            access=access(settings),
        )
        self._schedules = [
            Every(self._clock, one.seconds, partial(self.functions.invoke, one.function, one.event or {}))
            for one in self.app.schedules
            if one.seconds is not None
        ]

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on; nothing is left behind then."""
        try:
            await self.server.start()
        except OSError:
            self._let_go()
            raise
        self.invoke_api.start()
        client = self.store.client(self.server.url)
        create_missing(client, [(table.parameters, table.ttl_attribute) for table in self.app.tables])
        self._client = client
        self._secret = token_secret(self._settings.data_dir)
        for schedule in self._schedules:
            schedule.start()

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Close every connection with a close frame, and wait for functions as `House.stop` has it."""
        for schedule in self._schedules:
            await schedule.stop()
        await self.server.stop(SHUTDOWN_TIMEOUT_SECONDS, hurry, self.invoke_api.settled)
        await self.invoke_api.close()
        self._let_go()

    @property
    def apis(self) -> Sequence[Api]:
        """What is served."""
        return self.app.apis

    @property
    def addresses(self) -> Addresses:
        """Where it answers."""
        return Addresses(
            websocket=self.server.ws_url(self._stage),
            management=f"{self.server.management_url(self._stage)}/@connections",
            endpoint=self.server.url,
            page=f"{self.server.url}/",
        )

    def facts(self) -> list[tuple[str, str]]:
        """What else to know: where the messages are, and who can come in."""
        known = [("DynamoDB", self.store.describe(self.server.url))]
        known += tls_facts(self._settings, self.server.tls_port)
        return known + exposure(self._settings, tables=self.store.service is not None)

    def _let_go(self) -> None:
        self.functions.close()
        self.store.close()

    def _load(self, spec: FunctionSpec) -> Callable[[Any, Any], Any]:
        # Lambda's init: runs before an environment's first event, when the server's port is known.
        handle: _Handle = importlib.import_module(spec.handler.rpartition(".")[0]).handle
        return partial(handle, self._ports(spec))

    def _ports(self, spec: FunctionSpec) -> Ports:
        settings = self._handler_settings(spec)
        return Ports(
            settings=settings,
            dynamodb=self._client,
            postman=LocalPostman(self.server, self._stage),
            secret=lambda: self._secret,
            log=json_lines(settings.log_level, lambda line: sys.stdout.write(line)),
            fanout=lambda payload: self._fan_out(settings.fanout_function, payload),
            clock=lambda: int(self._clock.now() * 1000),
            alone=self._locks,
            issuer_keys=IssuerKeys(settings.jwks_url, system_clock) if settings.jwks_url else no_issuer,
        )

    def _handler_settings(self, spec: FunctionSpec) -> HandlerSettings:
        """What the template gives the function, with what is known here only."""
        chosen = {
            **(spec.environment or {}),
            "MANAGEMENT_ENDPOINT": self.server.management_url(self._stage),
            "ALLOWED_ORIGINS": ",".join(_origins(self._settings, self.server.port)),
            "ALLOW_QUERY_TOKEN": "1",
            **{name: os.environ[name] for name in SIGN_IN if name in os.environ},
            "LOG_LEVEL": "INFO" if self._settings.verbose else "WARNING",
        }
        if self._settings.rate is not None:
            chosen["RATE_PER_MIN"] = str(self._settings.rate)
        return from_environment(chosen)

    def _fan_out(self, function: str | None, payload: bytes) -> None:
        assert function is not None  # nobody fans out by a function that has no name
        self.invoke_api.invoke_sync(function, EVENT, payload)


def _nobody(happening: Activity) -> None:
    return None


def _origins(settings: ServeSettings, port: int) -> list[str]:
    """The pages that may connect: ours, under each of loopback's names, and those that were named; clients that are no
    browser send no Origin. Where others reach the port, it has more names than are known here.
    """
    if not is_loopback(settings.host):
        return ["*"]
    own = [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return ["missing", *own, *settings.allow_origins]
