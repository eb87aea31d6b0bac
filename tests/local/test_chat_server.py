"""The chat on a laptop: what is there when it starts again, and its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pingbox.local.chat_server import ChatServer
from pingbox.settings import ServeSettings
from support.waiting import until

GHOST = {
    "userId": {"S": "g-ghost"},
    "name": {"S": "Ghost"},
    "lastSeen": {"N": "1"},
    "connectedAt": {"N": "9999999999999"},
    "expiresAt": {"N": "9999999999"},
    "connectionId": {"S": "ghost="},
}


async def test_nobody_of_an_earlier_server_is_seen_in_a_room(tmp_path: Path) -> None:
    """A server that was killed tells nobody of its connections; the next one asks about all of them at once."""
    first = ChatServer(ServeSettings(port=0, data_dir=tmp_path))
    await first.start()
    client = first.store.client(first.cloud.url)
    for topic in ("conn#ghost=", "room#general", "user#g-ghost"):
        record = {"rooms": {"SS": ["general"]}} if topic.startswith("conn#") else {}
        client.put_item(TableName="Connections", Item={"topic": {"S": topic}, **GHOST, **record})
    await first.stop()
    second = ChatServer(ServeSettings(port=0, data_dir=tmp_path))
    await second.start()
    try:
        await until(lambda: rows(second) == [], "the ghost has gone")
    finally:
        await second.stop()


def rows(server: ChatServer) -> list[Any]:
    return list(server.store.client(server.cloud.url).scan(TableName="Connections")["Items"])


@pytest.mark.parametrize(("days", "expire"), [(None, False), (2, True)])
async def test_messages_expire_where_that_is_asked_for(days: int | None, expire: bool) -> None:
    from websockets.asyncio.client import connect

    server = ChatServer(ServeSettings(port=0, retention_days=days))
    await server.start()
    try:
        async with connect(server.addresses.websocket) as socket:
            await socket.send('{"action":"sendMessage","text":"hi"}')
            await socket.recv()
        items = server.store.client(server.cloud.url).scan(TableName="Messages")["Items"]
        assert ["expiresAt" in item for item in items if item["kind"]["S"] == "message"] == [expire]
    finally:
        await server.stop()
