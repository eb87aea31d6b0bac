"""An afternoon in the chat: people of two kinds, rooms, conversations, changes, lost sockets, a server that restarts.

At its end every client's view equals the log: each event once, in order, with nothing missing.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect as raw_connect

from pingbox.client import Client
from pingbox.local.chat_server import ChatServer
from pingbox.settings import ServeSettings
from support.waiting import until

ROOMS = ("general", "cats", "dogs")
PEOPLE = 8
ACTIONS = 12
RESTARTS = 3


@dataclass
class Person:
    """A client, what it was told, and what it was answered."""

    client: Client
    random: random.Random
    heard: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    stored: Counter[str] = field(default_factory=Counter)

    async def listen(self) -> None:
        async for event in self.client.events():
            if "seq" in event and "cid" in event:
                self.heard[event["room"]].append(event)

    async def act(self, others: list[Person]) -> None:
        for number in range(ACTIONS):
            room = self.random.choice(ROOMS)
            if self.random.random() < 0.2:
                other = self.random.choice([one for one in others if one is not self])
                room = await self._opened(other)
            frame = self._frame(room, number)
            event = await self.client.put(room, frame)
            self.stored[event["type"]] += 1
            await asyncio.sleep(self.random.random() / 20)

    async def _opened(self, other: Person) -> str:
        """The conversation with another; asked again if the server goes away in between."""
        while True:
            try:
                joined = await self.client.ask(action="openDm", user=other.client.user["id"])
            except (TimeoutError, ConnectionError):
                continue
            return str(joined["room"]["room"])

    def _frame(self, room: str, number: int) -> dict[str, Any]:
        messages = [event for event in self.heard[room] if event["type"] == "message"]
        own = [event for event in messages if event["user"]["id"] == self.client.user["id"]]
        chance = self.random.random()
        if own and chance < 0.15:
            return {"action": "editMessage", "target": own[0]["seq"], "text": f"edited {number}"}
        if messages and chance < 0.4:
            target = self.random.choice(messages)["seq"]
            return {"action": "react", "target": target, "emoji": "👍", "op": self.random.choice(["add", "remove"])}
        return {"action": "sendMessage", "text": f"{self.client.name} says {number}"}


async def script(url: str, room: str, count: int) -> int:
    """A ten-line script without a subprotocol: sends, waits for the answer, and starts again if it is cut off."""
    sent = 0
    while sent < count:
        try:
            async with raw_connect(f"{url}?room={room}") as plain:
                while sent < count:
                    cid = f"script-{room}-{sent:03}"
                    await plain.send(f'{{"action":"sendMessage","text":"line {sent}","cid":"{cid}","id":"{cid}"}}')
                    while cid not in await plain.recv():
                        pass
                    sent += 1
        except OSError:
            await asyncio.sleep(0.1)
        except Exception as closed:
            if "Connection" not in type(closed).__name__:
                raise
            await asyncio.sleep(0.1)
    return sent


async def test_an_afternoon_ends_with_every_view_equal_to_the_log(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ServeSettings(port=port, data_dir=tmp_path, rate=0)
    server = ChatServer(settings)
    await server.start()
    url = server.addresses.websocket
    async with Client(url, name="Host", rooms=["general"]) as host:
        for room in ROOMS[1:]:
            await host.ask(action="createRoom", room=room)
    people = [Person(Client(url, name=f"P{i}", rooms=ROOMS, patience=60), random.Random(i)) for i in range(PEOPLE)]
    for person in people:
        await person.client.__aenter__()
    listening = [asyncio.create_task(person.listen()) for person in people]
    try:
        acting = [asyncio.create_task(person.act(people)) for person in people]
        scripts = [asyncio.create_task(script(url, room, 10)) for room in ROOMS]
        for _ in range(RESTARTS):
            await asyncio.sleep(0.3)
            await server.stop()
            server = ChatServer(settings)
            await server.start()
        await asyncio.wait_for(asyncio.gather(*acting, *scripts), 240)
        logs = await whole_logs(url)
        await until(lambda: all_heard(people, logs), "everybody to hear everything", within=60)
        judge(people, logs)
    finally:
        for task in listening:
            task.cancel()
        for person in people:
            await person.client.__aexit__(None, None, None)
        await server.stop()


async def whole_logs(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every public room's events, read by somebody who was not there."""
    logs: dict[str, list[dict[str, Any]]] = {}
    async with Client(url, name="Judge", rooms=["general"]) as reader:
        for room in ROOMS:
            events: list[dict[str, Any]] = []
            more = True
            while more:
                page = await reader.ask(action="sync", room=room, after=len(events))
                events += page["events"]
                more = page["more"]
            logs[room] = events
    return logs


def all_heard(people: list[Person], logs: dict[str, list[dict[str, Any]]]) -> bool:
    return all(len(person.heard[room]) >= len(logs[room]) for person in people for room in ROOMS)


def judge(people: list[Person], logs: dict[str, list[dict[str, Any]]]) -> None:
    stored = Counter(event["type"] for events in logs.values() for event in events)
    for room, events in logs.items():
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "a hole in the log"
        keys = [(event["user"]["id"], event["cid"]) for event in events]
        assert len(set(keys)) == len(keys), "stored twice"
        for person in people:
            told = [(event["seq"], event["cid"]) for event in person.heard[room]]
            assert told == [(event["seq"], event["cid"]) for event in events], f"{person.client.name}'s view of {room}"
    for person in people:
        mine = Counter(
            event["type"] for events in logs.values() for event in events
            if event["user"]["id"] == person.client.user["id"]
        )  # fmt: skip
        assert all(mine[kind] <= person.stored[kind] + person.stored["ok"] for kind in mine)
    print({"stored": dict(stored), "seen by each of": len(people)})
