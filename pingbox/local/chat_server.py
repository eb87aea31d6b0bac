"""PingBox's own chat on a laptop: the real Lambda handlers behind the emulated gateway, tables and page beside them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pingbox.chat.app import chat_app
from pingbox.emulator.clock import Clock
from pingbox.emulator.cloud import LocalCloud
from pingbox.emulator.history import History
from pingbox.emulator.redirect.aws_calls import observe_client
from pingbox.emulator.services.lambda_.app_functions import HowToRun
from pingbox.emulator.services.lambda_.outcome import Functions, Outcome
from pingbox.handlers.settings import SIGN_IN_VARIABLES
from pingbox.local.addresses import Addresses
from pingbox.local.chat_functions import ChatPorts
from pingbox.local.data_dir import token_secret
from pingbox.local.item_store import LocalTables, item_store
from pingbox.local.listening import exposure, is_loopback, listening, tls_facts
from pingbox.local.message_steps import with_message_steps
from pingbox.local.switch_options import switches
from pingbox.model.api import Api
from pingbox.model.regions import DEFAULT_REGION
from pingbox.settings import DEFAULT_STAGE, SHUTDOWN_TIMEOUT_SECONDS, ServeSettings
from pingbox.web.site import site

_SWEEP = "SweepLambda"


class ChatServer:
    """The running chat. Order of calls: `start`, then `addresses` and `facts`, then `stop`."""

    def __init__(self, settings: ServeSettings, *, history: History | None = None, clock: Clock | None = None) -> None:
        """Opens the store: raises `StoreError` for a data folder that cannot be used."""
        self._settings = settings
        self._first_sweep: asyncio.Task[Outcome] | None = None
        stage = settings.stage or DEFAULT_STAGE
        app = chat_app(stage, region=settings.region or DEFAULT_REGION)
        store = item_store(settings, clock, app.region)
        ports = ChatPorts(
            cloud=lambda: self.cloud,
            client=lambda: self._client,
            variables=self._variables,
            secret=lambda: self._secret,
            print_log=lambda line: sys.stdout.write(line),
        )
        # Over the local DynamoDB no handler ever waits; over another one each call is a round trip.
        how = HowToRun(ports.code(app), code_waits=not isinstance(store, LocalTables))
        self.store = store
        self.cloud = LocalCloud(
            app,
            store,
            listen=listening(settings, app.region),
            how=how,
            clock=clock,
            history=history,
            switches=switches(settings.switches),
            page=with_message_steps(site(f"/{stage}", local=True), lambda: self.cloud.history),
        )

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on, `StoreError` and `DataDirError` for the data
        folder; nothing is left behind then.
        """
        await self.cloud.start()
        try:
            self._secret  # noqa: B018 -- made now, not at the first guest's arrival
        except BaseException:
            await self.cloud.stop()
            raise
        if self._settings.data_dir is not None and isinstance(self.store, LocalTables):
            # Whoever was connected when the last server died has not come back yet: nobody must see them here.
            event = {"silentFor": 0}
            self._first_sweep = asyncio.create_task(self.cloud.functions.invoke(_SWEEP, event))

    async def stop(self, force: asyncio.Event | None = None) -> None:
        """Close every connection with a close frame, and wait for functions as `Server.stop` has it."""
        if self._first_sweep is not None:
            await self._first_sweep
        await self.cloud.stop(SHUTDOWN_TIMEOUT_SECONDS, force)

    @property
    def apis(self) -> Sequence[Api]:
        """What is served."""
        return self.cloud.app.apis

    @property
    def functions(self) -> Functions:
        """What runs the chat's functions."""
        return self.cloud.functions

    @property
    def addresses(self) -> Addresses:
        """Where it answers."""
        server, stage = self.cloud.server, self.cloud.stage
        return Addresses(
            websocket=server.ws_url(stage),
            management=f"{server.management_url(stage)}/@connections",
            endpoint=server.url,
            page=f"{server.url}/",
        )

    def facts(self) -> list[tuple[str, str]]:
        """What else to know: where the messages are, and who can come in."""
        known = [("DynamoDB", self.store.describe(self.cloud.url))]
        known += tls_facts(self._settings, self.cloud.server.tls_port)
        return known + exposure(self._settings, tables=self.store.service is not None)

    @cached_property
    def _client(self) -> Any:
        client = self.store.client(self.cloud.url)
        observe_client(client)
        return client

    @cached_property
    def _secret(self) -> bytes:
        return token_secret(self._settings.data_dir)

    def _variables(self) -> Mapping[str, str]:
        """What is known here only, in place of what the template gives the functions."""
        chosen = {
            "ALLOWED_ORIGINS": ",".join(_origins(self._settings, self.cloud.server.port)),
            "ALLOW_QUERY_TOKEN": "1",
            **{name: os.environ[name] for name in SIGN_IN_VARIABLES if name in os.environ},
            "LOG_LEVEL": "INFO" if self._settings.verbose else "WARNING",
        }
        if self._settings.rate is not None:
            chosen["RATE_PER_MIN"] = str(self._settings.rate)
        if self._settings.retention_days is not None:
            chosen["RETENTION_DAYS"] = str(self._settings.retention_days)
        return chosen


def _origins(settings: ServeSettings, port: int) -> list[str]:
    """The pages that may connect: ours, under each of loopback's names, and those that were named; clients that are no
    browser send no Origin. Where others reach the port, it has more names than are known here.
    """
    if not is_loopback(settings.host):
        return ["*"]
    own = [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return ["missing", *own, *settings.allow_origins]
