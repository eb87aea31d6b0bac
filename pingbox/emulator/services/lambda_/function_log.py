"""The log of one invocation: every line becomes a `FunctionLog`, always on the loop that invoked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from pingbox.emulator.activity import FunctionLog, Observer
from pingbox.emulator.clock import Clock
from pingbox.emulator.services.lambda_.details import details


class InvocationLog:
    """Where an invocation's lines go. `function` and `request_id` are stamped on each."""

    def __init__(
        self, function: str, request_id: str, loop: asyncio.AbstractEventLoop, observe: Observer, clock: Clock
    ) -> None:
        self.request_id = request_id
        self._function = function
        self._loop = loop
        self._observe = observe
        self._clock = clock
        self._tail = details.get().tail
        self._thread = threading.get_ident()

    def write(self, line: str) -> None:
        """From the loop."""
        if self._tail is not None:
            self._tail.append(line)
        self._observe(FunctionLog(self._clock.now(), self._function, self.request_id, line))

    def write_from_thread(self, line: str) -> None:
        """From any thread; lines keep their order."""
        self.on_loop(self.write, line)

    def on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have `call` made on the invoking loop, after all lines written so far; at once when this is its thread."""
        if threading.get_ident() == self._thread:
            call(*arguments)
            return
        # After the loop's end nobody waits for an answer or a line any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)
