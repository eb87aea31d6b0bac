"""Anyone's WebSocket app on a laptop: what its template declares, served by the emulator, live when it is saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pingbox.emulator.clock import Clock
from pingbox.emulator.cloud import LocalCloud
from pingbox.emulator.history import History
from pingbox.emulator.redirect.process import redirected_process
from pingbox.emulator.services.apigateway.common.addresses import in_url
from pingbox.emulator.services.lambda_.app_functions import HowToRun
from pingbox.emulator.services.lambda_.file_watcher import FileWatcher, concerned
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.lambda_.packages.cache_folders import kept_folders
from pingbox.emulator.services.lambda_.packages.packages import Packages, asks_for_packages
from pingbox.local.addresses import Addresses
from pingbox.local.item_store import item_store
from pingbox.local.listening import exposure, listening, tls_facts
from pingbox.local.permission_watch import PermissionWatch
from pingbox.local.switch_options import switches
from pingbox.model.api import Api
from pingbox.settings import SHUTDOWN_TIMEOUT_SECONDS, ServeSettings
from pingbox.templates import App, read_app
from pingbox.templates.errors import TemplateError

_log = logging.getLogger("pingbox.serve")


def _advice(number: int) -> str:
    return f"{number} piece{'s' if number > 1 else ''} of advice for AWS; pingbox serve APP --explain shows them"


def _print(text: str) -> None:
    click.echo(text, err=True)  # the standard output may be read as JSON lines


class AppServer:
    """A running app. Order of calls: `start`, then `addresses` and `facts`, then `stop`."""

    def __init__(self, settings: ServeSettings, *, history: History | None = None, clock: Clock | None = None) -> None:
        """Reads the app and opens the store: raises `TemplateError` and `StoreError`."""
        self._settings = settings
        self._declared = read(settings)
        self._packages = Packages(
            kept_folders(),
            os.environ,
            tell=_print,
            install=settings.install,
            interpreter=Path(sys.executable) if settings.in_process else None,
        )
        app = replace(self._declared, functions=self._packages.prepared(self._declared.functions))
        self.store = item_store(settings, clock, app.region)
        self.cloud = LocalCloud(
            app,
            self.store,
            listen=listening(settings, app.region),
            how=HowToRun(in_process=settings.in_process, isolate=settings.isolate),
            clock=clock,
            history=history,
            switches=switches(settings.switches),
        )
        self.cloud.history.subscribe(PermissionWatch(lambda name: self.cloud.app.function(name), app.region))
        self._process = contextlib.ExitStack()
        self._watcher: FileWatcher | None = None
        self._changing = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on; nothing is left behind then."""
        await self.cloud.start()
        if self._settings.in_process:
            self._process.enter_context(redirected_process(self.cloud.redirect))
        await self._watch()

    async def stop(self, force: asyncio.Event | None = None) -> None:
        """Close every connection with a close frame, wait for functions as `Server.stop` has it, end every process."""
        if self._watcher is not None:
            await self._watcher.close()
        for change in self._changes:
            change.cancel()
        await self.cloud.stop(SHUTDOWN_TIMEOUT_SECONDS, force)
        self._process.close()

    @property
    def apis(self) -> Sequence[Api]:
        """What is served."""
        return self.cloud.app.apis

    @property
    def functions(self) -> Functions:
        """What runs the app's functions."""
        return self.cloud.functions

    @property
    def addresses(self) -> Addresses:
        """Where the first API's first stage answers."""
        server, stage = self.cloud.server, self.cloud.stage
        return Addresses(
            websocket=server.ws_url(stage),
            management=f"{server.management_url(stage)}/@connections",
            endpoint=server.url,
        )

    def facts(self) -> list[tuple[str, str]]:
        """Further stages and APIs, where the items are, and what there is not."""
        app, server = self.cloud.app, self.cloud.server
        _, *others = [(api, stage) for api in app.apis for stage in api.stages]
        known = [("WebSocket", f"{server.ws_url(stage.name, api.api_id)}  ({api.name})") for api, stage in others]
        known.append(("DynamoDB", self.store.describe(server.url)))
        if app.resources:
            kinds = sorted({one.type.split("::")[1] for one in app.resources})
            known.append(("AWS", f"{', '.join(kinds)}: {len(app.resources)} resources in memory, forgotten at the end"))
        known += tls_facts(self._settings, server.tls_port)
        known += exposure(self._settings, tables=self.store.service is not None)
        known += [("Not here", f"{one.logical_id} ({one.type}): {one.reason}") for one in app.ignored]
        known += [("Note", warning) for warning in (*app.warnings, *self._packages.notes)]
        known += [("Advice", _advice(len(app.advice)))] if app.advice else []
        return known

    # --- what is saved is live -----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        code = {folder for spec in self._declared.functions for folder in (spec.code, *spec.layers)}
        self._watcher = FileWatcher([Path(path) for path in (*code, *self.cloud.app.files)], self._saved)
        await self._watcher.start()

    def _saved(self, changed: frozenset[Path]) -> None:
        if changed & {Path(file).resolve() for file in self.cloud.app.files}:
            self._change(self._redeploy())
        names = concerned(changed, self.cloud.app.functions)
        for name in names:
            self.cloud.parts.reload(name)
        self._tell_reloaded(names, changed)
        if any(asks_for_packages(path) for path in changed):
            self._change(self._provide(names))

    def _tell_reloaded(self, names: Collection[str], changed: frozenset[Path]) -> None:
        """How long after the save the next event runs the new code."""
        handlers = sorted({spec.handler for spec in self.cloud.app.functions if spec.name in names})
        saved = [path.stat().st_mtime for path in changed if path.exists()]
        if handlers and saved:
            milliseconds = max(0.0, time.time() - max(saved)) * 1000
            _log.info("reloaded %s in %.0f ms", ", ".join(handlers), milliseconds)

    def _change(self, change: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def _redeploy(self) -> None:
        """Deploy the saved template; open connections stay (HS-10). A broken one leaves everything as it was."""
        async with self._changing:
            try:
                declared = read(self._settings)
                await self.cloud.replace(
                    await self._with_packages(declared, {spec.name for spec in declared.functions})
                )
            except (TemplateError, ValueError) as error:
                _log.warning("the saved template is not served, what was served goes on: %s", error)
                return
            self._declared = declared
            _log.info("the saved template is live")

    async def _provide(self, names: Collection[str]) -> None:
        """What the functions' folders ask for now."""
        async with self._changing:
            await self.cloud.replace(await self._with_packages(self._declared, set(names)))

    async def _with_packages(self, declared: App, names: set[str]) -> App:
        """`declared` with the packages of these functions; those of the others are known."""
        specs = [spec for spec in declared.functions if spec.name in names]
        # Installing takes long, and clients talk on meanwhile.
        prepared = await asyncio.to_thread(self._packages.prepared, specs)
        for note in self._packages.notes:
            _log.warning("%s", note)
        known = {spec.name: spec for spec in (*self.cloud.app.functions, *prepared)}
        return replace(declared, functions=tuple(known[spec.name] for spec in declared.functions))


def read(settings: ServeSettings) -> App:
    """What the app declares. Raises `TemplateError`."""
    assert settings.app is not None
    endpoint = f"http://{in_url(settings.host)}:{settings.port}"
    return read_app(
        settings.app,
        parameters=settings.parameters,
        stage=settings.stage,
        region=settings.region,
        endpoint=endpoint,
    )
