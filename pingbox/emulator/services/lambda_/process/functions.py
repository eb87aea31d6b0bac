"""Functions in processes of their own: what `pingbox serve` runs an app's handlers in, unless told otherwise."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never
from urllib.parse import urlsplit

from pingbox.emulator.activity import Activity, Observer
from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.redirect.targets import targets_of
from pingbox.emulator.schedule import Every
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.environments import Environments, Grow, Idle, Next, Retire, Throttled, Use, Waits
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Outcome, unknown
from pingbox.emulator.services.lambda_.packages.hints import hint
from pingbox.emulator.services.lambda_.process.isolation import Bridge
from pingbox.emulator.services.lambda_.process.job import Job
from pingbox.emulator.services.lambda_.process.launch import CannotRun, HostEnvironment, Launch, check, launch
from pingbox.emulator.services.lambda_.process.reaper import Reaper
from pingbox.emulator.services.lambda_.process.worker import INIT_LIMIT, Worker
from pingbox.model.function import FunctionSpec

IDLE_SECONDS = 600.0
"""How long an environment without events is kept. AWS does not say when it ends one; minutes are what people see."""

STARTING = 2 * (os.cpu_count() or 1)
"""How many environments of a function start at a time, unless told otherwise."""

_LOOK_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


def _ignore(happening: Activity) -> None:
    return None


class ProcessFunctions:
    """`Functions` in worker processes. Belongs to the one loop it is first used on; `await close()` at the end.

    `endpoint` is the emulator's own address for the handlers' AWS calls; it may be set after construction, before the
    first event. `observe` gets the `FunctionLog` lines. `environ` is the developer's environment: `PATH`, `VIRTUAL_ENV`
    and little else is looked at. `limit` environments per function at most, `waiting` further events queue for one,
    beyond that they are throttled (CN-7). At most `starting` start at a time. One that served nothing for
    `IDLE_SECONDS` of the clock is ended. `isolate`: processes reach the emulator and nothing else (see `isolation`).
    `mounts`: whether layers are mounted at `/opt` where this machine allows it. `freezes`: whether processes stand
    still between events (LM-26), where the system can.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        *,
        endpoint: str | None = None,
        observe: Observer = _ignore,
        clock: Clock | None = None,
        region: str = "us-east-1",
        environ: Mapping[str, str] | None = None,
        limit: int = 50,
        waiting: int = 1000,
        starting: int = STARTING,
        init_limit: float = INIT_LIMIT,
        isolate: bool = False,
        mounts: bool = True,
        freezes: bool = True,
    ) -> None:
        self.endpoint = endpoint
        self._isolate = isolate
        self._bridge: Bridge | None = None
        self._observe = observe
        self._clock = clock or SystemClock()
        self._region = region
        self._environ = dict(os.environ if environ is None else environ)
        self._mounts = mounts
        self._freezes = freezes
        self._limit, self._waiting, self._starting, self._init_limit = limit, waiting, starting, init_limit
        self._specs: dict[str, FunctionSpec] = {}
        self._functions: dict[tuple[str, str], _Function] = {}  # by name and version: each has its own environments
        self._reaper: Reaper | None = None
        self._idle_check = Every(self._clock, _LOOK_SECONDS, self._end_idle)
        self._closed = False
        for spec in specs:
            self.define(spec)

    def define(self, spec: FunctionSpec) -> None:
        """Add a function, or put another in its place: the next event runs the new one. Nothing is started or checked
        yet: a function that cannot run here says so when it is invoked.
        """
        self._specs[spec.name] = spec
        for function in self._versions(spec.name):
            function.spec = spec
            function.renew()

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        spec = self._specs.get(function)
        if spec is None:
            return unknown(function, self._specs)
        if self._closed:
            return NotInvoked("the emulator is shutting down")
        try:
            check(spec)
        except CannotRun as error:
            return NotInvoked(str(error))
        job = Job(function, event, asyncio.get_running_loop(), self._observe, self._clock)
        self._function(spec, job.details.version).dispatch(job)
        return await job.outcome

    def _function(self, spec: FunctionSpec, version: str) -> _Function:
        key = (spec.name, version)
        if (found := self._functions.get(key)) is None:
            self._functions[key] = found = _Function(spec, version, self)
        return found

    def _versions(self, name: str) -> list[_Function]:
        return [function for (of, _), function in self._functions.items() if of == name]

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return list(self._specs)

    def reload(self, function: str) -> None:
        """The next event runs in a new process. Busy ones end their event first. `KeyError` if unknown."""
        if function not in self._specs:
            raise KeyError(function)
        for version in self._versions(function):
            version.renew()

    def environments(self, function: str) -> int:
        """How many environments the function has at the moment, of all its versions. `KeyError` if unknown."""
        if function not in self._specs:
            raise KeyError(function)
        return sum(len(version.environments) for version in self._versions(function))

    async def close(self) -> None:
        """Kill all processes and wait until they are gone. Events that still run end as an exit of their runtime."""
        self._closed = True
        await self._idle_check.stop()
        await asyncio.gather(*(life for function in self._functions.values() for life in function.end()))
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            await bridge.close()
        reaper, self._reaper = self._reaper, None
        if reaper is not None:
            await asyncio.to_thread(reaper.close)

    async def _end_idle(self) -> None:
        for function in self._functions.values():
            function.end_idle(self._clock.now() - IDLE_SECONDS)

    def _hint(self, spec: FunctionSpec) -> Callable[[object], str | None]:
        return lambda error: hint(spec, error, self._environ)

    def _new_worker(self, function: _Function) -> Worker:
        spec = function.spec
        if self._reaper is None:
            self._reaper = Reaper()
            self._idle_check.start()
        host = HostEnvironment(self._region, self.endpoint, self._environ, self._mounts)

        def launcher(runtime_api: str, tmp: str) -> Launch:
            now = self._clock.now()
            made = launch(spec, host, runtime_api=runtime_api, tmp=tmp, now=now, version=function.version)
            return self._isolated(made, runtime_api) if self._isolate else made

        arn = platform_log.function_arn(spec.name, self._region)
        return Worker(spec, arn, launcher, self._reaper, self._hint(spec), function, self._init_limit, self._freezes)

    def _isolated(self, made: Launch, runtime_api: str) -> Launch:
        assert self._reaper is not None
        if self._bridge is None:
            self._bridge = Bridge(self._reaper.folder)
        ports = [int(runtime_api.rpartition(":")[2])]
        if self.endpoint is not None:
            targets = targets_of(self.endpoint)
            ports += [urlsplit(targets.endpoint).port or 80, *([targets.port] if targets.port else [])]
        return self._bridge.isolated(made, *ports)


class _Function:
    """One version of a function with its environments."""

    def __init__(self, spec: FunctionSpec, version: str, functions: ProcessFunctions) -> None:
        self.spec = spec
        self.version = version
        self.environments: Environments[Worker, Job] = Environments(
            functions._limit, functions._waiting, functions._starting
        )
        self._functions = functions
        self._lives: dict[Worker, asyncio.Task[None]] = {}  # also of those that are being cleaned up

    def dispatch(self, job: Job) -> None:
        match self.environments.offer(job):
            case Use(worker):
                worker.take(job)
            case Grow():
                self._grow(job)
            case Waits():
                pass
            case Throttled(reason):
                job.refuse(reason, "throttled")
            case other:
                assert_never(other)

    def _grow(self, job: Job) -> None:
        worker = self._functions._new_worker(self)
        self.environments.add(worker)
        worker.take(job)
        self._lives[worker] = life = worker.start()
        life.add_done_callback(lambda _: self._lives.pop(worker))

    def up(self, worker: Worker) -> None:
        """As `Owner` has it."""
        self.environments.up(worker)
        # What waits may be done soon by those that are up: handlers that are quick need few environments.
        asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._grow_for_waiting)

    def freed(self, worker: Worker) -> None:
        """As `Owner` has it."""
        match self.environments.freed(worker, self._functions._clock.now()):
            case Next(job):
                worker.take(job)
            case Idle():
                pass
            case Retire():
                worker.kill()
            case other:
                assert_never(other)

    def terminated(self, worker: Worker) -> None:
        """As `Owner` has it."""
        if (job := self.environments.removed(worker)) is not None:
            self._grow(job)

    def _grow_for_waiting(self) -> None:
        if (job := self.environments.waited()) is not None:
            self._grow(job)

    def renew(self) -> None:
        for worker in self.environments.renew():
            worker.kill()

    def end_idle(self, since: float) -> None:
        """End the environments that are idle since then or longer."""
        for worker in self.environments.idle_since(since):
            worker.kill()

    def end(self) -> list[asyncio.Task[None]]:
        """Kill all; returns what must be waited for."""
        for job in self.environments.abandon():
            job.refuse("the emulator is shutting down")
        for worker in self._lives:
            worker.kill()
        return list(self._lives.values())
