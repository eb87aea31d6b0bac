"""A running emulator with everything a test may look at or spoil. Lives on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.schedule import Every
from pingbox.emulator.services.apigateway.common.addresses import domain_name
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.api.invoke_api import InvokeApi
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.testing.apps.tables import Store
from pingbox.testing.apps.tested import TestedApp
from pingbox.testing.clients.inbox import Client, dial, roundtrips
from pingbox.testing.clients.unawaited import Promises
from pingbox.testing.clock import TestClock
from pingbox.testing.faults.faults import Faults
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.faults.posts import FaultyPosts
from pingbox.testing.record.recorder import Recorder
from pingbox.testing.runtime import boto3_hooks
from pingbox.testing.runtime.delayed_calls import Later
from pingbox.testing.runtime.functions import FunctionsUnderTest
from pingbox.testing.runtime.loop_thread import LoopThread

log = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
"""How long everything may take to come to rest before a test is told that it does not."""

_TURNS = 8
"""Of the event loop, from the end of a client's socket to the beginning of its `$disconnect`, with room to spare."""


class Running:
    """Order: `start`, then anything from any thread, `fresh` between tests, `stop` at the end."""

    def __init__(self, app: TestedApp, *, region: str | None, switches: Switches, timeout: float) -> None:
        self.app = app
        self.region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self.environment = app.environment
        self.timeout = timeout
        self.thread = LoopThread("pingbox-emulator")
        self.clock = TestClock(self._timers_looked)
        self.recorder = Recorder()
        self.clients: list[Client] = []
        self.promises = Promises()
        self._made: dict[str, Any] = {}
        self._book = FaultPlan()
        self._posts = FaultyPosts(
            self._book, names=self.recorder.names, deliver=self._deliver, later=self._do_later, struck=self._struck
        )
        self.faults = Faults(self._book, self._posts.release, lambda called: self.workings.runs_apart(called))
        self.store = Store(app.tables, self._book, clock=self.clock, struck=self._struck, region=self.region)
        self.workings = FunctionsUnderTest(self, self.recorder, self._book, self._struck)
        self.server = GatewayServer(
            app.apis,
            self.workings,
            clock=self.clock,
            observer=self.recorder.observe,
            services=ServiceRegistry((self.store.service, _Invoke(lambda: self.invoke_api))),
            region=self.region,
            switches=switches,
            intercept=self._posts,
        )
        self.invoke_api = self._new_invoke_api()
        self._timekeepers = self.clock.callbacks
        self._schedules: list[Every] = []
        self._awake = False

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Raises `AppError` for tables that cannot be made; nothing is left behind then."""
        self.thread.start()
        self._later = Later(self.clock, self.thread.loop)
        try:
            self.thread.wait(self.server.start())
        except BaseException:
            self.thread.stop()
            self.store.close()
            raise
        self._timekeepers = self.clock.callbacks
        self.workings.reachable_at(self.url)
        self.wake()
        try:
            self.store.make()
            self.thread.wait(self._begin())
        except BaseException:
            self.stop()
            raise

    def wake(self) -> None:
        """Answer this process's AWS calls (again)."""
        if not self._awake:
            self._awake = True
            boto3_hooks.answering.enter(self)

    def rest(self) -> None:
        """Run on, but leave this process as it was: other tests' AWS calls are none of ours."""
        if self._awake:
            self._awake = False
            boto3_hooks.answering.leave(self)

    def stop(self) -> None:
        """Be gone: sockets, threads, tables, and what was changed in this process."""
        self.thread.wait(self._end())
        self.rest()
        self.thread.wait(self.server.stop())
        self.thread.wait(self.workings.close())
        self.workings.end_threads()
        self.thread.stop()
        self.store.close()

    def fresh(self) -> None:
        """Begin anew: nobody connected, nothing running, empty tables, no faults, nothing written down, real time."""
        self.thread.wait(self._end())
        self.recorder.clear()
        self.promises.forget()
        self.store.make_anew()
        self.clock.forget(self._timekeepers)
        self.clock.rewind()
        self.thread.wait(self._begin())

    async def _begin(self) -> None:
        self.invoke_api = self._new_invoke_api()
        self.invoke_api.start()
        self._schedules = [
            Every(self.clock, one.seconds, partial(self.workings.invoke, one.function, {}))
            for one in self.app.schedules
        ]
        for schedule in self._schedules:
            schedule.start()
        self.workings.open = True

    async def _end(self) -> None:
        """Cut every connection, without `$disconnect`, and let running handlers end."""
        self.workings.open = False
        self.faults.forget()
        self._posts.clear()
        self._later.forget()
        for schedule in self._schedules:
            await schedule.stop()
        self._schedules = []
        self.server.replace(())
        for client in self.clients:
            client.wire.cut()
        self.clients.clear()
        if not await self.workings.recorded.ended(QUIET_SECONDS):
            names = ", ".join(sorted({one.function for one in self.workings.recorded.running}))
            log.warning("still running %.0f s after the end of the test, and left alone: %s", QUIET_SECONDS, names)
        await self.invoke_api.close()
        await asyncio.sleep(0)
        self.server.replace(())  # once more: a `$connect` that ran meanwhile has let somebody in
        self.server.replace(self.app.apis)

    # --- for tests --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return self.server.url

    @property
    def stage(self) -> str:
        """The first API's first stage."""
        return self.app.apis[0].stages[0].name

    async def connect(
        self,
        where: str,
        *,
        name: str | None,
        headers: Mapping[str, str],
        subprotocols: Sequence[str],
        origin: str | None,
        within: float | None,
    ) -> Client:
        """A new client; `where` is a whole `ws://` address, or what follows the stage's: a query, a path, nothing."""
        url = where if where.startswith("ws://") else self.server.ws_url(self.stage) + where
        client = await dial(
            url,
            name or f"client {len(self.clients) + 1}",
            self.explanation,
            headers=headers,
            subprotocols=subprotocols,
            origin=origin,
            within=self.timeout if within is None else within,
        )
        client.connection_id = self.recorder.named(client.wire.port, client.name)
        self.clients.append(client)
        return client

    async def settle(self, within: float = QUIET_SECONDS) -> None:
        """Return once all that was sent has been handled, and all that was answered has arrived.

        Raises `AssertionError` if that is not so after `within` seconds.
        """
        deadline = time.monotonic() + within
        running = self.workings.recorded.running
        while True:
            await self._roundtrips(deadline)
            if not running:
                await self._roundtrips(deadline)  # what the last invocation wrote is before this pong
                if not running:
                    return
            if not await self.workings.recorded.ended(max(0.0, deadline - time.monotonic())):
                stories = "\n".join(one.story() for one in running)
                raise AssertionError(f"there was no rest within {within:g} s; still running:\n{stories}")

    async def _roundtrips(self, deadline: float) -> None:
        await _turns()  # a connection that was cut answers no ping: let the server notice
        await roundtrips(self.clients, deadline)

    def explanation(self) -> str:
        """What a failed expectation should know: the invocations that failed."""
        failed = [one for one in list(self.recorder.invocations) if one.error is not None]
        return "\n".join(["invocations that failed:", *(one.story() for one in failed)]) if failed else ""

    # --- for boto3 in this process ----------------------------------------------------------------------------------

    def boto3_client(self, service: str, **options: Any) -> Any:
        """A client that finds this emulator; its keys are dummies. Made once, kept for the next time."""
        return self._boto3("client", service, options)

    def boto3_resource(self, service: str) -> Any:
        """The same as a resource."""
        return self._boto3("resource", service, {})

    def observed_client(self, service: str) -> Any:
        """A client whose calls are written down as those of the invocation that makes them, as any handler's are."""
        return Boto3Redirect(self.url, region=self.region).session().client(service, endpoint_url=self.url)

    def _boto3(self, kind: str, service: str, options: Mapping[str, Any]) -> Any:
        key = f"{kind} {service}"
        if key not in self._made:
            redirect = Boto3Redirect(self.url, self.server.services, self.region)
            self._made[key] = getattr(redirect, kind)(service, **options)
        return self._made[key]

    @property
    def services(self) -> ServiceRegistry:
        """As `Account` has it."""
        return self.server.services

    def has_api_at(self, host: str) -> bool:
        """As `Account` has it."""
        own = {domain_name(api.api_id, self.region) for api in self.app.apis}
        return host in own or host == self.url.partition("://")[2]

    def has_function(self, name: str) -> bool:
        """As `Account` has it."""
        return name in self.workings.names

    # --- inside -----------------------------------------------------------------------------------------------------

    def _new_invoke_api(self) -> InvokeApi:
        return InvokeApi(self.workings, lambda: self.workings.names, clock=self.clock, region=self.region)

    def _do_later(self, seconds: float, action: Callable[[], None]) -> None:
        self._later(seconds, action)

    def _deliver(self, connection_id: str, data: bytes) -> None:
        connection = next((one for one in self.recorder.connections if one.connection_id == connection_id), None)
        if connection is not None:
            path = f"/{connection.stage}/@connections/{quote(connection_id, safe='')}"
            self.server.management("POST", domain_name(connection.api_id, self.region), path, data)

    def _struck(self, what: str) -> None:
        self.faults.struck.append(what)
        self.recorder.struck(what)

    def _timers_looked(self) -> None:
        """After the clock has jumped: what is due by now has begun."""
        self.store.tables.expire()
        self.thread.wait(_turns())


class _Invoke:
    """Lambda's API, made anew for each test."""

    name = InvokeApi.name

    def __init__(self, current: Callable[[], InvokeApi]) -> None:
        self._current = current

    def matches(self, request: AwsRequest) -> bool:
        return self._current().matches(request)

    async def handle(self, request: AwsRequest) -> AwsResponse:
        return await self._current().handle(request)


async def _turns() -> None:
    """The loop has done what was asked of it before, and what came of that at once."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
