"""One execution environment in a process of its own (LM-23, LM-25, LM-26), from its start to its cleanup."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from typing import Protocol, assert_never

from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.outcome import FunctionError, Outcome
from pingbox.emulator.services.lambda_.payloads import from_posted, returned
from pingbox.emulator.services.lambda_.process import memory
from pingbox.emulator.services.lambda_.process.job import Job
from pingbox.emulator.services.lambda_.process.launch import CannotRun, Launch
from pingbox.emulator.services.lambda_.process.output import ProcessOutput
from pingbox.emulator.services.lambda_.process.reaper import Reaper
from pingbox.emulator.services.lambda_.process.runtime_api import SECRET_VARIABLE, Delivery, RuntimeApi
from pingbox.emulator.services.lambda_.process.worker_state import Signal, State, after
from pingbox.emulator.services.lambda_.runtimes.python import faults
from pingbox.model.function import FunctionSpec

log = logging.getLogger(__name__)

INIT_LIMIT = 10.0  # seconds, LM-25

_STOP: int | None = getattr(signal, "SIGSTOP", None)  # Windows has neither
_CONTINUE: int | None = getattr(signal, "SIGCONT", None)

Launcher = Callable[[str, str], Launch]  # (runtime API address, folder for temporary files) -> what to start


class Owner(Protocol):
    """Who has the worker's events, and must know when it is free."""

    def up(self, worker: Worker) -> None:
        """It has initialised, and runs its first event now."""
        ...

    def freed(self, worker: Worker) -> None:
        """It has ended an event and can take another."""
        ...

    def terminated(self, worker: Worker) -> None:
        """It takes no event any more: ended, killed, or never initialised. Called once."""
        ...


class Worker:
    """Life: `take` the first job, `start`, `take` one job at a time, `kill`. All on one loop."""

    def __init__(
        self,
        spec: FunctionSpec,
        arn: str,
        launcher: Launcher,
        reaper: Reaper,
        hint: Callable[[object], str | None],
        owner: Owner,
        init_limit: float = INIT_LIMIT,
        freezes: bool = True,
    ) -> None:
        self._spec = spec
        self._arn = arn
        self._launcher = launcher
        self._reaper = reaper
        self._hint = hint
        self._owner = owner
        self._init_limit = init_limit
        self._freezes = freezes
        self._loop = asyncio.get_running_loop()
        # AWS's own runtime clients, which a runtime of the user's may be, cannot carry a secret.
        self._secret = secrets.token_hex(16) if spec.runtime.startswith(("python", "nodejs")) else None
        self._api = RuntimeApi(self, self._secret)
        self._life: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._output: ProcessOutput | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._job: Job | None = None
        self._outcome: Outcome | None = None
        self._began = 0.0  # of time.monotonic(): the start of the current phase
        self._ended = 0.0
        self._spawned = 0.0
        self._init: float | None = None  # duration, until it was reported once
        self._state = State.INITIALIZING
        self._memory = 0  # MB

    def start(self) -> asyncio.Task[None]:
        """Start the process; the task ends with its cleanup. Failures become the outcome of the first job."""
        self._life = self._loop.create_task(self._live(), name=f"environment of {self._spec.name}")
        return self._life

    def take(self, job: Job) -> None:
        """Run `job` now, or once the process is up."""
        self._job = job
        if self._state is State.IDLE:
            self._deliver()

    def kill(self) -> None:
        """End the process and everything it started, at once (as Lambda freezes and drops environments)."""
        self._terminate()
        self._kill_group()

    # -- the process ---------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        tmp = tempfile.mkdtemp(prefix=f"{self._spec.name[:40]}-", dir=self._reaper.folder)
        try:
            address = await self._api.listen()
            code = await self._run_process(self._launcher(address, tmp), self._init_limit)
            if self._state is State.INITIALIZING_AGAIN:
                if self._job is not None:
                    self._job.begin()  # it is now part of the event
                code = await self._run_process(self._launcher(address, tmp), self._spec.timeout)
            self._exited(code)
        except (CannotRun, OSError, ValueError) as error:  # ValueError: what no process can be given, such as NUL
            self._could_not_run(error)
        finally:
            if self._process is not None and self._process.returncode is None:
                self._kill_group()
            self._stop_timer()
            self._terminate()
            await self._api.close()
            self._reaper.removed(tmp)
            shutil.rmtree(tmp, ignore_errors=True)

    async def _run_process(self, launch: Launch, limit: float) -> int:
        """Run it to its end, and return how it ended as `subprocess` has it. `limit`: seconds to initialise."""
        self._began = self._spawned = time.monotonic()
        self._output = output = ProcessOutput(self._loop, self._line)
        self._process = await asyncio.create_subprocess_exec(
            *launch.command,
            cwd=launch.cwd,
            env={**launch.environment, **({} if self._secret is None else {SECRET_VARIABLE: self._secret})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output.write_end,
            stderr=output.write_end,
            start_new_session=True,  # Ctrl-C is the emulator's; and the whole group can be killed
        )
        group = self._process.pid
        self._reaper.started(group)
        output.started()
        if self._state is State.TERMINATED:
            self._kill_group()
        self._timer = self._loop.call_later(limit, self._time_is_up)
        code = await self._process.wait()
        self._kill_group()  # what the process may have left behind
        self._reaper.ended(group)
        output.drain()
        output.close()
        self._stop_timer()
        return code

    def _exited(self, code: int) -> None:
        if self._job is None:
            return
        if self._outcome is None:
            self._outcome = FunctionError(faults.EXIT_ERROR, platform_log.exited(self._job.request_id, code))
            self._line(self._outcome.message)
        self._settle()

    def _could_not_run(self, error: Exception) -> None:
        log.error("function %s could not be started: %s", self._spec.name, error)
        if self._output is not None:
            self._output.close()
        if self._job is not None:
            self._outcome = FunctionError("Runtime.InvalidEntrypoint", str(error))
            self._settle()

    def _freeze(self) -> None:
        """LM-26: between events nothing of an environment runs, neither threads nor timers nor promises."""
        if self._freezes and self._state is State.IDLE:
            self._signal_group(_STOP)

    def _thaw(self) -> None:
        if self._freezes:
            self._signal_group(_CONTINUE)

    def _signal_group(self, number: int | None) -> None:
        if self._process is not None and number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # no process of the group is left
                os.killpg(self._process.pid, signal.SIGKILL)

    def _terminate(self) -> None:
        if self._state is not State.TERMINATED:
            self._move(Signal.TERMINATED)
            self._owner.terminated(self)

    def _move(self, signal: Signal) -> None:
        self._state = after(self._state, signal)

    def _line(self, line: str) -> None:
        if self._job is not None:
            self._job.log.write(platform_log.entry(line))
        elif line:
            log.info("%s, between events: %s", self._spec.name, line)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        if self._state is State.INITIALIZING:
            self._move(Signal.INIT_TIMED_OUT)
            milliseconds = (time.monotonic() - self._spawned) * 1000
            self._line(f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: init\tStatus: timeout")
            self._kill_group()
            return
        if self._job is not None and self._outcome is None:
            request_id, timeout = self._job.request_id, self._spec.timeout
            self._outcome = FunctionError(faults.TIMED_OUT, platform_log.timeout_message(request_id, timeout))
            self._ended = time.monotonic()
            self._line(platform_log.timed_out(request_id, timeout, time.time()))
        self._settle()
        self.kill()

    # -- what the runtime says (LM-30..33) -----------------------------------------------------------------------------

    def wants_next(self) -> None:
        """As `Runtime` has it."""
        before = self._state
        self._move(Signal.READY)
        match before:
            case State.INITIALIZING | State.INITIALIZING_AGAIN:
                self._initialized(again=before is State.INITIALIZING_AGAIN)
            case State.BUSY:
                self._settle()
                self._owner.freed(self)
                self._freeze()
            case State.TERMINATED:
                self._settle()
            case State.IDLE:  # a runtime that has reconnected asks again
                pass
            case _:
                assert_never(before)

    def _initialized(self, *, again: bool) -> None:
        self._init = time.monotonic() - self._spawned
        if not again:  # the timer of the second initialisation is the event's own
            self._stop_timer()
        self._owner.up(self)
        if self._job is not None:
            self._deliver()

    def answered(self, body: bytes, memory: int) -> None:
        """As `Runtime` has it."""
        self._outcome = returned(body)
        self._posted(memory)

    def failed(self, body: bytes, memory: int) -> None:
        """As `Runtime` has it."""
        self._outcome = from_posted(_document(body))
        self._posted(memory)

    def could_not_start(self, body: bytes) -> None:
        """As `Runtime` has it."""
        document = _document(body)
        self._outcome = from_posted(document)
        self._init = time.monotonic() - self._spawned
        self._posted(0)
        if (text := self._hint(document)) is not None:
            self._output_first(text)

    def _output_first(self, text: str) -> None:
        if self._output is not None:
            self._output.drain()
        self._line(text)

    def _posted(self, memory: int) -> None:
        self._memory = max(self._memory, memory // 1024)
        self._ended = time.monotonic()

    # -- the job -------------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        assert self._job is not None
        self._move(Signal.DELIVERED)
        self._thaw()
        self._outcome, self._ended = None, 0.0
        self._job.begin()
        self._began = time.monotonic()
        left = self._spec.timeout
        if self._timer is None:
            self._timer = self._loop.call_later(left, self._time_is_up)
        else:  # the function's time has been running since the second initialisation (LM-25)
            left -= self._began - self._spawned
            self._began, self._init = self._spawned, None
        deadline = time.time() + left
        job, given = self._job, self._job.details
        digits = job.request_id.replace("-", "")
        trace = f"Root=1-{int(deadline):08x}-{digits[:24]};Parent={digits[16:]};Sampled=0"
        context = None if given.client_context is None else json.dumps(given.client_context)
        arn = given.qualified(self._arn)
        self._api.deliver(Delivery(job.request_id, job.payload, deadline, arn, trace, context))

    def _settle(self) -> None:
        """The current job has ended, one way or another."""
        self._stop_timer()
        job, self._job = self._job, None
        if job is None:
            return
        if self._output is not None:
            self._job = job  # so that its last lines are its own
            self._output.drain()
            self._output.flush()
            self._job = None
        outcome = self._outcome or FunctionError(faults.EXIT_ERROR, platform_log.exited(job.request_id, None))
        if self._process is not None and self._process.returncode is None:
            self._memory = max(self._memory, memory.peak_of(self._process.pid))
        duration = max(0.0, (self._ended or time.monotonic()) - self._began)
        init, self._init = self._init, None
        job.settle(outcome, duration=duration, memory=self._spec.memory, used=self._memory, init=init)


def _document(body: bytes) -> object:
    """The error as posted; runtimes of any make post here, so it may not be JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
