"""A running emulator with everything a test may look at or make fail. Lives on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from pingbox.emulator.cloud import Decorations, LocalCloud
from pingbox.emulator.history import History
from pingbox.emulator.services.apigateway.common.addresses import domain_name
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.lambda_.app_functions import HowToRun
from pingbox.emulator.services.lambda_.in_process.current import CallObserver
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.model.function import FunctionSpec
from pingbox.testing.apps.tables import Store
from pingbox.testing.apps.tested import TestedApp
from pingbox.testing.clients.expectation import cut
from pingbox.testing.clients.inbox import Client, dial, roundtrips
from pingbox.testing.clients.unawaited import Unawaited
from pingbox.testing.clock import TestClock
from pingbox.testing.faults.faults import Faults
from pingbox.testing.faults.functions import FaultyFunctions, Killing
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.faults.posts import FaultyPosts
from pingbox.testing.faults.targets import FaultTargets
from pingbox.testing.record.invocations import Invocation
from pingbox.testing.record.recorder import Recorder
from pingbox.testing.runtime import boto3_hooks
from pingbox.testing.runtime.delayed_calls import DelayedCalls
from pingbox.testing.runtime.functions import Gate, TestCalls
from pingbox.testing.runtime.handlers import LoadedHandlers
from pingbox.testing.runtime.loop_thread import LoopThread

log = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
"""How long everything may take to come to rest before a test fails with that."""

_TURNS = 8
"""Of the event loop, from the end of a client's socket to the beginning of its `$disconnect`, with room to spare."""


class TestRuntime:
    """Order: `start`, then anything from any thread, `reset` between tests, `stop` at the end."""

    __test__ = False  # for pytest, which collects what begins with Test

    def __init__(self, tested: TestedApp, *, switches: Switches, timeout: float) -> None:
        self.tested = tested
        self.region = tested.app.region
        self.environment = tested.environment
        self.timeout = timeout
        self.thread = LoopThread("pingbox-emulator")
        self.clock = TestClock(self._timers_looked)
        self.history = History(max_entries=None, max_bytes=None)
        self.recorder = Recorder(self.history, self._calls_are_unseen)
        self.clients: list[Client] = []
        self.unawaited = Unawaited()
        self._made: dict[str, Any] = {}
        self._plan = FaultPlan()
        self._posts = FaultyPosts(
            self._plan, names=self.recorder.names, deliver=self._deliver, later=self._delay, triggered=self._triggered
        )
        self.faults = Faults(self._plan, self._posts.release, self.runs_apart, self._fault_targets)
        self.store = Store(self._plan, clock=self.clock, triggered=self._triggered, region=self.region)
        self.handlers = LoadedHandlers()
        self.given = tested.code(self)
        self.variables: dict[str, FunctionSpec] = {}
        how = HowToRun(self.given, in_process=tested.in_process, with_endpoint=False, around_load=self.handlers.around)
        self.cloud = LocalCloud(
            tested.app,
            self.store,
            how=how,
            clock=self.clock,
            history=self.history,
            switches=switches,
            around=Decorations(self._around_functions, self._posts, self._around_calls),
        )
        self.server = self.cloud.server
        self._suspended = True

    def _around_functions(self, inner: Functions) -> Functions:
        faulty = FaultyFunctions(
            inner,
            self._plan,
            names=self.recorder.names,
            renew=lambda function: self.cloud.parts.reload(function),
            triggered=self._triggered,
        )
        self._gate = Gate(faulty)
        return self._gate

    def _around_calls(self, inner: CallObserver) -> CallObserver:
        self._calls = TestCalls(inner, self, Killing(self._plan, self.recorder.invocation, self._triggered))
        return self._calls

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Raises `AppError` for tables that cannot be made; nothing is left behind then."""
        self.thread.start()
        self._delayed = DelayedCalls(self.clock, self.thread.loop)
        try:
            self.thread.wait(self.cloud.start())
        except BaseException:
            self.thread.stop()
            raise
        self._gate.open = True
        self.resume()

    def resume(self) -> None:
        """Answer this process's AWS calls (again)."""
        if self._suspended:
            self._suspended = False
            boto3_hooks.hooks.enter(self)

    def suspend(self) -> None:
        """Run on, but leave this process as it was: other tests' AWS calls are none of ours."""
        if not self._suspended:
            self._suspended = True
            boto3_hooks.hooks.leave(self)

    def stop(self) -> None:
        """Be gone: sockets, threads, tables, and what was changed in this process."""
        self.thread.wait(self._end())
        self.suspend()
        self.thread.wait(self.cloud.stop())
        self.thread.stop()

    def reset(self) -> None:
        """Begin anew: nobody connected, nothing running, empty tables, no faults, nothing recorded, real time."""
        self.thread.wait(self._end())
        self.handlers.restore()
        changed, self.variables = self.variables, {}
        for name in changed:
            if (spec := self.tested.app.function(name)) is not None:
                self.thread.call(partial(self.cloud.parts.define, spec))
        self.recorder.clear()
        self._calls.clear()
        self.unawaited.forget()
        self.store.make_anew()
        self.cloud.forget()
        self.clock.rewind()
        self.thread.wait(self._begin())

    async def _begin(self) -> None:
        self.cloud.begin()
        self._gate.open = True

    async def _end(self) -> None:
        """Cut every connection, without `$disconnect`, and let running handlers end."""
        self._gate.open = False
        self.faults.forget()
        self._posts.clear()
        self._delayed.forget()
        self.server.replace(())
        for client in self.clients:
            client.wire.cut()
        self.clients.clear()
        if not await self.cloud.observed.ended(QUIET_SECONDS):
            names = ", ".join(sorted({one.function for one in self.cloud.observed.running}))
            log.warning("still running %.0f s after the end of the test, and left alone: %s", QUIET_SECONDS, names)
        await self.cloud.interrupt()
        await asyncio.sleep(0)
        self.server.replace(())  # once more: a `$connect` that ran meanwhile has let somebody in
        self.server.replace(self.tested.app.apis)

    # --- for tests --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return self.server.url

    @property
    def stage(self) -> str:
        """The first API's first stage."""
        return self.cloud.stage

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return self.cloud.parts.names

    def _calls_are_unseen(self, function: str) -> bool:
        spec = self.tested.app.function(function)
        return spec is not None and spec.runtime.startswith("provided") and function in self.cloud.parts.apart

    def redefine(self, spec: FunctionSpec) -> None:
        """Change a function until the end of the test; the next event meets a new environment."""
        self.variables[spec.name] = spec
        self.thread.call(partial(self.cloud.parts.define, spec))

    async def invoked(self, function: str, event: Any) -> Invocation:
        """Invoke it, and return the record of that."""
        await self.cloud.functions.invoke(function, event)
        found = (one for one in reversed(self.recorder.invocations) if one.event is event)
        record = next(found, None)
        assert record is not None, f"{function} was invoked, so it is recorded"
        return record

    def check_strictly(self) -> None:
        """Raises `AssertionError` for an invocation that failed, a message that nobody read, a template's warning."""
        found = [f"an invocation failed: {one.story()}" for one in list(self.recorder.invocations) if one.error]
        for client in list(self.clients):
            found += [f"{client.name} got a message that nobody read: {cut(text)}" for text in client.unread]
        found += [f"the template: {warning}" for warning in self.tested.app.warnings]
        if found:
            raise AssertionError("\n".join(["this test is strict (pingbox_strict), and:", *found]))

    @property
    def callables(self) -> list[str]:
        """What an invocation can be asked for by: route keys, functions, and authorizers' names."""
        apis = self.tested.app.apis
        keys = [route.route_key for api in apis for route in api.routes]
        return list(dict.fromkeys([*keys, *self.names]))

    def runs_apart(self, called: str | None) -> bool:
        """Whether this function, or the one behind this route key, runs in a process of its own; None: all do."""
        apart = self.cloud.parts.apart
        if called is None:
            return bool(apart) and apart.issuperset(self.names)
        return called in apart or self.tested.function_at(called) in apart

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
        deadline = asyncio.get_running_loop().time() + within
        running = self.cloud.observed.running
        while True:
            await self._roundtrips(deadline)
            if not running:
                await self._roundtrips(deadline)  # what the last invocation wrote is before this pong
                if not running:
                    return
            if not await self.cloud.observed.ended(max(0.0, deadline - asyncio.get_running_loop().time())):
                found = [self.recorder.invocation(one.request_id) for one in running]
                stories = "\n".join(one.story() for one in found if one is not None)
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

    def _boto3(self, kind: str, service: str, options: Mapping[str, Any]) -> Any:
        key = f"{kind} {service}"
        if key not in self._made:
            self._made[key] = getattr(self.cloud.redirect, kind)(service, **options)
        return self._made[key]

    @property
    def services(self) -> ServiceRegistry:
        """As `Account` has it."""
        return self.server.services

    def has_api_at(self, host: str) -> bool:
        """As `Account` has it."""
        own = {domain_name(api.api_id, self.region) for api in self.tested.app.apis}
        return host in own or host == self.url.partition("://")[2]

    def has_function(self, name: str) -> bool:
        """As `Account` has it."""
        return name in self.names

    # --- inside -----------------------------------------------------------------------------------------------------

    def _delay(self, seconds: float, action: Callable[[], None]) -> None:
        self._delayed(seconds, action)

    def _fault_targets(self) -> FaultTargets:
        connections = list(self.recorder.connections)
        return FaultTargets(
            functions=frozenset(self.names),
            routes=frozenset(route.route_key for api in self.tested.app.apis for route in api.routes),
            clients=tuple(dict.fromkeys(name for one in connections for name in (one.name, one.connection_id))),
            tables=tuple(self.store.tables.table_names()),
        )

    def _deliver(self, connection_id: str, data: bytes) -> None:
        connection = next((one for one in self.recorder.connections if one.connection_id == connection_id), None)
        if connection is not None:
            path = f"/{connection.stage}/@connections/{quote(connection_id, safe='')}"
            self.server.management("POST", domain_name(connection.api_id, self.region), path, data)

    def _triggered(self, what: str) -> None:
        self.faults.triggered.append(what)
        self.recorder.triggered(what)

    def _timers_looked(self) -> None:
        """After the clock has jumped: what is due by now has begun."""
        self.store.tables.expire()
        self.thread.wait(_turns())


async def _turns() -> None:
    """The loop has done what was asked of it before, and what came of that at once."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
