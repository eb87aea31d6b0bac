"""The client for asyncio: a connection that comes back, an outbox that loses nothing, events in the log's order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin, Subprotocol

from pingbox.client.room import Entry, Event, Room

_ANSWERED_WITHIN = 10.0  # seconds; a `ping` without `pong` means that the connection is dead
_PING_EVERY = 60.0
_ECHO = 8.0  # for the echo of what was sent
_HOLE = 1.0  # how long an event may run ahead of its predecessors
_LONGEST_WAIT = 30.0


class RefusedError(Exception):
    """The server will not do it. `code` is the protocol's word; `retry_after`: seconds, with `rate_limited` only."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code, self.retry_after = code, retry_after


class ClosedByServerError(Exception):
    """The server does not want this client back, or never let it in. The text says why.

    `status`: the HTTP status that refused the connection, None after it was open.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """A connection to the chat, open from `async with` to its end.

    `url` is the WebSocket address of the stage. `name` is for guests. `rooms` are entered; none: those of last time.
    `token` is what an earlier `client.token` was, or a sign-in token. `origin` is sent where the chat has a list.
    `patience`: seconds until the first connection is given up (`ClosedByServerError`); a later one never is.
    """

    def __init__(
        self, url: str, *, name: str | None = None, rooms: Sequence[str] = (), token: str | None = None,
        origin: str | None = None, patience: float = 15.0,
    ) -> None:  # fmt: skip
        self.url, self.name, self.token, self.origin = url, name, token, origin
        self._patience, self._trouble = patience, "no answer"
        self.user: Event = {}
        self.rooms: dict[str, Room] = {room: Room(room) for room in rooms}
        self._socket: ClientConnection | None = None
        self._ready = asyncio.Event()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._stored: dict[str, asyncio.Future[Event]] = {}
        self._answers: dict[str, asyncio.Future[Event]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heard = asyncio.Event()
        self._failure: Exception | None = None
        self._tries = 0

    async def __aenter__(self) -> Client:
        self._later(self._run())
        try:
            await asyncio.wait_for(self._until_ready(), self._patience)
        except BaseException as error:
            await self.__aexit__(None, None, None)
            if isinstance(error, TimeoutError):
                raise ClosedByServerError(f"nobody answers at {self.url}: {self._trouble}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send('{"action":"bye"}')
            await self._socket.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what a caller does

    async def send(self, room: str, text: str, **fields: Any) -> Event:
        """Put a message into the log; the stored event. Raises `RefusedError` or `ClosedByServerError`.

        It is tried until it is stored or refused, over as many connections as that takes.
        """
        return await self.put(room, {"action": "sendMessage", "text": text, **fields})

    async def put(self, room: str, frame: Event) -> Event:
        """The same for any action that has a cid: editMessage, deleteMessage, react, updateRoom."""
        if self._failure is not None:
            raise self._failure
        held = self.rooms.setdefault(room, Room(room))
        cid = secrets.token_urlsafe(12)
        held.outbox[cid] = Entry(frame)
        self._stored[cid] = asyncio.get_running_loop().create_future()
        if next(iter(held.outbox)) == cid:  # one unsettled at a time keeps their order
            await self._attempt(held)
        return await self._stored[cid]

    async def ask(self, **frame: Any) -> Event:
        """Send any other frame and wait for its answer. Raises `RefusedError`, or `ConnectionError` and
        `TimeoutError` (ten seconds) if none came: unlike what is put into the log, it is not asked again.
        """
        request = secrets.token_urlsafe(6)
        self._answers[request] = asyncio.get_running_loop().create_future()
        try:
            await self._until_ready()
            await self._post(frame | {"id": request})
            return await asyncio.wait_for(self._answers[request], _ANSWERED_WITHIN)
        finally:
            del self._answers[request]

    async def ask_nothing(self, **frame: Any) -> None:
        """Send a frame that has no answer: `typing`, `markRead`, `focus`. It may be lost."""
        await self._post(frame)

    async def join(self, room: str) -> Event:
        """Enter a room; `joined`. One that does not exist: `RefusedError` with `no_such_room`."""
        held = self.rooms.get(room, Room(room))
        return await self.ask(action="joinRoom", **held.position())

    async def events(self) -> AsyncIterator[Event]:
        """Log events of each room in order, each once, and signals as they come. Ends when the server ends it."""
        while (event := await self._events.get()) is not None:
            yield event
        if self._failure is not None:
            raise self._failure

    def pending(self) -> int:
        """How many events were heard and not given out yet."""
        return self._events.qsize()

    # --- the connection

    async def _run(self) -> None:
        while True:
            try:
                await self._connected()
            except InvalidStatus as refused:
                status = refused.response.status_code
                if status in (400, 401, 403):
                    self._end(ClosedByServerError(f"{self.url} refuses the connection: HTTP {status}", status))
                    return
            except ClosedByServerError as ended:
                self._end(ended)
                return
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as error:
                self._trouble = str(error)  # any close is recoverable unless a `bye` said otherwise
            self._ready.clear()
            self._socket = None
            self._fail_questions(ConnectionError("the connection was lost before the answer came; ask again"))
            self._tries += 1
            await asyncio.sleep(random.uniform(0, min(_LONGEST_WAIT, 0.3 * 2**self._tries)))  # noqa: S311 - jitter

    async def _connected(self) -> None:
        offers = [Subprotocol("pingbox.v1")] + ([Subprotocol(f"auth.{self.token}")] if self.token else [])
        origin = Origin(self.origin) if self.origin else None
        async with connect(self.url, subprotocols=offers, origin=origin, ping_interval=None, max_size=None) as socket:
            self._socket = socket
            await self._post(self._hello())
            pinging = self._later(self._ping())
            try:
                async for frame in socket:
                    self._heard.set()
                    await self._hear(json.loads(frame))
            finally:
                pinging.cancel()

    def _hello(self) -> Event:
        rooms = [room.position() for room in self.rooms.values() if not room.name.startswith("@")]
        return {"action": "hello", "v": 1, "rooms": rooms} | ({"name": self.name} if self.name else {})

    async def _ping(self) -> None:
        """Find out that the connection is dead, and what is missing of quiet rooms."""
        while True:
            await asyncio.sleep(_PING_EVERY)
            self._heard.clear()
            await self._post({"action": "ping", "rooms": {room.name: room.seen for room in self.rooms.values()}})
            try:
                await asyncio.wait_for(self._heard.wait(), _ANSWERED_WITHIN)
            except TimeoutError:
                if self._socket is not None:
                    await self._socket.close()
                return

    async def _until_ready(self) -> None:
        await self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def _end(self, failure: Exception) -> None:
        self._failure = failure
        self._ready.set()
        self._events.put_nowait(None)
        self._fail_questions(failure)
        for waiting in self._stored.values():
            if not waiting.done():
                waiting.set_exception(failure)

    def _fail_questions(self, failure: Exception) -> None:
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(failure)

    async def _post(self, frame: Event) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):  # the reader notices it too, and comes back
                await self._socket.send(json.dumps(frame, ensure_ascii=False))

    def _later(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what the server says

    async def _hear(self, event: Event) -> None:
        kind = event["type"]
        if kind in ("welcome", "joined", "sync", "error", "pong", "bye", "ready", "ok"):
            await getattr(self, f"_hear_{kind}")(event)
        elif "seq" in event and "cid" in event:
            await self._log_event(event)
        else:
            if kind == "read" and event["room"] in self.rooms:
                self.rooms[event["room"]].state["readN"] = event["n"]
            self._events.put_nowait(event)
        self._answer(event)

    async def _hear_welcome(self, event: Event) -> None:
        self.user, self.token = event["user"], event.get("token", self.token)
        for state in event["rooms"]:
            self._described(state)

    async def _hear_joined(self, event: Event) -> None:
        self._described(event["room"])
        if "sync" in event:
            await self._hear_sync(event["sync"])

    async def _hear_ready(self, event: Event) -> None:
        self._tries = 0
        self._ready.set()
        for room in self.rooms.values():
            await self._attempt(room)

    async def _hear_sync(self, event: Event) -> None:
        room = self.rooms.setdefault(event["room"], Room(event["room"]))
        settled, following = room.take_page(event)
        self._settle(room, settled)
        if following is not None:
            await self._post(following)
        self._tell(room)
        if (event.get("id", "").startswith("look-") and following is None) or settled:
            await self._attempt(room)

    async def _hear_pong(self, event: Event) -> None:
        for name in event["behind"]:
            if name in self.rooms:
                await self._post(self.rooms[name].sync())

    async def _hear_ok(self, event: Event) -> None:
        room = self.rooms.get(event.get("room", ""))
        if room is not None and event.get("cid") in room.outbox:
            del room.outbox[event["cid"]]
            self._resolve(event["cid"], event)
            if event["seq"] > room.seen:
                await self._post(room.sync())
            await self._attempt(room)

    async def _hear_bye(self, event: Event) -> None:
        if not event["reconnect"]:
            raise ClosedByServerError(event["message"])
        self._events.put_nowait(event)

    async def _hear_error(self, event: Event) -> None:
        room = next((one for one in self.rooms.values() if event.get("cid") in one.outbox), None)
        if room is None:
            if event.get("id") not in self._answers:
                self._events.put_nowait(event)
            return
        cid = event["cid"]
        if event["code"] == "behind" and (frame := room.look_back(cid)) is not None:
            await self._post(frame)
        elif event["retry"]:
            self._tries = min(self._tries + 1, 6)
            wait = event.get("retryAfter", 500 * 2**self._tries) / 1000
            self._later(self._again(room, wait))
        else:
            del room.outbox[cid]
            self._resolve(cid, RefusedError(event["code"], event["message"]))
            await self._attempt(room)

    async def _log_event(self, event: Event) -> None:
        room = self.rooms.setdefault(event["room"], Room(event["room"]))
        settled = room.take(event)
        self._settle(room, settled)
        self._tell(room)
        if room.behind:
            room.behind = False
            self._later(self._fill(room, room.seen))
        if settled:
            await self._attempt(room)

    async def _fill(self, room: Room, seen: int) -> None:
        """A hole that is still there after a second was a lost post."""
        await asyncio.sleep(_HOLE)
        if room.holds_nothing or (room.seen == seen and max(room.have, default=0) > seen):
            await self._post(room.sync())

    async def _again(self, room: Room, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._attempt(room)

    async def _attempt(self, room: Room) -> None:
        if room.outbox and self._ready.is_set():
            cid = next(iter(room.outbox))
            await self._post(room.attempt(cid))
            self._later(self._unanswered(room, cid))

    async def _unanswered(self, room: Room, cid: str) -> None:
        """The echo got lost, or the frame: the same cid again."""
        await asyncio.sleep(_ECHO)
        if next(iter(room.outbox), None) == cid:
            await self._attempt(room)

    def _described(self, state: Event) -> None:
        room = self.rooms.setdefault(state["room"], Room(state["room"]))
        room.described(state)

    def _settle(self, room: Room, cids: list[str]) -> None:
        for cid in cids:
            event = next(one for one in reversed(room.have.values()) if one["cid"] == cid)
            self._resolve(cid, event)

    def _resolve(self, cid: str, outcome: Event | Exception) -> None:
        waiting = self._stored.pop(cid, None)
        if waiting is not None and not waiting.done():
            if isinstance(outcome, Exception):
                waiting.set_exception(outcome)
            else:
                waiting.set_result(outcome)

    def _answer(self, event: Event) -> None:
        waiting = self._answers.get(event.get("id", ""))
        if waiting is None or waiting.done():
            return
        if event["type"] == "error":
            after = event["retryAfter"] / 1000 if "retryAfter" in event else None
            waiting.set_exception(RefusedError(event["code"], event["message"], after))
        else:
            waiting.set_result(event)

    def _tell(self, room: Room) -> None:
        for event in room.news():
            self._events.put_nowait(event)
