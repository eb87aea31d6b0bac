"""Scripted conversations: what clients of an app say and what they must hear, as data, held against a running emulator.

A `conversation.json` beside an app's template:

    {"about": "...", "serve": "template.yaml", "stage": "prod", "parameters": {}, "needs": "node",
     "steps": [{"client": "ann", "connect": {"query": {"token": "t"}, "headers": {"X": "y"}}},
               {"client": "bob", "connect": {}, "refused": 401},
               {"client": "ann", "send": {"action": "say"}},            an object is sent as JSON, a text as it is
               {"client": "ann", "expect": {"text": "hi"}},             the next message, matched as below
               {"client": "ann", "expect_all": ["a", "b"]},             the next messages, in any order
               {"client": "ann", "close": {"code": 4000, "reason": "bye"}},
               {"client": "ann", "closed": 1000}]}                      the server closes

Matching: a text is the whole message (or JSON value); an object needs its members and may have more; a list needs as
many items; `{"$regex": "..."}` matches a text, `{"$any": true}` everything. Every message that comes must be expected,
in its turn: a message nobody expected fails the step at which it is found, at the latest the end.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

STEP_DEADLINE = 15.0  # seconds; a first step may start a function's process


@dataclass(frozen=True)
class Conversation:
    """A script. `folder` is the app's; `needs` names a program that the app's handlers want, e.g. `node`."""

    name: str
    folder: Path
    about: str
    serve: str
    stage: str
    parameters: Mapping[str, str]
    needs: str | None
    steps: tuple[Mapping[str, Any], ...]

    @property
    def source(self) -> Path:
        """What to serve."""
        return self.folder / self.serve


def load_conversation(file: Path) -> Conversation:
    """Read a `conversation.json`."""
    script = json.loads(file.read_text(encoding="utf-8"))
    return Conversation(
        name=file.parent.name,
        folder=file.parent,
        about=script["about"],
        serve=script["serve"],
        stage=script["stage"],
        parameters=script.get("parameters", {}),
        needs=script.get("needs"),
        steps=tuple(script["steps"]),
    )


async def hold(conversation: Conversation, address: str, *, within: float = STEP_DEADLINE) -> None:
    """Play every step against `address` (`ws://127.0.0.1:3001`, without the stage). AssertionError names the step."""
    clients = _Clients(f"{address.rstrip('/')}/{conversation.stage}", within)
    try:
        for number, step in enumerate(conversation.steps, 1):
            try:
                await asyncio.wait_for(clients.play(step), within)
            except (AssertionError, TimeoutError, ConnectionClosed, InvalidStatus) as error:
                raise AssertionError(clients.report(conversation, number, step, error)) from error
        await clients.nothing_left()
    finally:
        await clients.end()


@dataclass
class _Clients:
    url: str
    within: float
    sockets: dict[str, ClientConnection] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    async def play(self, step: Mapping[str, Any]) -> None:
        client = step["client"]
        match step:
            case {"connect": asked, "refused": status}:
                await self._refused(asked, status)
            case {"connect": asked}:
                self.sockets[client] = await self._connect(asked)
            case {"send": message}:
                await self.sockets[client].send(message if isinstance(message, str) else json.dumps(message))
            case {"expect": expected}:
                text = await self._next(client)
                assert matches(expected, text), f"got {text!r}"
            case {"expect_all": expected}:
                await self._expect_all(client, list(expected))
            case {"close": asked}:
                await self.sockets.pop(client).close(asked.get("code", 1000), asked.get("reason", ""))
            case {"closed": code}:
                socket = self.sockets.pop(client)
                await socket.wait_closed()
                assert socket.close_code == code, f"closed with {socket.close_code} {socket.close_reason!r}"
            case _:
                raise AssertionError("this step says nothing that is known")

    async def _connect(self, asked: Mapping[str, Any]) -> ClientConnection:
        query = urlencode(asked.get("query", {}))
        return await connect(
            f"{self.url}?{query}" if query else self.url,
            additional_headers=asked.get("headers", {}),
            subprotocols=asked.get("subprotocols"),
            proxy=None,
            open_timeout=self.within,
        )

    async def _refused(self, asked: Mapping[str, Any], status: int) -> None:
        try:
            socket = await self._connect(asked)
        except InvalidStatus as error:
            got = error.response.status_code
            assert got == status, f"refused with {got}"
            return
        await socket.close()
        raise AssertionError("the connection was accepted")

    async def _next(self, client: str) -> str:
        message = await self.sockets[client].recv()
        assert isinstance(message, str), "got a binary message"
        self.heard.append(f"{client} < {message}")
        return message

    async def _expect_all(self, client: str, expected: list[Any]) -> None:
        while expected:
            text = await self._next(client)
            found = next((item for item in expected if matches(item, text)), None)
            assert found is not None, f"got {text!r}"
            expected.remove(found)

    async def nothing_left(self) -> None:
        """Close all clients: whatever came before the close frame and was not asked for is too much."""
        await asyncio.gather(*(socket.close() for socket in self.sockets.values()))
        for client, socket in self.sockets.items():
            left = [message async for message in socket]
            assert not left, f"{client} got more than the script says: {left!r}"

    def report(self, conversation: Conversation, number: int, step: Mapping[str, Any], error: Exception) -> str:
        what = f"nothing came within {self.within:g} s" if isinstance(error, TimeoutError) else str(error)
        heard = "\n    ".join(self.heard[-8:]) or "nothing"
        return f"{conversation.name}, step {number} {json.dumps(step)}:\n  {what}\n  heard so far:\n    {heard}"

    async def end(self) -> None:
        for socket in self.sockets.values():
            await socket.close()


def matches(expected: Any, text: str) -> bool:
    """Whether a message is what a step expects."""
    if isinstance(expected, str):
        return text == expected
    if isinstance(expected, dict) and "$regex" in expected:
        return _value_matches(expected, text)
    try:
        return _value_matches(expected, json.loads(text))
    except json.JSONDecodeError:
        return False


def _value_matches(expected: Any, value: Any) -> bool:
    match expected:
        case {"$any": True}:
            return True
        case {"$regex": str(pattern)}:
            return isinstance(value, str) and re.search(pattern, value) is not None
        case dict():
            return isinstance(value, dict) and all(
                key in value and _value_matches(item, value[key]) for key, item in expected.items()
            )
        case list():
            return (
                isinstance(value, list)
                and len(value) == len(expected)
                and all(_value_matches(a, b) for a, b in zip(expected, value, strict=True))
            )
        case _:
            return bool(expected == value) and type(expected) is type(value)
