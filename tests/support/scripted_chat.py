"""A chat server of one file for tests of the page alone: it speaks `pingbox.v1`, keeps everything in memory, obeys orders.

It knows rooms, logs, presence and nothing else: no rate limit, no tokens worth the name. What the real server does is
tested with the real server (tests/browser).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from pingbox.web.site import site

Frame = dict[str, Any]
LIMITS = {"text": 4000, "textBytes": 16384, "frame": 32000, "rooms": 50, "perMin": 0, "burst": 10, "idle": 270, "maxAge": 6900}


class ScriptedChat:
    """`rooms` is {id: [events]}; `keep(frame)` may hold back or change what is posted: it returns the frames to send."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[Frame]] = {"general": []}
        self.members: dict[web.WebSocketResponse, Frame] = {}
        self.received: list[Frame] = []
        self.keep: Callable[[Frame], list[Frame]] = lambda frame: [frame]
        self.epoch = "k7q2v9"
        self._guests = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        async def page(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        handler = site("/dev")
        app = web.Application()
        app.router.add_get("/dev", self._socket)
        app.router.add_get("/{path:.*}", page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        listener = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await listener.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self.hang_up()
        if self._runner:
            await self._runner.cleanup()

    async def hang_up(self) -> None:
        """Every socket dies."""
        await asyncio.gather(*(socket.close() for socket in list(self.members)))

    def append(self, room: str, user: Frame, text: str, cid: str = "", ts: int | None = None) -> Frame:
        """Store a message without telling anybody."""
        log = self.rooms[room]
        seq = len(log) + 1
        event = {"type": "message", "room": room, "seq": seq, "n": seq, "ts": ts or _now(), "user": user, "text": text}
        log.append(event | ({"cid": cid} if cid else {}))
        return log[-1]

    async def say(self, room: str, user: Frame, text: str) -> None:
        """Store a message and post it to everyone."""
        await self._post(self.append(room, user, text))

    async def _post(self, event: Frame) -> None:
        for kept in self.keep(event):
            for socket in list(self.members):
                await _send(socket, kept)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("pingbox.v1",))
        await socket.prepare(request)
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        token = offered.partition("auth.")[2].strip()
        self.members[socket] = {"id": token or f"g-{next(self._guests):016d}", "name": "Guest"}
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, json.loads(message.data))
        user = self.members.pop(socket)
        await self._presence(user, "offline")
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self.received.append(frame)
        handler = getattr(self, f"_{frame['action']}", None)
        if handler:
            await handler(socket, frame)

    async def _hello(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        user = self.members[socket]
        user["name"] = frame["name"]
        wanted = [each for each in frame.get("rooms", []) if each["room"] in self.rooms] or [{"room": "general"}]
        rooms = [self._described(each["room"]) for each in wanted]
        welcome = {"type": "welcome", "id": frame["id"], "v": 1, "now": _now(), "limits": LIMITS, "rooms": rooms}
        await _send(socket, welcome | {"user": user | {"guest": True}, "token": user["id"]})
        for each in wanted:
            if each.get("seen") != len(self.rooms[each["room"]]):
                await _send(socket, self._page(each["room"], each.get("seen")))
        await _send(socket, {"type": "ready"})
        await self._presence(user, "online")

    def _described(self, room: str) -> Frame:
        head = len(self.rooms[room])
        info = {"room": room, "title": room.title(), "topic": "Everything and nothing", "epoch": self.epoch}
        return info | {"head": head, "headN": head, "floor": 1, "read": 0, "readN": 0, "online": len(self._people())}

    def _page(self, room: str, after: int | None) -> Frame:
        log = self.rooms[room]
        head = len(log)
        newest = after is None or head - after > 500
        start = max(0, head - 50) if newest else after or 0
        events = log[start : start + 200]
        end = start + len(events)
        answer = {"type": "sync", "room": room, "epoch": self.epoch, "events": events, "from": start + 1, "to": end}
        return answer | {"head": head, "more": end < head, "reset": False}

    async def _sync(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        await _send(socket, self._page(frame["room"], frame.get("after")) | {"id": frame["id"]})

    async def _history(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        before = frame["before"]
        start = max(0, before - 1 - frame["limit"])
        events = self.rooms[frame["room"]][start : before - 1]
        answer = {"type": "history", "id": frame["id"], "room": frame["room"], "events": events}
        await _send(socket, answer | {"more": start > 0, "floor": 1})

    async def _sendMessage(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        log = self.rooms[frame["room"]]
        stored = next((event["seq"] for event in log if event.get("cid") == frame["cid"]), None)
        if stored:
            answer = {"type": "ok", "id": frame["id"], "cid": frame["cid"], "room": frame["room"], "seq": stored}
            return await _send(socket, answer | {"dup": True})
        return await self._post(self.append(frame["room"], dict(self.members[socket]), frame["text"], frame["cid"]))

    async def _joinRoom(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        room = frame["room"]
        if room not in self.rooms:
            error = {"type": "error", "id": frame["id"], "room": room, "code": "no_such_room", "retry": False}
            return await _send(socket, error | {"message": "there is no such room"})
        sync = self._page(room, frame.get("seen"))
        answer = {"type": "joined", "id": frame["id"], "room": self._described(room), "who": self._people()}
        return await _send(socket, answer | {"sync": sync})

    async def _createRoom(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self.rooms.setdefault(frame["room"], [])
        await self._joinRoom(socket, frame)

    async def _leaveRoom(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        await _send(socket, {"type": "left", "id": frame["id"], "room": frame["room"]})

    async def _listRooms(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        rooms = [{"room": room, "title": room.title(), "topic": ""} for room in self.rooms]
        await _send(socket, {"type": "rooms", "id": frame["id"], "rooms": rooms})

    async def _who(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        people = self._people()
        answer = {"type": "who", "id": frame["id"], "room": frame["room"], "count": len(people), "users": people}
        await _send(socket, answer)

    async def _ping(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        seen = frame.get("rooms", {})
        behind = {room: len(self.rooms[room]) for room, n in seen.items() if len(self.rooms[room]) > n}
        for kept in self.keep({"type": "pong", "id": frame["id"], "now": _now(), "behind": behind}):
            await _send(socket, kept)

    def _people(self) -> list[Frame]:
        users = {user["id"]: user for user in self.members.values()}
        tabs = [user["id"] for user in self.members.values()]
        return [user | {"tabs": tabs.count(user["id"])} for user in users.values()]

    async def _presence(self, user: Frame, state: str) -> None:
        event = {"type": "presence", "room": "general", "user": user, "state": state, "online": len(self._people())}
        for socket, other in list(self.members.items()):
            if other["id"] != user["id"]:
                await _send(socket, event | ({"lastSeen": _now()} if state == "offline" else {}))


async def _send(socket: web.WebSocketResponse, frame: Frame) -> None:
    if not socket.closed:
        await socket.send_str(json.dumps(frame))


def _now() -> int:
    return int(time.time() * 1000)
