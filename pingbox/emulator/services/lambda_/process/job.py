"""One event for a worker process, from START to REPORT."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pingbox.emulator.activity import Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.details import details
from pingbox.emulator.services.lambda_.function_log import InvocationLog
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Outcome


class Job:
    """`outcome` is set by `settle` (it was run, or tried) or `refuse`. Raises `TypeError` if the event is not JSON."""

    def __init__(
        self, function: str, event: Any, loop: asyncio.AbstractEventLoop, observe: Observer, clock: Clock
    ) -> None:
        self.details = given = details.get()
        self.request_id = given.request_id or platform_log.new_request_id()
        self.payload = _json(event) if given.payload is None else given.payload
        self.outcome: asyncio.Future[Outcome] = loop.create_future()
        self.log = InvocationLog(function, self.request_id, loop, observe, clock)
        self._begun = False

    def begin(self) -> None:
        """It is on its way to the handler."""
        if not self._begun:
            self._begun = True
            self.log.write(platform_log.start(self.request_id, self.details.version))

    def settle(self, outcome: Outcome, *, duration: float, memory: int, used: int, init: float | None) -> None:
        """Report, and answer the caller, who may have stopped waiting (RT-22). Units as `platform_log.report`."""
        self.begin()
        self.log.write(platform_log.end(self.request_id))
        self.log.write(platform_log.report(self.request_id, duration, memory, used, init))
        self._answer(outcome)

    def refuse(self, reason: str, cause: str = "refused") -> None:
        """It will not be run; `cause` as `NotInvoked` has it."""
        self._answer(NotInvoked(reason, cause))

    def _answer(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def _json(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
