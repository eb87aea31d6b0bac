"""What a test can look at: invocations, connections and frames, read from the emulator's history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from pingbox.emulator.activity import (
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
from pingbox.emulator.history import Entry, History
from pingbox.testing.record.connections import Closed, Connection, Frame
from pingbox.testing.record.invocations import Invocation


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
    """A fault did what it was ordered to do."""

    what: str


Step = Connected | Refused | FrameReceived | FrameSent | ManagementCalled | Disconnected | Began | Ended | Triggered


class Recorder:
    """A test's view of the history: what a test asks for, kept as it happens. `clear` begins a new test."""

    def __init__(self, history: History, unseen: Callable[[str], bool] = lambda function: False) -> None:
        """`unseen` tells of a function whether its AWS calls would not be noticed."""
        self.history = history
        self._unseen = unseen
        self.steps: list[Step] = []
        self.invocations: list[Invocation] = []
        self.connections: list[Connection] = []
        self.frames: list[Frame] = []
        self.unknown_names: dict[int, str] = {}
        self._by_request: dict[str, Invocation] = {}
        self._lock = threading.Lock()
        history.subscribe(self._read)

    def clear(self) -> None:
        """Forget everything. What was handed out before stays as it is."""
        self.history.clear()
        with self._lock:
            self.steps, self.invocations, self.connections, self.frames = [], [], [], []
            self.unknown_names, self._by_request = {}, {}

    def _read(self, entry: Entry) -> None:
        match entry.activity:
            case InvocationStarted() | InvocationEnded() | AwsCalled() | FunctionLog():
                self._about_invocation(entry.activity)
            case Invoked():
                pass  # kept when it began
            case Connected() | Refused() | FrameReceived() | FrameSent() | ManagementCalled() | Disconnected():
                self._about_connection(entry.activity)
                self.steps.append(entry.activity)
            case _:
                assert_never(entry.activity)

    def names(self, connection_id: str) -> tuple[str, str]:
        """What a connection may be called: its client's name, its id."""
        return self.name_of(connection_id), connection_id

    def triggered(self, what: str) -> None:
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

    def invocation(self, request_id: str) -> Invocation | None:
        """The invocation with this Lambda request id."""
        return self._by_request.get(request_id)

    # --- invocations ------------------------------------------------------------------------------------------------

    def _about_invocation(self, activity: InvocationStarted | InvocationEnded | AwsCalled | FunctionLog) -> None:
        if isinstance(activity, InvocationStarted):
            self._started(activity)
            return
        invocation = self._by_request.get(activity.request_id)
        if invocation is None:
            return  # of the test before
        match activity:
            case InvocationEnded():
                invocation.outcome = activity.outcome
                invocation.duration = activity.duration
                self.steps.append(Ended(invocation))
            case AwsCalled():
                invocation.called(activity.call)
            case FunctionLog():
                invocation.logs.append(activity.line)
            case _:
                assert_never(activity)

    def _started(self, started: InvocationStarted) -> None:
        invocation = Invocation(started.at, started.function, started.event, started.request_id)
        invocation.unseen = self._unseen(started.function)
        self._by_request[started.request_id] = invocation
        self.invocations.append(invocation)
        self.steps.append(Began(invocation))

    # --- connections ------------------------------------------------------------------------------------------------

    def _about_connection(
        self, activity: Connected | Refused | FrameReceived | FrameSent | ManagementCalled | Disconnected
    ) -> None:
        match activity:
            case Connected():
                self._connected(activity)
            case Disconnected():
                self._disconnected(activity)
            case FrameReceived(at, connection_id, text):
                self.frames.append(Frame(at, connection_id, "in", text))
            case FrameSent(at, connection_id, text, cause):
                self.frames.append(Frame(at, connection_id, "out", text, cause))
            case Refused() | ManagementCalled():
                pass
            case _:
                assert_never(activity)

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
