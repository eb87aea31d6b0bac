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

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pingbox.testing import Clients, Expectation, RefusedError, WebSocket, WebSockets

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
    async with Clients(f"{address.rstrip('/')}/{conversation.stage}", timeout=within) as ws:
        play = _Play(ws)
        for number, step in enumerate(conversation.steps, 1):
            try:
                await play.step(step)
            except (AssertionError, RefusedError, TimeoutError, OSError) as error:
                raise AssertionError(play.report(conversation, number, step, error)) from error
        await play.nothing_left()


@dataclass
class _Play:
    ws: WebSockets
    clients: dict[str, WebSocket] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    async def step(self, step: Mapping[str, Any]) -> None:
        client = step["client"]
        match step:
            case {"connect": asked, "refused": status}:
                await self._refused(client, asked, status)
            case {"connect": asked}:
                self.clients[client] = await self._connect(client, asked)
            case {"send": message}:
                await self.clients[client].send(message if isinstance(message, str) else json.dumps(message))
            case {"expect": expected}:
                text = await self._next(client)
                assert matches(expected, text), _difference(expected, text)
            case {"expect_all": expected}:
                await self._expect_all(client, list(expected))
            case {"close": asked}:
                await self.clients.pop(client).close(asked.get("code", 1000), asked.get("reason", ""))
            case {"closed": code}:
                await self.clients.pop(client).closed_with(code)
            case _:
                raise AssertionError("this step says nothing that is known")

    async def _connect(self, name: str, asked: Mapping[str, Any]) -> WebSocket:
        query = urlencode(asked.get("query", {}))
        return await self.ws.connect(
            f"?{query}" if query else "",
            name=name,
            headers=asked.get("headers", {}),
            subprotocols=asked.get("subprotocols", ()),
        )

    async def _refused(self, name: str, asked: Mapping[str, Any], status: int) -> None:
        got = 101
        try:
            await self._connect(name, asked)
        except RefusedError as error:
            got = error.status
        assert got == status, f"answered with {got}"

    async def _next(self, client: str) -> str:
        message = await self.clients[client].receive()
        assert not self.clients[client].binary, "got a binary message"
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
        for client in self.clients.values():
            await client.close()
            await client.expect_nothing()

    def report(self, conversation: Conversation, number: int, step: Mapping[str, Any], error: Exception) -> str:
        heard = "\n    ".join(self.heard[-8:]) or "nothing"
        told = str(error) or type(error).__name__
        return f"{conversation.name}, step {number} {json.dumps(step)}:\n  {told}\n  heard so far:\n    {heard}"


def matches(expected: Any, text: str) -> bool:
    """Whether a message is what a step expects."""
    return _expectation(expected).matches(text)


def _difference(expected: Any, text: str) -> str:
    where = "\n  ".join(map(str, _expectation(expected).mismatches(text)))
    return f"got {text!r}\n  {where}"


def _expectation(expected: Any) -> Expectation:
    return Expectation(expected if isinstance(expected, str) else _wanted(expected))


def _wanted(expected: Any) -> Any:
    """The script's words in the kit's."""
    match expected:
        case {"$any": True}:
            return ...
        case {"$regex": str(pattern)}:
            return re.compile(pattern)
        case dict():
            return {key: _wanted(item) for key, item in expected.items()}
        case list():
            return [_wanted(item) for item in expected]
        case _:
            return _Same(expected)


@dataclass(frozen=True, eq=False)
class _Same:
    """Equals its value only: scripts tell 1 from 1.0."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self.value) and other == self.value

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return json.dumps(self.value)
