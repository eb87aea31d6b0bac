"""What happens at fixed intervals of the emulator's clock: scheduled functions, TTL deletion."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from pingbox.emulator.clock import Clock

_log = logging.getLogger("pingbox.emulator")


class Every:
    """Runs `action` each time `seconds` of the clock have passed; a clock that jumps over several runs it once.

    An action that raises is logged and tried again at its next time: a schedule outlives one bad run.
    """

    def __init__(self, clock: Clock, seconds: float, action: Callable[[], Awaitable[object]]) -> None:
        if seconds <= 0:
            raise ValueError(f"a schedule needs a period above 0 seconds, got {seconds}")
        self._clock = clock
        self._seconds = seconds
        self._action = action
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin counting; call it once, on the running event loop."""
        loop = asyncio.get_running_loop()
        jumped = asyncio.Event()

        def jump() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(jumped.set)

        self._unsubscribe = self._clock.on_advance(jump)
        self._task = loop.create_task(self._run(jumped, self._clock.now() + self._seconds))

    async def stop(self) -> None:
        """End it, an action under way included."""
        task, self._task = self._task, None
        if task is not None:
            self._unsubscribe()
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, jumped: asyncio.Event, due: float) -> None:
        while True:
            await _wait(jumped, due - self._clock.now())
            if self._clock.now() < due:
                continue
            due = self._clock.now() + self._seconds
            try:
                await self._action()
            except Exception:
                _log.exception("a scheduled action failed; it is tried again in %s s", self._seconds)


def scheduled_event(rule: str, now: float, region: str, account_id: str) -> dict[str, Any]:
    """The event that EventBridge sends to a scheduled rule's target that has no input of its own."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account_id,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{account_id}:rule/{rule}"],
        "detail": {},
    }


async def _wait(jumped: asyncio.Event, seconds: float) -> None:
    """Until the clock jumps, at most `seconds`."""
    jumped.clear()
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await jumped.wait()
    except TimeoutError:
        pass
