"""Anyone's WebSocket app on a laptop: what its template declares, served by the emulator, live when it is saved."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pingbox.emulator.activity import Activity, Observer
from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.api.invoke_api import InvokeApi
from pingbox.emulator.services.lambda_.file_watcher import FileWatcher, concerned
from pingbox.emulator.services.lambda_.packages.cache_folders import kept_folders
from pingbox.emulator.services.lambda_.packages.packages import Packages, asks_for_packages
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.local.addresses import Addresses
from pingbox.local.app_functions import AppFunctions, InProcesses, InThisProcess
from pingbox.local.item_store import ItemStore, create_missing, item_store
from pingbox.local.network import access, exposure
from pingbox.local.switch_options import switches
from pingbox.local.tls import tls_context, tls_facts
from pingbox.model.api import Api
from pingbox.model.function import FunctionSpec
from pingbox.settings import SHUTDOWN_TIMEOUT_SECONDS, ServeSettings
from pingbox.templates import App, Table, read_app
from pingbox.templates.errors import TemplateError

_log = logging.getLogger("pingbox.serve")


def _nobody(happening: Activity) -> None:
    return None


def _advice(number: int) -> str:
    return f"{number} piece{'s' if number > 1 else ''} of advice for AWS; pingbox serve APP --explain shows them"


def _tell(text: str) -> None:
    click.echo(text, err=True)  # the standard output may be read as JSON lines


class AppServer:
    """A running app. Order of calls: `start`, then `addresses` and `facts`, then `stop`."""

    def __init__(self, settings: ServeSettings, *, observer: Observer = _nobody, clock: Clock | None = None) -> None:
        """Reads the app and opens the store: raises `TemplateError` and `StoreError`."""
        assert settings.app is not None
        self._settings = settings
        clock = clock or SystemClock()
        self._declared = read(settings)
        self._packages = Packages(
            kept_folders(),
            os.environ,
            tell=_tell,
            install=settings.install,
            interpreter=Path(sys.executable) if settings.in_process else None,
        )
        self.app = replace(self._declared, functions=self._packages.prepared(self._declared.functions))
        kind = InThisProcess if settings.in_process else InProcesses
        self.functions: AppFunctions = kind(self.app, observer, clock)
        self.store = item_store(settings, clock)
        self.invoke_api = InvokeApi(
            self.functions, lambda: self.functions.names, spec=self._spec, clock=clock, region=self.app.region
        )
        self.server = GatewayServer(
            self.app.apis,
            self.functions,
            clock=clock,
            observer=observer,
            services=ServiceRegistry(one for one in (self.store.service, self.invoke_api) if one is not None),
            host=settings.host,
            port=settings.port,
            region=self.app.region,
            tls=tls_context(settings, self.app.region),
            tls_port=settings.tls_port or 0,
            switches=switches(settings.switches),
            access=access(settings),
        )
        self._watcher: FileWatcher | None = None
        self._changing = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on; nothing is left behind then."""
        try:
            await self.server.start()
        except OSError:
            await self._let_go()
            raise
        self.functions.open(Boto3Redirect(self.server.url, self.server.services, self.app.region))
        self.invoke_api.start()
        create_tables(self.store, self.server.url, self.app.tables)
        await self._watch()

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Close every connection with a close frame, wait for functions as `House.stop` has it, end every process."""
        if self._watcher is not None:
            await self._watcher.close()
        for change in self._changes:
            change.cancel()
        await self.server.stop(SHUTDOWN_TIMEOUT_SECONDS, hurry, self.invoke_api.settled)
        await self._let_go()

    @property
    def apis(self) -> Sequence[Api]:
        """What is served."""
        return self.app.apis

    @property
    def addresses(self) -> Addresses:
        """Where the first API's first stage answers."""
        stage = self.app.apis[0].stages[0].name
        return Addresses(
            websocket=self.server.ws_url(stage),
            management=f"{self.server.management_url(stage)}/@connections",
            endpoint=self.server.url,
        )

    def facts(self) -> list[tuple[str, str]]:
        """Further stages and APIs, where the items are, and what there is not."""
        _, *others = [(api, stage) for api in self.app.apis for stage in api.stages]
        known = [("WebSocket", f"{self.server.ws_url(stage.name, api.api_id)}  ({api.name})") for api, stage in others]
        known.append(("DynamoDB", self.store.describe(self.server.url)))
        known += tls_facts(self._settings, self.server.tls_port)
        known += exposure(self._settings, tables=self.store.service is not None)
        known += [("Not here", f"{one.logical_id} ({one.type}): {one.reason}") for one in self.app.ignored]
        known += [("Note", warning) for warning in (*self.app.warnings, *self._packages.notes)]
        known += [("Advice", _advice(len(self.app.advice)))] if self.app.advice else []
        return known

    # --- what is saved is live -----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        code = {folder for spec in self._declared.functions for folder in (spec.code, *spec.layers)}
        self._watcher = FileWatcher([Path(path) for path in (*code, *self.app.files)], self._saved)
        await self._watcher.start()

    def _saved(self, changed: frozenset[Path]) -> None:
        if changed & {Path(file).resolve() for file in self.app.files}:
            self._later(self._replan())
        names = concerned(changed, self.app.functions)
        for name in names:
            self.functions.reload(name)
        if any(asks_for_packages(path) for path in changed):
            self._later(self._provide(names))

    def _later(self, change: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def _replan(self) -> None:
        """Deploy the saved template; open connections stay (HS-10). A broken one leaves everything as it was."""
        async with self._changing:
            try:
                declared = read(self._settings)
                app = await self._with_packages(declared, {spec.name for spec in declared.functions})
                self._define(app)
                create_tables(self.store, self.server.url, app.tables)
                self.server.replace(app.apis)
            except (TemplateError, ValueError) as error:
                _log.warning("the saved template is not served, what was served goes on: %s", error)
                return
            self._declared, self.app = declared, app
            _log.warning("the saved template is live")

    async def _provide(self, names: Collection[str]) -> None:
        """What the functions' folders ask for now."""
        async with self._changing:
            app = await self._with_packages(self._declared, set(names))
            self._define(app)
            self.app = app

    async def _with_packages(self, declared: App, names: set[str]) -> App:
        """`declared` with the packages of these functions; those of the others are known."""
        specs = [spec for spec in declared.functions if spec.name in names]
        # Installing takes long, and clients talk on meanwhile.
        prepared = await asyncio.to_thread(self._packages.prepared, specs)
        for note in self._packages.notes:
            _log.warning("%s", note)
        known = {spec.name: spec for spec in (*self.app.functions, *prepared)}
        return replace(declared, functions=tuple(known[spec.name] for spec in declared.functions))

    def _spec(self, name: str) -> FunctionSpec | None:
        return self.app.function(name)

    def _define(self, app: App) -> None:
        for spec in app.functions:
            if spec != self.app.function(spec.name):
                self.functions.define(spec)

    async def _let_go(self) -> None:
        await self.invoke_api.close()
        await self.functions.close()
        self.store.close()


def read(settings: ServeSettings) -> App:
    """What the app declares. Raises `TemplateError`."""
    assert settings.app is not None
    endpoint = f"http://{settings.host}:{settings.port}"
    return read_app(settings.app, parameters=settings.parameters, stage=settings.stage, endpoint=endpoint)


def create_tables(store: ItemStore, endpoint: str, declared: Sequence[Table]) -> None:
    """The app's tables, where they are not there yet."""
    if declared:
        create_missing(store.client(endpoint), [(table.parameters, table.ttl_attribute) for table in declared])
