"""Functions that run in the emulator's own process, on threads: fast, and open to `breakpoint()`.

Each environment is a thread that runs one event at a time (LM-26). What AWS does to an environment from outside cannot
be done to a thread: one that runs over its timeout is reported as timed out and left alone until its handler returns,
then retired. While its handler stands in a debugger the timeout waits.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol, assert_never, runtime_checkable

from pingbox.emulator.activity import Activity, Observer
from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.services.lambda_.environments import Environments, Grow, Idle, Next, Retire, Throttled, Use, Waits
from pingbox.emulator.services.lambda_.in_process.current import CallObserver, Execution, inheritance, on_thread
from pingbox.emulator.services.lambda_.in_process.debugging import is_thread_debugged
from pingbox.emulator.services.lambda_.in_process.environ_routing import routing as environ_routing
from pingbox.emulator.services.lambda_.in_process.invocation import Invocation, Settings
from pingbox.emulator.services.lambda_.in_process.output import routing
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Outcome, unknown
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler

log = logging.getLogger(__name__)

CLOSING = "the emulator is shutting down"


@dataclass(frozen=True)
class InProcessFunction:
    """A function and its limits. `load` is called once per environment, off the event loop, before its first event: it
    is the environment's initialisation, and what it raises is an init error. `timeout` in seconds, `memory` in MB.
    `variables` is all that its code sees in `os.environ`; None means the process's own.
    """

    load: Callable[[], Handler]
    timeout: float = 3.0
    memory: int = 128
    variables: Mapping[str, str] | None = None

    @classmethod
    def of(cls, handler: Handler, *, timeout: float = 3.0, memory: int = 128) -> InProcessFunction:
        """A callable that all environments share."""
        return cls(lambda: handler, timeout, memory)


@runtime_checkable
class Retirable(Protocol):
    """A handler that holds something; told when its environment ends."""

    def retire(self) -> None:
        """Let go."""
        ...


def _ignore(happening: Activity) -> None:
    return None


class InProcessFunctions:
    """`Functions` on threads. Thread-safe; `invoke` may be awaited on any loop.

    `observe` gets the `FunctionLog` lines, always on the loop that invoked; `aws_calls` is told of the AWS calls that
    the functions' code makes (see `redirect.aws_calls`). `limit` environments per function at most;
    `waiting` further invocations queue in order of arrival, beyond that they are throttled (CN-7).
    """

    def __init__(
        self,
        functions: Mapping[str, InProcessFunction],
        *,
        observe: Observer = _ignore,
        aws_calls: CallObserver | None = None,
        clock: Clock | None = None,
        region: str = "us-east-1",
        limit: int = 50,
        waiting: int = 1000,
    ) -> None:
        self._observe = observe
        self._aws_calls = aws_calls
        self._clock = clock or SystemClock()
        self._region = region
        self._limit, self._waiting = limit, waiting
        self._routes_variables = False
        self._pools = {name: self._pool(name, function) for name, function in functions.items()}
        self._closed = False
        routing.install()
        inheritance.install()

    def _pool(self, name: str, function: InProcessFunction) -> _Pool:
        return _Pool(self._settings(name, function), function, self._aws_calls, self._limit, self._waiting)

    def _settings(self, name: str, function: InProcessFunction) -> Settings:
        if function.variables is not None and not self._routes_variables:
            self._routes_variables = True
            environ_routing.install()
        return Settings.of(name, function.timeout, function.memory, self._region, self._clock.now())

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        pool = self._pools.get(function)
        if pool is None:
            return unknown(function, self._pools)
        if self._closed:
            return NotInvoked(CLOSING)
        invocation = Invocation(pool.settings, event, asyncio.get_running_loop(), self._observe, self._clock)
        invocation.begin()
        pool.dispatch(invocation)
        return await invocation.outcome

    def define(self, name: str, function: InProcessFunction) -> None:
        """Add a function, or put another in its place: the next event runs the new one."""
        if (pool := self._pools.get(name)) is None:
            self._pools[name] = self._pool(name, function)
        else:
            pool.redefine(self._settings(name, function), function)

    def remove(self, name: str) -> None:
        """There is no such function any more, if there was; what runs of it ends its event."""
        if (pool := self._pools.pop(name, None)) is not None:
            pool.renew()

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return list(self._pools)

    def reload(self, function: str) -> None:
        """The next event initialises a new environment. Busy ones end their event first. `KeyError` if unknown."""
        self._pools[function].renew()

    def environments(self, function: str) -> int:
        """How many environments the function has at the moment."""
        return len(self._pools[function])

    def close(self, within: float = 1.0) -> None:
        """End all threads; blocks at most `within` seconds. Handlers that still run then are named in the log."""
        if self._closed:
            return
        self._closed = True
        deadline = time.monotonic() + within
        for pool in self._pools.values():
            pool.end()
        for name, pool in self._pools.items():
            if still := pool.join(deadline):
                log.warning(
                    "%d handler(s) of function %s still run after %.1f s and were left alone", still, name, within
                )
        inheritance.remove()
        routing.remove()
        if self._routes_variables:
            environ_routing.remove()


class _Pool:
    """One function's threads."""

    def __init__(
        self,
        settings: Settings,
        function: InProcessFunction,
        aws_calls: CallObserver | None,
        limit: int,
        waiting: int,
    ) -> None:
        self.settings = settings
        self.function = function
        self.aws_calls = aws_calls
        self._lock = threading.Lock()
        self._environments: Environments[_Environment, Invocation] = Environments(limit, waiting)
        self._threads: list[_Environment] = []

    def __len__(self) -> int:
        return len(self._environments)

    def dispatch(self, invocation: Invocation) -> None:
        with self._lock:
            match self._environments.offer(invocation):
                case Use(environment):
                    environment.take(invocation)
                case Grow():
                    self._grow(invocation)
                case Waits():
                    pass
                case Throttled(reason):
                    invocation.refuse(NotInvoked(reason, "throttled"))
                case other:
                    assert_never(other)

    def _grow(self, invocation: Invocation) -> None:
        environment = _Environment(self)
        self._environments.add(environment)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(environment)
        environment.start()
        environment.take(invocation)

    def freed(self, environment: _Environment) -> Invocation | None:
        """The environment's next invocation, or None when it must wait in its queue."""
        with self._lock:
            match self._environments.freed(environment):
                case Next(invocation):
                    return invocation
                case Idle():
                    pass
                case Retire():
                    environment.end()
                    self._replace(environment)
                case other:
                    assert_never(other)
        return None

    def give_up(self, environment: _Environment) -> None:
        """Its thread hangs in a handler that has timed out: it counts no more, and ends when the handler returns."""
        with self._lock:
            environment.end()
            self._replace(environment)

    def _replace(self, environment: _Environment) -> None:
        if (waiting := self._environments.removed(environment)) is not None:
            self._grow(waiting)

    def redefine(self, settings: Settings, function: InProcessFunction) -> None:
        self.settings = settings
        self.function = function
        self.renew()

    def renew(self) -> None:
        with self._lock:
            for environment in self._environments.renew():
                environment.end()

    def end(self) -> None:
        with self._lock:
            abandoned = self._environments.abandon()
            self._environments.renew()
            for environment in self._threads:
                environment.end()
        for invocation in abandoned:
            invocation.refuse(NotInvoked(CLOSING))

    def join(self, deadline: float) -> int:
        for environment in self._threads:
            environment.join(max(0.0, deadline - time.monotonic()))
        return sum(environment.is_alive() for environment in self._threads)


class _Environment(threading.Thread):
    """A thread with a handler of its own."""

    def __init__(self, pool: _Pool) -> None:
        # A daemon, because a handler that never returns must not keep the emulator from ending.
        super().__init__(name=f"pingbox-function-{pool.settings.name}", daemon=True)
        self._pool = pool
        self._function = pool.function
        self._inbox: SimpleQueue[Invocation | None] = SimpleQueue()
        self._handler: Handler | None = None

    def take(self, invocation: Invocation) -> None:
        self._inbox.put(invocation)

    def end(self) -> None:
        """No event after the current one."""
        self._inbox.put(None)

    def run(self) -> None:
        own = self._function.variables
        self._execution = Execution(None if own is None else dict(own), self._pool.aws_calls)
        on_thread.execution = self._execution
        while (invocation := self._inbox.get()) is not None:
            following: Invocation | None = invocation
            while following is not None:
                following = self._one(following)
        if isinstance(self._handler, Retirable):
            self._handler.retire()

    def _one(self, invocation: Invocation) -> Invocation | None:
        """Run one event; returns the next, if one waits already."""
        routing.begin(self._execution, invocation.lines)
        try:
            self._handler = invocation.run(self._handler, self._function.load, self)
        finally:
            routing.end(self._execution)
        if (
            self._handler is None
        ):  # it could not be initialised, or asked to exit: the next event finds a new environment
            self._pool.give_up(self)
            following = None
        else:
            following = self._pool.freed(self)
        # Only now, so that a caller who invokes again at once finds this environment idle.
        invocation.finish()
        return following

    def give_up(self) -> None:
        self._pool.give_up(self)

    def is_debugged(self) -> bool:
        """Whether this thread stands in a debugger."""
        return is_thread_debugged(self.ident)
