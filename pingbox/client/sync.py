"""The client for programs without asyncio: the same one, on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pingbox.client.client import Client
from pingbox.client.room import Event

T = TypeVar("T")
_END = object()


class SyncClient:
    """What `connect` gives. Its methods wait; errors are those of `Client`."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop
        self._events: queue.Queue[Any] = queue.Queue()

    @property
    def token(self) -> str | None:
        """What brings back the same guest: pass it to the next `connect`."""
        return self._client.token

    @property
    def user(self) -> Event:
        """Who one is: `id`, `name`, `guest`."""
        return self._client.user

    def send(self, room: str, text: str, **fields: Any) -> Event:
        """As `Client.send`."""
        return self._wait(self._client.send(room, text, **fields))

    def put(self, room: str, frame: Event) -> Event:
        """As `Client.put`."""
        return self._wait(self._client.put(room, frame))

    def ask(self, **frame: Any) -> Event:
        """As `Client.ask`."""
        return self._wait(self._client.ask(**frame))

    def join(self, room: str) -> Event:
        """As `Client.join`."""
        return self._wait(self._client.join(room))

    def events(self) -> Iterator[Event]:
        """As `Client.events`; waits for each."""
        while (event := self._events.get()) is not _END:
            if isinstance(event, Exception):
                raise event
            yield event

    async def listen(self) -> None:
        """Carry events over to the other thread; `connect` does it."""
        try:
            async for event in self._client.events():
                self._events.put(event)
        except Exception as error:
            self._events.put(error)
        self._events.put(_END)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def connect(url: str, **options: Any) -> Iterator[SyncClient]:
    """A connection from `with` to its end. `options` are those of `Client`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pingbox-client", daemon=True)
    thread.start()
    try:
        client = asyncio.run_coroutine_threadsafe(_open(url, options), loop).result()
        chat = SyncClient(client, loop)
        asyncio.run_coroutine_threadsafe(_started(client), loop).result()
        listening = asyncio.run_coroutine_threadsafe(chat.listen(), loop)
        try:
            yield chat
        finally:
            listening.cancel()
            asyncio.run_coroutine_threadsafe(client.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(url: str, options: dict[str, Any]) -> Client:
    return Client(url, **options)


async def _started(client: Client) -> None:
    await client.__aenter__()
