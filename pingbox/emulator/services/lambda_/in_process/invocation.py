"""One run of an in-process handler: its event, its time, its log lines, its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.history import cause
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.details import details
from pingbox.emulator.services.lambda_.function_log import InvocationLog
from pingbox.emulator.services.lambda_.in_process.output import Lines
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome
from pingbox.emulator.services.lambda_.payloads import copier, from_posted, outcome_of
from pingbox.emulator.services.lambda_.process import memory
from pingbox.emulator.services.lambda_.runtimes.python import faults
from pingbox.emulator.services.lambda_.runtimes.python.context import LambdaContext, Place
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler

log = logging.getLogger(__name__)

INIT_LIMIT = 10.0  # seconds, LM-25


class Overdue(Protocol):
    """The environment, as seen by an invocation whose time is up."""

    def is_debugged(self) -> bool:
        """Whether its handler stands in a debugger."""
        ...

    def give_up(self) -> None:
        """Use it no more."""
        ...


@dataclass(frozen=True)
class Settings:
    """What all invocations of a function share. `timeout` in seconds, `memory` in MB."""

    name: str
    timeout: float
    memory: int
    arn: str
    place: Place

    @classmethod
    def of(cls, name: str, timeout: float, memory: int, region: str, now: float) -> Settings:
        """As Lambda would name things in `region` for an environment started `now`."""
        place = Place(name, "$LATEST", str(memory), platform_log.log_group(name), platform_log.log_stream(now))
        return cls(name, timeout, memory, platform_log.function_arn(name, region), place)


class _UnusableError(Exception):
    """The environment cannot go on; `outcome` is what the invocation ends in."""

    def __init__(self, outcome: FunctionError) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


def _exit_status(error: BaseException) -> int:
    """What a process would have ended with."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 1


class Invocation:
    """Made and answered on the invoking loop, run on an environment's thread.

    The order of calls: `begin` on the loop, then `run` and `finish` on the thread; or `refuse` from anywhere if it
    never gets a thread.
    """

    def __init__(
        self, settings: Settings, event: Any, loop: asyncio.AbstractEventLoop, observe: Observer, clock: Clock
    ) -> None:
        self._details = given = details.get()
        self.request_id = given.request_id or platform_log.new_request_id()
        self.outcome: asyncio.Future[Outcome] = loop.create_future()
        self._log = InvocationLog(settings.name, self.request_id, loop, observe, clock)
        self.lines = Lines(self.request_id, self._log.write_from_thread)
        self._settings = settings
        self._event = copier(event)
        self._cause = cause.get()
        self._loop = loop
        self._clock = clock
        self._overdue: Overdue | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None  # of the loop's time; None while it waits for an environment
        self._began = 0.0
        self._result: Outcome | None = None
        self._duration = 0.0
        self._init: float | None = None
        self._answered = False

    def begin(self, *, watched: bool = True) -> None:
        """Write the START line and watch the time, unless the handler runs on this very thread."""
        self._log.write(platform_log.start(self.request_id, self._details.version))
        if not watched:
            return
        self._timer = self._loop.call_later(self._settings.timeout, self._look_at_the_time)

    def refuse(self, outcome: NotInvoked) -> None:
        """It will not be run."""
        self._log.on_loop(self._refused, outcome)

    def run(self, handler: Handler | None, load: Callable[[], Handler], overdue: Overdue) -> Handler | None:
        """Initialise if there is no handler yet, and run it once.

        Returns the handler for the next event, or None if the environment must not be used again.
        """
        self._overdue = overdue
        cause.set(self._cause)  # of what this thread does from here on
        try:
            if handler is None:
                handler = self._initialised(load)
            self._result = self._handled(handler)
        except _UnusableError as error:
            self._result = error.outcome
            return None
        return handler

    def finish(self) -> None:
        """The thread is done with it, and may already run the next."""
        self._log.on_loop(self._finished)

    def _initialised(self, load: Callable[[], Handler]) -> Handler:
        began = self._loop.time()
        self._deadline = began + INIT_LIMIT + self._settings.timeout
        try:
            return load()
        except SystemExit as error:
            raise _UnusableError(self._exited(error)) from error
        except BaseException as error:
            raise _UnusableError(self._failed(error, "")) from error
        finally:
            self._init = self._loop.time() - began

    def _handled(self, handler: Handler) -> Outcome:
        now = time.time()
        context = self._context(now)
        self._began = self._loop.time()
        self._deadline = self._began + self._settings.timeout
        try:
            return outcome_of(handler(self._event(), context))
        except Exception as error:
            return self._failed(error, self.request_id)
        except BaseException as error:  # sys.exit and its like end the environment
            raise _UnusableError(self._exited(error)) from error
        finally:
            self._duration = self._loop.time() - self._began

    def _context(self, now: float) -> LambdaContext:
        settings = self._settings
        deadline_ms = int((now + settings.timeout) * 1000)
        given = self._details
        context = LambdaContext(
            settings.place, self.request_id, given.qualified(settings.arn), deadline_ms, given.client_context
        )
        context.function_version = given.version
        return context

    def _failed(self, error: BaseException, request_id: str) -> FunctionError:
        posted = faults.document(error, request_id)
        self._log.write_from_thread(faults.log_text(posted))
        return from_posted(posted)

    def _exited(self, error: BaseException) -> FunctionError:
        message = platform_log.exited(self.request_id, _exit_status(error))
        self._log.write_from_thread(message)
        return FunctionError(faults.EXIT_ERROR, message)

    # On the loop from here on.

    def _look_at_the_time(self) -> None:
        """The timer's due: since it was set, the handler may have ended, waited for a thread, or been debugged."""
        if self._result is not None:
            return
        left = self._settings.timeout if self._deadline is None else self._deadline - self._loop.time()
        if left <= 0 and self._overdue is not None and self._overdue.is_debugged():
            left = self._settings.timeout
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_at_the_time)
        else:
            self._time_out()

    def _time_out(self) -> None:
        timeout = self._settings.timeout
        self._duration = timeout
        self._log.write(platform_log.timed_out(self.request_id, timeout, self._clock.now()))
        self._answer(FunctionError(faults.TIMED_OUT, platform_log.timeout_message(self.request_id, timeout)))
        if self._overdue is not None:
            self._overdue.give_up()

    def _finished(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._answered:
            late = self._loop.time() - self._began
            log.info("a handler of %s returned after %.1f s, too late", self._settings.name, late)
        elif self._result is not None:
            self._answer(self._result)

    def _refused(self, outcome: NotInvoked) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def _answer(self, outcome: Outcome) -> None:
        self._answered = True
        settings = self._settings
        self._log.write(platform_log.end(self.request_id))
        self._log.write(
            platform_log.report(
                self.request_id, self._duration, settings.memory, memory.peak_of_this_process(), self._init
            )
        )
        if not self.outcome.done():  # the caller may have stopped waiting (RT-22)
            self.outcome.set_result(outcome)
