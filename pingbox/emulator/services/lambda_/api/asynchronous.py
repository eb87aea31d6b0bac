"""`lambda:Invoke` of type Event: accepted at once, run later, tried again when it fails, as AWS does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, assert_never

from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.api.destinations import (
    MAX_ROUNDS,
    Destinations,
    Ended,
    dead_letter_attributes,
    record,
    targets,
)
from pingbox.emulator.services.lambda_.api.function_names import MalformedName, read_name
from pingbox.emulator.services.lambda_.api.retries import DEFAULTS, Again, Attempt, Done, RetryCondition, after
from pingbox.emulator.services.lambda_.details import Details, details
from pingbox.emulator.services.lambda_.outcome import Functions, Outcome
from pingbox.model.function import AsynchronousSettings

log = logging.getLogger(__name__)

MAX_EVENTS = 10_000


def _defaults(function: str) -> AsynchronousSettings:
    return DEFAULTS


class AsynchronousInvocations:
    """The events that were accepted and are not done. Delays pass by `clock`. On one loop; `close` at the end.

    `settings` gives a function's retries and destinations at the moment. `destinations` are the queues and topics there
    are; functions are called here.
    """

    def __init__(
        self,
        functions: Functions,
        clock: Clock,
        most: int = MAX_EVENTS,
        *,
        settings: Callable[[str], AsynchronousSettings] = _defaults,
        destinations: Destinations | None = None,
        region: str = "us-east-1",
    ) -> None:
        self._functions = functions
        self._clock = clock
        self._most = most
        self._settings = settings
        self._destinations = destinations
        self._region = region
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Future[Outcome]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jumps: set[asyncio.Event] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def accept(self, function: str, event: Any, given: Details | None = None) -> bool:
        """Run it in the background; False if too many events wait already. `given` describes every try (LM-40)."""
        if len(self._tasks) >= self._most:
            return False
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._unsubscribe = self._clock.on_advance(self._jumped)
        given = given or Details(platform_log.new_request_id())
        task = self._loop.create_task(self._run(function, event, given))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settled(self) -> None:
        """Return once no event is being run; those that wait for another try are not waited for."""
        await asyncio.sleep(0)  # what has just been accepted begins
        while self._running:
            await asyncio.wait(self._running)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Drop the events that are not done; handlers that run are not waited for."""
        if self._loop is not None:
            self._loop = None
            self._unsubscribe()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, function: str, event: Any, given: Details) -> None:
        details.set(given)  # of this task alone
        attempt = Attempt(self._clock.now())
        while True:
            outcome = await self._invoked(function, event)
            settings = self._settings(function)
            match after(outcome, attempt, self._clock.now(), settings):
                case Done() as done:
                    await self._wait(done.delay)
                    arn = platform_log.function_arn(function, self._region)
                    ended = Ended(arn, str(given.request_id), event, outcome, done, self._clock.now())
                    await self._report(function, settings, ended, given)
                    return
                case Again(delay, attempt):
                    log.info("an asynchronous event for %s is tried again in %d s: %s", function, delay, outcome)
                    await self._wait(delay)
                case other:
                    assert_never(other)

    async def _invoked(self, function: str, event: Any) -> Outcome:
        running = asyncio.ensure_future(self._functions.invoke(function, event))
        self._running.add(running)
        try:
            return await running
        finally:
            self._running.discard(running)

    # --- the end of an event ----------------------------------------------------------------------------------------

    async def _report(self, function: str, settings: AsynchronousSettings, ended: Ended, given: Details) -> None:
        failed = ended.done.condition is not RetryCondition.SUCCESS
        sent = [await self._send(function, arn, record(ended), {}, given) for arn in targets(settings, ended)]
        if failed and settings.dead_letter is not None:
            attributes = dead_letter_attributes(ended)
            sent.append(await self._send(function, settings.dead_letter, ended.event, attributes, given))
        if failed and not any(sent):
            log.warning("an asynchronous event for %s is dropped: %s", function, ended.done.reason)

    async def _send(self, function: str, arn: str, body: Any, attributes: dict[str, str], given: Details) -> bool:
        if ":lambda:" in arn:
            return self._call(function, arn, body, given)
        if self._destinations is not None and await self._destinations.send(arn, body, attributes):
            return True
        log.warning("the record of an asynchronous event for %s is not sent: there is no %s here", function, arn)
        return False

    def _call(self, function: str, arn: str, body: Any, given: Details) -> bool:
        if given.rounds >= MAX_ROUNDS:
            log.warning("%s is not called for %s: %d functions called each other in turn", arn, function, MAX_ROUNDS)
            return False
        try:
            name = read_name(arn).name
        except MalformedName:
            log.warning("the destination %s of %s is no function's ARN", arn, function)
            return False
        following = replace(Details(platform_log.new_request_id()), rounds=given.rounds + 1)
        return self.accept(name, body, following)

    # --- time -------------------------------------------------------------------------------------------------------

    async def _wait(self, seconds: float) -> None:
        due = self._clock.now() + seconds
        jumped = asyncio.Event()
        self._jumps.add(jumped)
        try:
            while (left := due - self._clock.now()) > 0:
                jumped.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await jumped.wait()
        finally:
            self._jumps.discard(jumped)

    def _jumped(self) -> None:
        """The clock was wound on; called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_waits)

    def _end_waits(self) -> None:
        for jumped in self._jumps:
            jumped.set()
