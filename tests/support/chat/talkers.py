"""People who go on talking over a real socket while their server dies and comes back, by the protocol's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pingbox.testing import Clients, RefusedError, WebSocket
from support.chat.model_client import PageClient

_PATIENCE = 30.0  # seconds for one answer


class Lives(Protocol):
    """A server that may die. A life is its number and its URL."""

    async def answering(self, after: int) -> tuple[int, str]:
        """The first life with a number above `after`, once it answers."""
        ...

    def over(self, life: int) -> bool: ...


class Talker:
    """Says `count` messages, one unsettled at a time, and holds on to each until it is acknowledged."""

    def __init__(self, name: str, count: int) -> None:
        self.page = PageClient(name)
        self.texts = {cid: self.page.outbox[cid].frame["text"] for cid in [self.page.write() for _ in range(count)]}
        self.resent = 0  # unacknowledged when the server died, and not in the log
        self.refused = 0  # told to send again: too many were writing at once
        self.found_stored = 0  # unacknowledged when the server died, and in the log all the same
        self._unsure: str | None = None
        self._in_flight: str | None = None
        self._syncing = False
        self._refused = False

    @property
    def acknowledged(self) -> dict[str, int]:
        return self.page.where

    async def talk(self, server: Lives) -> None:
        """Return when everything is acknowledged. Raises when a server that lives drops the connection."""
        life = 0
        while self.page.outbox:
            life, url = await server.answering(life)
            try:
                await self._one_connection(url)
            except (OSError, RefusedError) as error:
                if not server.over(life):
                    raise AssertionError(f"{self.page.name} lost a server that lives: {error!r}") from error

    async def _one_connection(self, url: str) -> None:
        self._begin_anew()
        offers = ["pingbox.v1"] + ([] if self.page.token is None else [f"auth.{self.page.token}"])
        async with Clients(url, timeout=_PATIENCE) as ws:
            socket = await ws.connect(subprotocols=offers)
            await self._say(socket, self.page.hello())
            while self.page.outbox:
                with _its_loss_told_apart(socket):
                    event = await socket.receive_json()
                await self._heard(socket, event)

    def _begin_anew(self) -> None:
        self.page.ready = self.page.behind = self._syncing = self._refused = False
        self.page.probes.clear()
        self._unsure = self._in_flight if self._in_flight in self.page.outbox else None
        self._in_flight = None

    async def _heard(self, socket: WebSocket, event: dict[str, Any]) -> None:
        if event["type"] == "sync" and "id" not in event:
            self._syncing = False
        if event["type"] == "error" and event.get("cid") == self._in_flight:
            self._refused = True
            self.refused += 1
        if (reply := self.page.receive(event)) is not None:
            await self._say(socket, reply)
        self._look_for_the_unsure()
        if not self.page.ready:
            return
        if self.page.behind and not self._syncing:
            self._syncing = True
            await self._say(socket, self.page.sync())
        if self._may_speak():
            await self._attempt(socket)

    def _look_for_the_unsure(self) -> None:
        if self._unsure is not None and self._unsure not in self.page.outbox:
            self.found_stored += 1
            self._unsure = None

    def _may_speak(self) -> bool:
        if self._in_flight in self.page.outbox:
            return self._refused and not self.page.probes
        return bool(self.page.outbox)

    async def _attempt(self, socket: WebSocket) -> None:
        self._in_flight, self._refused = next(iter(self.page.outbox)), False
        if self._in_flight == self._unsure:
            self.resent += 1
            self._unsure = None
        await self._say(socket, self.page.attempt(self._in_flight))

    async def _say(self, socket: WebSocket, frame: dict[str, Any]) -> None:
        with _its_loss_told_apart(socket):
            await socket.send_json(frame)


@contextmanager
def _its_loss_told_apart(socket: WebSocket) -> Iterator[None]:
    """A lost connection is a `ConnectionError`; silence stays what the kit calls it."""
    try:
        yield
    except AssertionError as error:
        if socket.open:
            raise
        raise ConnectionResetError(str(error)) from error
