"""A running emulator with everything a test may look at or spoil. Lives on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pingbox.emulator.aws.in_process import Wires
from pingbox.emulator.dynamodb import LocalDynamoDB
from pingbox.emulator.functions.in_process import InProcessFunction, InProcessFunctions
from pingbox.emulator.functions.outcome import Functions, NotInvoked, Outcome
from pingbox.emulator.gateway.addressing import domain_name
from pingbox.emulator.gateway.switches import Switches
from pingbox.emulator.server.gateway_server import GatewayServer
from pingbox.testing import this_process
from pingbox.testing.client import Client
from pingbox.testing.clock import TestClock
from pingbox.testing.loop_thread import LoopThread
from pingbox.testing.recorder import RecordedFunctions, Recorder
from pingbox.testing.tested_app import Table, TestedApp
from pingbox.testing.wire import Wire

if TYPE_CHECKING:
    from pingbox.emulator.dynamodb import Answer
    from pingbox.emulator.gateway.management import ManagementAnswer

log = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
"""How long everything may take to come to rest before a test is told that it does not."""

_DYNAMODB = "DynamoDB_20120810"


class Running:
    """Order: `start`, then anything from any thread, `fresh` between tests, `stop` at the end."""

    def __init__(self, app: TestedApp, *, region: str | None, switches: Switches, timeout: float) -> None:
        self.app = app
        self.region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self.timeout = timeout
        self.thread = LoopThread("pingbox-emulator")
        self.clock = TestClock(self._timers_looked)
        self.recorder = Recorder()
        self.clients: list[Client] = []
        self._made: dict[str, Any] = {}
        self._tables = app.tables
        self.tables = LocalDynamoDB.open(None, clock=self.clock, region=self.region, ttl_lag=0.0)
        self._in_process = InProcessFunctions(
            {name: self._watched(function) for name, function in app.functions.items()},
            observe=self.recorder.observe,
            clock=self.clock,
            region=self.region,
        )
        self.functions = RecordedFunctions(self._in_process, self.recorder, self.clock.now)
        self._door = _Door(self.functions)
        self.server = GatewayServer(
            app.apis,
            self._door,
            clock=self.clock,
            observer=self.recorder.observe,
            doors={_DYNAMODB: self.tables.door},
            region=self.region,
            switches=switches,
        )

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.thread.start()
        try:
            self.thread.wait(self.server.start())
            self._make_tables(self._tables)
        except BaseException:
            self.thread.stop()
            self.tables.close()
            raise
        this_process.answering.enter(self)

    def stop(self) -> None:
        """Be gone: sockets, threads, tables, and what was changed in this process."""
        self.thread.wait(self._empty())
        this_process.answering.leave(self)
        self.thread.wait(self.server.stop())
        self._in_process.close()
        self.thread.stop()
        self.tables.close()

    def fresh(self) -> None:
        """Begin anew: nobody connected, nothing running, empty tables, nothing written down, the machine's time."""
        self.thread.wait(self._empty())
        self.recorder.clear()
        self.tables.reset()
        self._make_tables(self._tables)
        self.clock.rewind()
        self._door.open = True

    async def _empty(self) -> None:
        """Cut every connection, without `$disconnect`, and let running handlers end."""
        self._door.open = False
        self.server.replace(())
        for client in self.clients:
            client.wire.cut()
        self.clients.clear()
        if not await self.functions.ended(QUIET_SECONDS):
            names = ", ".join(sorted({one.function for one in self.functions.running}))
            log.warning("still running %.0f s after the end of the test, and left alone: %s", QUIET_SECONDS, names)
        await asyncio.sleep(0)
        self.server.replace(())
        self.server.replace(self.app.apis)

    # --- for tests --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return self.server.url

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
        url = where if where.startswith("ws://") else self.ws_url() + where
        client = Client(name or f"client {len(self.clients) + 1}", self.explanation)
        wire = Wire(url, subprotocols, origin, client.notice)
        client.attach(wire)
        await wire.handshake(headers, self.timeout if within is None else within)
        client.connection_id = self.recorder.named(wire.port, client.name)
        self.clients.append(client)
        return client

    def ws_url(self, stage: str | None = None) -> str:
        return self.server.ws_url(stage or self.app.apis[0].stages[0].name)

    def management_url(self, stage: str | None = None) -> str:
        return self.server.management_url(stage or self.app.apis[0].stages[0].name)

    async def settle(self, within: float = QUIET_SECONDS) -> None:
        """Return once all that was sent has been handled, and all that was answered has arrived.

        Raises `AssertionError` if that is not so after `within` seconds.
        """
        deadline = time.monotonic() + within
        while True:
            await asyncio.gather(*(client.wire.roundtrip() for client in self.clients if client.wire.reading))
            if not self.functions.running:
                # What the last invocation wrote is before this pong.
                await asyncio.gather(*(client.wire.roundtrip() for client in self.clients if client.wire.reading))
                if not self.functions.running:
                    return
            if not await self.functions.ended(max(0.0, deadline - time.monotonic())):
                running = "\n".join(one.story() for one in self.functions.running)
                raise AssertionError(
                    f"the emulator did not come to rest within {within:g} s; still running:\n{running}"
                )

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
            wires = Wires(self.url, dynamodb=self.tables, management=self.server.management, region=self.region)
            self._made[key] = getattr(wires, kind)(service, **options)
        return self._made[key]

    def dynamodb_call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        return self.tables.call(operation, request)

    def management_call(self, method: str, host: str, path: str, body: bytes) -> ManagementAnswer:
        return self.server.management(method, host, path, body)

    def has_api_at(self, host: str) -> bool:
        """Whether `host` is the domain of one of our APIs, or our own address."""
        own = {domain_name(api.api_id, self.region) for api in self.app.apis}
        return host in own or host == self.url.partition("://")[2]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _make_tables(self, tables: Sequence[Table]) -> None:
        for table in tables:
            _done(self.tables.call("CreateTable", dict(table.parameters)))
            if table.ttl_attribute is not None:
                ttl = {"Enabled": True, "AttributeName": table.ttl_attribute}
                _done(self.tables.call("UpdateTimeToLive", {"TableName": table.name, "TimeToLiveSpecification": ttl}))

    def _watched(self, function: InProcessFunction) -> InProcessFunction:
        """The function, its boto3 calls written down as its own."""

        def load() -> Callable[[Any, Any], Any]:
            handler = function.load()

            def watched(event: Any, context: Any) -> Any:
                request_id = context.aws_request_id
                caller = this_process.Caller(
                    self, lambda call: self.recorder.called(request_id, call), lambda calls: None
                )
                with this_process.calling(caller):
                    return handler(event, context)

            return watched

        return InProcessFunction(load, function.timeout, function.memory)

    def _timers_looked(self) -> None:
        """After the clock has jumped: what is due by now has begun."""
        self.tables.expire()
        self.thread.wait(_a_turn())


class _Door:
    """`Functions` that nothing runs on between tests."""

    def __init__(self, inner: Functions) -> None:
        self._inner = inner
        self.open = True

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        if not self.open:
            return NotInvoked("the test is over")
        return await self._inner.invoke(function, event)


async def _a_turn() -> None:
    """The loop has done what was asked of it before."""
    await asyncio.sleep(0)


def _done(answer: Answer) -> None:
    if answer.status != 200:
        raise ValueError(f"the table could not be made: {answer.body}")
