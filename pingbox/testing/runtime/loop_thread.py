"""An event loop on a thread of its own: the emulator runs there, so that tests may block, or have a loop themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from pingbox.testing.clients.tracebacks import TOLD, is_told
from pingbox.testing.runtime.stoppable_loop import StoppableLoop

__tracebackhide__ = is_told

T = TypeVar("T")

_NO_ASYNCIO = (
    "the clients of an async test need asyncio's event loop, and none runs here (trio?); use ws_sync, whose methods "
    "block, on a thread: await trio.to_thread.run_sync(ws_sync.connect)"
)


class LoopThread:
    """Runs coroutines for any thread. Order: `start`, then anything, then `stop`, once."""

    def __init__(self, name: str) -> None:
        self._loop: StoppableLoop | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def loop(self) -> StoppableLoop:
        """The loop; there is none before `start`."""
        assert self._loop is not None, "start() first"
        return self._loop

    def start(self) -> None:
        self._loop = StoppableLoop()
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` on the loop; the future belongs to the calling thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop and block until it has ended. Raises what it raises."""
        try:
            return self.begin(work).result()
        except TOLD as told:
            raise told.with_traceback(None)  # noqa: B904 - itself, without its way through the loop

    async def asking(self, work: Coroutine[Any, Any, T]) -> T:
        """The same from another event loop, which goes on meanwhile; cancelling cancels `work`.

        Raises `RuntimeError` where that is no loop of asyncio's.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            work.close()
            raise RuntimeError(_NO_ASYNCIO) from None
        try:
            return await asyncio.wrap_future(self.begin(work))
        except TOLD as told:
            raise told.with_traceback(None)  # noqa: B904 - as above

    def call(self, action: Callable[[], None]) -> None:
        """Have `action` done on the loop, and block until it is."""

        async def doing() -> None:
            action()

        self.wait(doing())

    def stop(self) -> None:
        """End the loop, and what still runs on it."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(self.loop.watch)
        try:
            self.loop.run_forever()
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
