"""Anyone's WebSocket app on a laptop: what its template declares, served by the emulator."""

from __future__ import annotations

from collections.abc import Sequence

from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.functions.invoke_api import InvokeApi
from pingbox.emulator.functions.processes import ProcessFunctions
from pingbox.emulator.gateway.switches import Switches
from pingbox.emulator.happenings import Happening, Observer
from pingbox.emulator.server.gateway_server import GatewayServer
from pingbox.emulator.template import App, Table, read_app
from pingbox.local.addresses import Addresses
from pingbox.local.http_doors import first_of, not_found
from pingbox.local.item_store import REGION, ItemStore, create_missing, item_store
from pingbox.settings import ServeSettings


def _nobody(happening: Happening) -> None:
    return None


class AppHouse:
    """A running app. Order of calls: `start`, then `addresses` and `facts`, then `stop`."""

    def __init__(self, settings: ServeSettings, *, observer: Observer = _nobody, clock: Clock | None = None) -> None:
        """Reads the app and opens the store: raises `TemplateError` and `StoreError`."""
        assert settings.app is not None
        self._settings = settings
        self._clock = clock or SystemClock()
        self.app = read(settings)
        self.store = item_store(settings, self._clock)
        self.functions = ProcessFunctions(self.app.functions, observe=observer, clock=self._clock, region=REGION)
        self.invoke_api = InvokeApi(self.functions, lambda: self.functions.names, clock=self._clock, region=REGION)
        self.server = GatewayServer(
            self.app.apis,
            self.functions,
            clock=self._clock,
            observer=observer,
            doors=self.store.doors,
            fallback=first_of(self.invoke_api.invoke_door, not_found),
            host=settings.host,
            port=settings.port,
            region=REGION,
            switches=Switches(message_order="serial" if settings.serial else "concurrent"),
        )

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on; nothing is left behind then."""
        try:
            await self.server.start()
        except OSError:
            await self._let_go()
            raise
        self.functions.endpoint = self.server.url
        self.invoke_api.start()
        create_tables(self.store, self.server.url, self.app.tables)

    async def stop(self) -> None:
        """Close every connection with a close frame, end every process, and be gone in about a second."""
        await self.server.stop()
        await self._let_go()

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
        known += [("Not here", f"{one.logical_id} ({one.type}): {one.reason}") for one in self.app.ignored]
        known += [("Note", warning) for warning in self.app.warnings]
        return known

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
