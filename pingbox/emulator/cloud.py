"""The local cloud: what an app declares, put together once for `serve`, `invoke`, `rehearse` and the test kit."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.history import History, RecordedCalls
from pingbox.emulator.http.access import Access
from pingbox.emulator.http.dispatch import HttpHandler
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.schedule import Every, scheduled_event
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.server.connections_api import Intercept
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.api.invoke_api import InvokeApi
from pingbox.emulator.services.lambda_.app_functions import AppFunctions, HowToRun
from pingbox.emulator.services.lambda_.in_process.current import CallObserver
from pingbox.emulator.services.lambda_.observed import ObservedFunctions
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.moto.service import moto_services
from pingbox.emulator.services.port import Service
from pingbox.emulator.traced_requests import TracedRequests, TracedServices
from pingbox.model.app import App, AwsResource, Schedule, Table


class ItemStore(Protocol):
    """The DynamoDB of a cloud. `service` is what its port offers of it, None if that is not the port's business."""

    @property
    def service(self) -> Service | None: ...

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        """Make the tables that are not there yet. `endpoint` is the cloud's own address."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Listen:
    """Where the port is, `port` 0 being any free one, and who may use it; None: this machine's programs, and the port's
    own pages. With `tls` the same is served on `tls_port` too.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    tls_port: int = 0
    access: Access | None = None


@dataclass(frozen=True)
class Decorations:
    """What a test puts around the parts: `functions` around every invocation, `posts` before every post, `aws_calls`
    around every AWS call of functions in this process.
    """

    functions: Callable[[Functions], Functions] | None = None
    posts: Intercept | None = None
    aws_calls: Callable[[CallObserver], CallObserver] | None = None


class LocalCloud:
    """An app, served. Order of calls: `start`, then anything, then `stop`; to be started once.

    `history` has all that happens. `functions` is what invokes: observed, and decorated if that was asked for.
    """

    def __init__(
        self,
        app: App,
        store: ItemStore,
        *,
        listen: Listen = Listen(),
        how: HowToRun = HowToRun(),  # noqa: B008 - frozen
        clock: Clock | None = None,
        history: History | None = None,
        switches: Switches = Switches(),  # noqa: B008 - frozen
        services: Sequence[Service] = (),
        page: HttpHandler | None = None,
        around: Decorations = Decorations(),
    ) -> None:
        """`services` are further AWS services, before those by moto; `page` answers what is no service's.

        Raises `DeclarationError` for APIs that cannot be served.
        """
        self.app = app
        self.store = store
        self.clock = clock or SystemClock()
        self.history = history if history is not None else History()
        calls: CallObserver = RecordedCalls(self.history, self.clock)
        self.parts = AppFunctions(
            (*app.functions, *app.unavailable),
            how,
            observe=self.history,
            clock=self.clock,
            region=app.region,
            aws_calls=calls if around.aws_calls is None else around.aws_calls(calls),
        )
        self.observed = ObservedFunctions(self.parts, self.history, self.clock)
        self.functions: Functions = self.observed if around.functions is None else around.functions(self.observed)
        self.invoke_api = self._new_invoke_api()
        requests = TracedRequests(lambda: self.observed.running, calls)
        self.others = moto_services(app.region)
        known = (store.service, self.invoke_api, *services, *self.others)
        self.server = GatewayServer(
            app.apis,
            self.functions,
            clock=self.clock,
            observer=self.history,
            services=TracedServices((service for service in known if service is not None), requests),
            fallback=page,
            host=listen.host,
            port=listen.port,
            region=app.region,
            switches=switches,
            intercept=around.posts,
            tls=listen.tls,
            tls_port=listen.tls_port,
            access=listen.access,
        )
        self._schedules: list[Every] = []

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Answer. Raises `OSError` if the address cannot be listened on; nothing is left behind then."""
        try:
            await self.server.start()
        except BaseException:
            await self._let_go()
            raise
        self.parts.open(self.url)
        try:
            self.store.create(self.app.tables, self.url)
            await self._make(self.app.resources)
        except BaseException:
            await self.server.stop()
            await self._let_go()
            raise
        self.begin()

    def begin(self) -> None:
        """Take asynchronous events and start the schedules; `start` does it, and a test after `interrupt`."""
        self.server.services.unregister(self.invoke_api)
        self.invoke_api = self._new_invoke_api()
        self.invoke_api.start()
        self.server.services.register(self.invoke_api)
        self._begin_schedules()

    def _begin_schedules(self) -> None:
        self._schedules = [
            Every(self.clock, one.seconds, partial(self._scheduled, one))
            for one in self.app.schedules
            if one.seconds is not None
        ]
        for schedule in self._schedules:
            schedule.start()

    async def interrupt(self) -> None:
        """Drop asynchronous events and schedules, until `begin`."""
        await self._end_schedules()
        await self.invoke_api.close()

    async def stop(
        self,
        within: float = 0.7,
        force: asyncio.Event | None = None,
        settled: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Close every connection with a close frame, wait for functions at most `within` seconds or until `force`."""
        await self._end_schedules()
        await self.server.stop(within, force, settled or self.invoke_api.settled)
        await self._let_go()

    async def replace(self, app: App) -> None:
        """Deploy `app` instead: open connections stay (HS-10), and items.

        Raises `DeclarationError` for APIs that cannot be served; then what was served goes on.
        """
        before = {spec.name: spec for spec in (*self.app.functions, *self.app.unavailable)}
        self.server.replace(app.apis)
        for spec in (*app.functions, *app.unavailable):
            if spec != before.pop(spec.name, None):
                self.parts.define(spec)
        for name in before:
            self.parts.remove(name)
        self.store.create(app.tables, self.url)
        await self._make(one for one in app.resources if one not in self.app.resources)
        changed = app.schedules != self.app.schedules
        self.app = app
        if changed:
            await self._end_schedules()
            self._begin_schedules()

    def forget(self) -> None:
        """Everything that is in AWS services but DynamoDB: their state is this process's, and one cloud's at a time."""
        for service in self.others:
            service.reset()

    async def _make(self, resources: Iterable[AwsResource]) -> None:
        """Queues, buckets and the like, before the first event. Services are loaded for apps that declare some."""
        wanted = list(resources)
        if wanted:
            from pingbox.emulator.services.moto.resources import make

            await asyncio.to_thread(make, wanted, self.redirect.client)

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return self.server.url

    @property
    def stage(self) -> str:
        """The first API's first stage."""
        return self.app.apis[0].stages[0].name

    @property
    def redirect(self) -> Boto3Redirect:
        """Where boto3 of this process finds it."""
        return Boto3Redirect(self.url, self.server.services, self.app.region)

    async def _end_schedules(self) -> None:
        schedules, self._schedules = self._schedules, []
        for schedule in schedules:
            await schedule.stop()

    async def _scheduled(self, schedule: Schedule) -> None:
        event = schedule.event
        if event is None:
            event = scheduled_event(schedule.name, self.clock.now(), self.app.region, "000000000000")
        await self.functions.invoke(schedule.function, event)

    def _new_invoke_api(self) -> InvokeApi:
        return InvokeApi(
            self.functions,
            lambda: self.parts.names,
            spec=lambda name: self.app.function(name),
            clock=self.clock,
            region=self.app.region,
        )

    async def _let_go(self) -> None:
        self.forget()
        await self.invoke_api.close()
        await self.parts.close()
        self.store.close()
