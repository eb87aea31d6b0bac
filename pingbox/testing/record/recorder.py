"""Writes down what happens in a test, from the emulator's happenings and from the functions that run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, assert_never

from pingbox.emulator.activity import (
    Activity,
    AwsCalled,
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    FunctionLog,
    InvocationEnded,
    InvocationStarted,
    Invoked,
    ManagementCalled,
    Refused,
)
from pingbox.emulator.services.lambda_.outcome import Functions, Outcome
from pingbox.testing.record.connections import Closed, Connection, Frame
from pingbox.testing.record.invocations import AwsCall, Invocation


@dataclass(frozen=True)
class Began:
    """An invocation has begun."""

    invocation: Invocation


@dataclass(frozen=True)
class Ended:
    """An invocation has ended."""

    invocation: Invocation


@dataclass(frozen=True)
class Triggered:
    """A fault has struck."""

    what: str


Step = Connected | Refused | FrameReceived | FrameSent | ManagementCalled | Disconnected | Began | Ended | Triggered


class Recorder:
    """`observe` is the emulator's observer. Thread-safe; `clear` begins a new test."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.invocations: list[Invocation] = []
        self.connections: list[Connection] = []
        self.frames: list[Frame] = []
        self.unknown_names: dict[int, str] = {}
        self._by_request: dict[str, Invocation] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget everything. What was handed out before stays as it is."""
        with self._lock:
            self.steps, self.invocations, self.connections, self.frames = [], [], [], []
            self.unknown_names, self._by_request = {}, {}

    def observe(self, happening: Activity) -> None:
        """Write one happening down."""
        match happening:
            case FunctionLog():
                self._log(happening)
                return
            case Invoked():
                return  # written down when it began
            case Connected():
                self._connected(happening)
            case Disconnected():
                self._disconnected(happening)
            case FrameReceived(at, connection_id, text):
                self.frames.append(Frame(at, connection_id, "in", text))
            case FrameSent(at, connection_id, text, cause):
                self.frames.append(Frame(at, connection_id, "out", text, cause))
            case Refused() | ManagementCalled():
                pass
            case InvocationStarted() | InvocationEnded() | AwsCalled():
                return
            case _:
                assert_never(happening)
        self.steps.append(happening)

    def names(self, connection_id: str) -> tuple[str, str]:
        """What a connection may be called: its client's name, its id."""
        return self.name_of(connection_id), connection_id

    def struck(self, what: str) -> None:
        """A fault did what it was ordered to do."""
        self.steps.append(Triggered(what))

    def name_of(self, connection_id: str) -> str:
        """The client's name in the test, or the id."""
        found = next((one for one in self.connections if one.connection_id == connection_id), None)
        return found.name if found is not None else connection_id

    def named(self, port: int, name: str) -> str:
        """The client at this port is called so; returns its connection id (empty while the gateway has not told)."""
        with self._lock:
            for one in reversed(self.connections):
                if one.source_port == port and one.closed is None:
                    one.name = name
                    return one.connection_id
            self.unknown_names[port] = name
            return ""

    # --- invocations ------------------------------------------------------------------------------------------------

    def begin(self, invocation: Invocation) -> None:
        """A function is about to run."""
        self.invocations.append(invocation)
        self.steps.append(Began(invocation))

    def end(self, invocation: Invocation, outcome: Outcome, duration: float) -> None:
        """It has ended."""
        invocation.outcome = outcome
        invocation.duration = duration
        self.steps.append(Ended(invocation))

    def invocation(self, request_id: str) -> Invocation | None:
        """The invocation with this Lambda request id."""
        return self._by_request.get(request_id)

    def called(self, request_id: str, call: AwsCall) -> None:
        """An invocation has called AWS."""
        if (invocation := self._by_request.get(request_id)) is not None:
            invocation.aws_calls.append(call)

    def _log(self, line: FunctionLog) -> None:
        invocation = self._by_request.get(line.request_id)
        if invocation is None:
            # The START line is written within the very call that invokes: the context tells whose it is.
            invocation = _invoking.get() or self._just_begun(line.function)
            if invocation is None:
                return
            invocation.request_id = line.request_id
            self._by_request[line.request_id] = invocation
        invocation.logs.append(line.line)

    def _just_begun(self, function: str) -> Invocation | None:
        # A process writes its first line when it has read the event, outside of that call.
        fresh = (one for one in self.invocations if one.function == function and not one.request_id)
        return next(fresh, None)

    # --- connections ------------------------------------------------------------------------------------------------

    def _connected(self, happening: Connected) -> None:
        with self._lock:
            name = self.unknown_names.pop(happening.source_port, happening.connection_id)
            self.connections.append(
                Connection(
                    happening.connection_id,
                    happening.api_id,
                    happening.stage,
                    happening.source_ip,
                    happening.source_port,
                    happening.at,
                    name,
                )
            )

    def _disconnected(self, happening: Disconnected) -> None:
        for one in self.connections:
            if one.connection_id == happening.connection_id:
                one.closed = Closed(happening.at, happening.code, happening.reason)


_invoking: ContextVar[Invocation | None] = ContextVar("invoking", default=None)


class RecordedFunctions:
    """`Functions` that are written down, and counted while they run."""

    def __init__(self, inner: Functions, recorder: Recorder, now: Callable[[], float]) -> None:
        self._inner = inner
        self._recorder = recorder
        self._now = now
        self.running: list[Invocation] = []
        self._idle = asyncio.Event()

    async def ended(self, within: float) -> bool:
        """Wait until nothing runs, at most `within` seconds; whether that came true."""
        try:
            async with asyncio.timeout(within):
                while self.running:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        invocation = Invocation(self._now(), function, event)
        self._recorder.begin(invocation)
        self.running.append(invocation)
        token = _invoking.set(invocation)
        try:
            outcome = await self._inner.invoke(function, event)
            self._recorder.end(invocation, outcome, self._now() - invocation.at)
            return outcome
        finally:
            _invoking.reset(token)
            self.running.remove(invocation)
            if not self.running:
                self._idle.set()
