"""The chat's acceptance conversation: what a newcomer would try first, held against what the server says.

It reports each step, so that whoever watches sees how far it came. Nothing here knows how the chat is made.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

_PATIENCE = 20.0  # seconds for one answer: the first event of a function starts its process


class UnexpectedError(Exception):
    """The conversation went another way; the text says where, what was expected and what came."""


@dataclass(frozen=True)
class Person:
    """One page's connection."""

    socket: ClientConnection

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def hears(self, kind: str) -> dict[str, Any]:
        """The next event of this type; others before it are passed over. `UnexpectedError` for an error event."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    event: dict[str, Any] = json.loads(await self.socket.recv())
                    if event.get("type") == kind:
                        return event
                    if event.get("type") == "error":
                        raise UnexpectedError(f"expected {kind}, got {event}")
        except TimeoutError:
            raise UnexpectedError(f"expected {kind}, heard nothing of it in {_PATIENCE:.0f} s") from None


@asynccontextmanager
async def arrived(websocket: str, origin: str, name: str) -> AsyncIterator[Person]:
    """Somebody who opened the page and said hello. `UnexpectedError` if the handshake was refused."""
    subprotocols = [Subprotocol("pingbox.v1")]
    try:
        socket = await connect(websocket, origin=Origin(origin), subprotocols=subprotocols, open_timeout=_PATIENCE)
    except InvalidStatus as refused:
        status = refused.response.status_code
        raise UnexpectedError(f"expected {name} to be let in, the handshake was answered with {status}") from None
    async with socket:
        someone = Person(socket)
        await someone.send(action="hello", name=name, rooms=[{"room": "general"}])
        yield someone


async def converse(websocket: str, origin: str, report: Callable[[str], None]) -> None:
    """Run the conversation; `report` gets each step that went well. `UnexpectedError` at the first that did not."""
    async with arrived(websocket, origin, "Ana") as ana, arrived(websocket, origin, "Bo") as bo:
        for someone in (ana, bo):
            await someone.hears("welcome")
        report("two people are greeted")
        await ana.send(action="sendMessage", room="general", text="hi Bo")
        _same("hi Bo", (await bo.hears("message"))["text"])
        _same("hi Bo", (await ana.hears("message"))["text"])
        report("what one says both hear")
        await bo.send(action="createRoom", room="kitchen", title="Kitchen", id="1")
        await bo.hears("joined")
        await ana.send(action="listRooms", id="2")
        listed = {entry["room"] for entry in (await ana.hears("rooms"))["rooms"]}
        _same({"general", "kitchen"}, listed)
        report("a new room is found by the others")
        await _come_later(websocket, origin, report)
        await bo.socket.close()
        await _leaves(ana, "Bo")
        report("who leaves is missed")
    await _refused(websocket, report)


async def _come_later(websocket: str, origin: str, report: Callable[[str], None]) -> None:
    async with arrived(websocket, origin, "Cy") as cy:
        _same(["hi Bo"], [event["text"] for event in (await cy.hears("sync"))["events"]])
    report("who comes later finds what was said")


async def _leaves(listener: Person, name: str) -> None:
    """Arrivals come on the same way, so the one departure is waited for."""
    while True:
        news = await listener.hears("presence")
        if (news["user"]["name"], news["state"]) == (name, "offline"):
            return


async def _refused(websocket: str, report: Callable[[str], None]) -> None:
    try:
        async with connect(websocket, origin=Origin("https://elsewhere.example")):
            raise UnexpectedError("a strange page was let in")
    except InvalidStatus as refused:
        _same(403, refused.response.status_code)
    report("a strange page is not let in")


def _same(expected: object, found: object) -> None:
    if expected != found:
        raise UnexpectedError(f"expected {expected!r}, got {found!r}")
