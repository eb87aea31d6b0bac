"""`Emulator`: an app behind a WebSocket API, for the length of a test or of a `with` block."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.model.app import Table
from pingbox.testing.apps.routes import Routes
from pingbox.testing.apps.source import find_app
from pingbox.testing.aws_clients import DynamoDB
from pingbox.testing.clients.tracebacks import is_told
from pingbox.testing.clients.websockets import SyncWebSockets, WebSockets
from pingbox.testing.clock import TestClock
from pingbox.testing.faults.faults import Faults
from pingbox.testing.record.connections import Connections, Frames
from pingbox.testing.record.invocations import Invocations
from pingbox.testing.record.sequence_diagram import draw
from pingbox.testing.runtime.runtime import TestRuntime
from pingbox.testing.tested_functions import TestedFunctions

__tracebackhide__ = is_told

running: list[Emulator] = []
"""The emulators of this process, in the order in which they were started."""

ended: deque[AsyncEmulator] = deque(maxlen=2)
"""The latest that were stopped, for the report of a test whose own clean-up comes before it."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


class EmulatorFacts:
    """What a running emulator offers, to synchronous and to asynchronous tests."""

    @property
    def _running(self) -> TestRuntime:
        raise NotImplementedError

    # --- addresses --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`: the endpoint of the emulated AWS."""
        return self._running.url

    @property
    def ws_url(self) -> str:
        """`ws://127.0.0.1:port/stage`, for clients of your own."""
        return self._running.server.ws_url(self._running.stage)

    @property
    def management_url(self) -> str:
        """The `endpoint_url` of a Management API client, as real as over HTTP."""
        return self._running.server.management_url(self._running.stage)

    # --- levers -----------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> TestClock:
        """The emulator's time; `clock.advance(minutes=11)`."""
        return self._running.clock

    @property
    def faults(self) -> Faults:
        """What is to go wrong; `faults.refuse_posts(410, to=bo)`."""
        return self._running.faults

    def reset(self) -> None:
        """Begin anew, as between tests: nobody connected, empty tables, nothing recorded, the machine's time.

        Blocks; in an `async def` test use `await reset_async()`, so that its event loop goes on.
        """
        self._running.reset()

    async def reset_async(self) -> None:
        """`reset`, to be awaited."""
        await asyncio.to_thread(self._running.reset)

    def settle(self, within: float = 5.0) -> None:
        """Block until all that was sent has been handled, and all that was answered has arrived.

        Raises `AssertionError` if that takes more than `within` seconds. In an `async def` test use
        `await settle_async()`, so that its event loop goes on.
        """
        self._running.thread.wait(self._running.settle(within))

    async def settle_async(self, within: float = 5.0) -> None:
        """`settle`, to be awaited."""
        await self._running.thread.asking(self._running.settle(within))

    @property
    def functions(self) -> TestedFunctions:
        """The app's functions: `functions["Say"].patch("name", value)`, `.module`, `.environment`, `.invoke(event)`."""
        return TestedFunctions(self._running)

    # --- AWS --------------------------------------------------------------------------------------------------------

    @property
    def management(self) -> Any:
        """A boto3 client of `apigatewaymanagementapi` for the app's API."""
        return self._running.boto3_client("apigatewaymanagementapi", endpoint_url=self.management_url)

    @property
    def dynamodb(self) -> DynamoDB:
        """The app's tables, by boto3."""
        return DynamoDB(self._running)

    # --- looking inside ---------------------------------------------------------------------------------------------

    @property
    def invocations(self) -> Invocations:
        """What ran so far, in the order in which it began."""
        return Invocations(self._running.recorder.invocations, self._running.callables)

    @property
    def connections(self) -> Connections:
        """Everybody who was connected, in the order in which they came; `.open` are those who still are."""
        return Connections(self._running.recorder.connections)

    @property
    def frames(self) -> Frames:
        """The messages over all wires."""
        return Frames(self._running.recorder.frames)

    def diagram(self) -> str:
        """What happened so far, as a sequence diagram in text."""
        return draw(self._running.recorder.steps, self._running.recorder.name_of)

    def report(self) -> list[tuple[str, str]]:
        """What a failing test should show: (heading, text) of the conversation and of the faults."""
        sections = [(f"PingBox: what happened in {self._running.tested.name}", self.diagram())]
        sections.append(("PingBox: faults", self.faults.story()))
        return [(heading, text) for heading, text in sections if text]

    def check_unawaited(self, error: BaseException | None = None) -> None:
        """Raise `AssertionError` if a client's method was called and never awaited: it did nothing, and would have
        made this test green. `error`, of a test that has failed already, gets a note of it instead.
        """
        self._running.unawaited.check(error)

    def check_end(self, *, strict: bool = False, allow_unused_faults: bool = False) -> None:
        """Raise `AssertionError` for what would make a test green that tested nothing: a call that was not awaited, a
        fault that never struck.

        `strict`: also for an invocation that failed, a message that nobody read, and a warning about the template.
        """
        self.check_unawaited()
        if not allow_unused_faults:
            self.faults.check()
        if strict:
            self._running.check_strictly()


class AsyncEmulator(EmulatorFacts):
    """A running emulator in an `async with`."""

    def __init__(self, running: TestRuntime) -> None:
        self._started = running

    @property
    def _running(self) -> TestRuntime:
        return self._started

    @property
    def ws(self) -> WebSockets:
        """Makes clients: `ana = await emulator.ws.connect()`."""
        return WebSockets(self._running)


class Emulator(EmulatorFacts):
    """An app behind a WebSocket API on this machine: `with Emulator(app) as emulator:`.

    Two may run at a time; boto3 calls from outside of any handler go to the one started last.
    """

    def __init__(
        self,
        app: Routes | str | Path | None = None,
        *,
        stage: str | None = None,
        route_selection_expression: str = "$request.body.action",
        two_way: Collection[str] = (),
        tables: Sequence[Table | Mapping[str, Any]] = (),
        parameters: Mapping[str, str] = _NOTHING,
        environment: Mapping[str, str] = _NOTHING,
        folder: Path | None = None,
        in_process: bool = True,
        region: str | None = None,
        switches: Switches = Switches(),  # noqa: B008 - frozen
        timeout: float = 5.0,
    ) -> None:
        """Find the app; nothing runs yet. Raises `AppError` if there is none.

        `app`: a mapping of route keys to handlers; `"module:ROUTES"`; a SAM or CloudFormation template,
        `serverless.yml` or `pyproject.toml`, or a folder with one; `"pingbox:chat"` for PingBox's own chat.
        `route_selection_expression` and `two_way` (the route keys whose return value goes back to the client) are for
        apps of handlers; others declare them. `tables`: further DynamoDB tables, as `table(...)` or the arguments of
        `create_table`. `parameters` are the template's. `environment`: variables set while the emulator runs.
        For the chat they are the settings of its functions. `folder` is where modules and templates are looked for
        (None: the working directory). `in_process=False` runs a template's functions in processes of their own, as
        `pingbox serve` does: slower, and truer for functions that change their process. `region` None: as the
        environment says, else us-east-1. `timeout`: the seconds that `connect`, `expect` and their like wait unless
        they say otherwise.
        """
        self._found = find_app(
            app,
            stage=stage,
            route_selection_expression=route_selection_expression,
            two_way=two_way,
            tables=tables,
            parameters=parameters,
            environment=environment,
            folder=folder or Path.cwd(),
            in_process=in_process,
            region=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        )
        self._settings: dict[str, Any] = {"switches": switches, "timeout": timeout}
        self._started: TestRuntime | None = None

    @property
    def _running(self) -> TestRuntime:
        if self._started is None:
            raise RuntimeError("the emulator is not running: use it inside `with Emulator(...)`, or after start()")
        return self._started

    @property
    def ws(self) -> SyncWebSockets:
        """Makes clients: `ana = emulator.ws.connect()`."""
        return SyncWebSockets(self._running)

    def start(self) -> Self:
        """Run, until `stop`; for test frameworks with a set-up and a tear-down."""
        if self._started is not None:
            raise RuntimeError("the emulator is running already; stop() it first")
        runtime = TestRuntime(self._found, **self._settings)
        runtime.start()
        self._started = runtime
        running.append(self)
        return self

    def stop(self) -> None:
        """End everything; it may be started again, and begins anew then."""
        started = self._running
        self._started = None
        running.remove(self)
        ended.append(AsyncEmulator(started))
        started.stop()

    def suspend(self) -> None:
        """Leave this process's AWS calls alone until `resume`; everything else runs on. For between two tests."""
        self._running.suspend()

    def resume(self) -> None:
        """Answer this process's AWS calls again."""
        self._running.resume()

    def as_async(self) -> AsyncEmulator:
        """The same emulator for `async def` tests."""
        return AsyncEmulator(self._running)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        faults = self.faults
        try:
            if error is None:
                faults.check()
        finally:
            self.stop()

    async def __aenter__(self) -> AsyncEmulator:
        await asyncio.to_thread(self.start)
        return self.as_async()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        unawaited, faults = self._running.unawaited, self.faults
        try:
            if error is None:
                faults.check()
        finally:
            await asyncio.to_thread(self.stop)
        unawaited.check(error)
