"""`pingbox.client` on the real chat: nothing lost, nothing twice, in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pingbox.client import Client, ClosedByServerError, RefusedError, connect
from pingbox.local.chat_server import ChatServer
from pingbox.settings import ServeSettings


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[ChatServer]:
    server = ChatServer(ServeSettings(**{"port": 0, "rate": 0} | settings))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def texts(chat: Client, count: int) -> list[str]:
    """The next so many messages."""
    found: list[str] = []
    async for event in chat.events():
        if event["type"] == "message":
            found.append(event["text"])
            if len(found) == count:
                break
    return found


async def test_two_clients_hear_each_other_in_one_order() -> None:
    async with (
        serving() as server,
        Client(server.addresses.websocket, name="Ana", rooms=["general"]) as ana,
        Client(server.addresses.websocket, name="Bo", rooms=["general"]) as bo,
    ):
        sent = await asyncio.gather(*(who.send("general", f"{who.name} {i}") for i in range(10) for who in (ana, bo)))
        assert sorted(event["seq"] for event in sent) == list(range(1, 21))
        heard = await asyncio.wait_for(texts(ana, 20), 20)
        assert heard == await asyncio.wait_for(texts(bo, 20), 20)
        for name in ("Ana", "Bo"):
            assert [text for text in heard if text.startswith(name)] == [f"{name} {i}" for i in range(10)]


async def test_a_hundred_lines_are_stored_within_the_rate_limit() -> None:
    """The limit makes them wait; none is lost, none is out of order, and each hears what became of it."""
    async with (
        serving(rate=6000) as server,
        Client(server.addresses.websocket, name="Ana", rooms=["general"]) as chat,
    ):
        stored = await asyncio.gather(*(chat.send("general", f"line {i}") for i in range(100)))
        assert [(event["seq"], event["text"]) for event in stored] == [(i + 1, f"line {i}") for i in range(100)]


async def test_changes_of_messages_are_stored_and_heard() -> None:
    async with (
        serving() as server,
        Client(server.addresses.websocket, name="Ana", rooms=["general"]) as chat,
    ):
        first = await chat.send("general", "hi")
        edit = await chat.put("general", {"action": "editMessage", "target": first["seq"], "text": "hello"})
        assert (edit["type"], edit["text"]) == ("edit", "hello")
        with pytest.raises(RefusedError) as refused:
            await chat.put("general", {"action": "editMessage", "target": 99, "text": "x"})
        assert refused.value.code == "not_found"
        assert (await chat.ask(action="who", room="general"))["count"] == 1
        with pytest.raises(RefusedError):
            await chat.join("no-such-room")


async def test_a_restart_of_the_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """What was sent while it was away is stored when it is back, by the same person, once and in order."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"port": port, "data_dir": tmp_path}
    async with serving(**settings) as server:
        chat = Client(server.addresses.websocket, name="Ana", rooms=["general"])
        await chat.__aenter__()
        await chat.send("general", "before")
    try:
        waiting = [asyncio.create_task(chat.send("general", f"during {i}")) for i in range(3)]
        await asyncio.sleep(0)
        async with serving(**settings):
            stored = await asyncio.wait_for(asyncio.gather(*waiting), 30)
            assert [event["seq"] for event in stored] == [2, 3, 4]
            assert {event["user"]["id"] for event in stored} == {chat.user["id"]}
            assert await asyncio.wait_for(texts(chat, 4), 20) == ["before", "during 0", "during 1", "during 2"]
    finally:
        await chat.__aexit__(None, None, None)


async def test_whoever_is_refused_is_told_why() -> None:
    async with serving() as server:
        with pytest.raises(ClosedByServerError, match="HTTP 401"):
            await asyncio.wait_for(Client(server.addresses.websocket, token="x.y.z").__aenter__(), 20)


async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ClosedByServerError, match="nobody answers at ws://127"):
        await Client("ws://127.0.0.1:9/dev", patience=0.5).__aenter__()


async def test_the_same_without_asyncio() -> None:
    async with serving() as server:
        heard = await asyncio.to_thread(_talk, server.addresses.websocket)
        assert heard == ["one", "two"]


def _talk(url: str) -> list[str]:
    with connect(url, name="Ana", rooms=["general"]) as chat:
        for text in ("one", "two"):
            assert chat.send("general", text)["text"] == text
        wanted: Callable[[dict[str, Any]], bool] = lambda event: event["type"] == "message"  # noqa: E731
        events = filter(wanted, chat.events())
        return [next(events)["text"], next(events)["text"]]
