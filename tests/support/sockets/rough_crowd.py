"""A crowd of WebSocket clients, most of them with bad manners, against the app in benchmarks/soak_app.

Each member lives a life of a random kind again and again. A life states what must happen; what happens instead is
noted in `faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pingbox.testing import RefusedError, WebSocket, WebSockets
from support.sockets.raw_socket import RawSocket, upgrade_request

_PATIENCE = 40.0  # seconds; the gateway itself gives up after 29
_ERROR = "Internal server error"
_ROUGH = ("rough", "roughNode") if shutil.which("node") else ("rough",)
# RT-21: answered by the gateway's error frame.
_SPOILS = ("crash", "exit", "hang", "child", "number", "status", "unserialisable", "huge")
_HARMLESS = (
    "shout",
    "fail",
    "escaped child",
    "thread",
)  # RT-28, RR-1: of a one-way route nothing is heard, whatever its status


@dataclass(frozen=True)
class Times:
    """Seconds: what the server was told by its switches, and how long a client thinks between two messages."""

    idle: float
    duration: float
    think: float


@dataclass
class Crowd:
    """`ended` holds the ids of all connections that were open once; `lives` counts the kinds."""

    ws: WebSockets
    url: str
    times: Times
    seed: int = 0
    lives: Counter[str] = field(default_factory=Counter)
    ended: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    open: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._entrance = asyncio.Semaphore(20)  # handshakes at once
        self._kinds: dict[str, tuple[Callable[[], Awaitable[None]], int]] = {
            "talks, leaves politely": (self._polite, 40),
            "talks, vanishes": (self._vanishing, 15),
            "silent until the idle timeout": (self._silent, 10),
            "stays until the connection is too old": (self._staying, 5),
            "sends garbage, then binary": (self._binary, 5),
            "sends garbage, then too much": (self._oversize, 5),
            "spoils handlers": (self._spoiling, 10),
            "is refused": (self._refused, 5),
            "crashes $connect": (self._crashing_connect, 3),
            "vanishes in the handshake": (self._half, 2),
        }

    async def live(self, members: int, until: float) -> None:
        """`members` at once, each beginning a new life until the loop's clock shows `until`, and ending its last."""
        async with asyncio.TaskGroup() as group:
            for _ in range(members):
                group.create_task(self._member(until))

    async def burst(self, environments: int, seconds: float) -> None:
        """As many slow events at once: the function must grow to as many environments."""

        async def one() -> None:
            async with self._enter() as socket:
                await socket.ask("slow", seconds=seconds)

        await asyncio.gather(*(self._noted("a slow one", one) for _ in range(environments)))

    async def leave_a_child_behind(self) -> None:
        """Let a handler start a process that belongs to nobody."""
        async with self._enter() as socket:
            await socket.send(json.dumps({"action": "rough", "how": "escaped child"}))
            await socket.ask("talk")

    async def lead(self, kind: str) -> None:
        """A life of this kind."""
        await self._noted(kind, self._kinds[kind][0])

    async def _member(self, until: float) -> None:
        kinds = list(self._kinds)
        weights = [weight for _, weight in self._kinds.values()]
        while asyncio.get_running_loop().time() < until:
            (kind,) = self._chance.choices(kinds, weights)
            await self.lead(kind)

    async def _noted(self, kind: str, life: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self.times.duration + 3 * _PATIENCE):
                await life()
            self.lives[kind] += 1
        except _Ended:
            self.lives["cut short by the idle timeout or the age limit, rightly"] += 1
        except Exception as error:  # a fault of the server's or of ours: either ends up in the verdict
            self.faults.append(f"{kind}: {type(error).__name__} {error}"[:300])

    # --- lives

    async def _polite(self) -> None:
        async with self._enter() as socket:
            for _ in range(self._chance.randint(1, 6)):
                await self._think()
                await socket.ask(self._chance.choice(["talk", "talk", "post"]))

    async def _vanishing(self) -> None:
        async with self._enter() as socket:
            await self._think()
            await socket.ask("talk")
            if self._chance.random() < 0.3:
                await socket.send(json.dumps({"action": "post"}))  # its answer finds nobody
            await socket.vanish()

    async def _silent(self) -> None:
        async with self._enter() as socket:
            await self._closed_by_server(socket, 1001)

    async def _staying(self) -> None:
        async with self._enter() as socket:
            with contextlib.suppress(_Ended):
                while True:
                    await asyncio.sleep(min(self.times.idle / 3, self.times.think))
                    await socket.ask("talk")

    async def _binary(self) -> None:
        async with self._enter() as socket:
            await self._garbage(socket)
            await socket.send(b"\0\1binary")
            await self._closed_by_server(socket, 1003)

    async def _oversize(self) -> None:
        async with self._enter() as socket:
            await self._garbage(socket)
            await socket.send("x" * 33_000)
            await self._closed_by_server(socket, 1009)

    async def _spoiling(self) -> None:
        async with self._enter() as socket:
            await self._think()
            how, action = self._chance.choice(_SPOILS + _HARMLESS), self._chance.choice(_ROUGH)
            await socket.send(json.dumps({"action": action, "how": how}))
            if how in _SPOILS:
                answer = await socket.heard()
                _expect(answer.get("message") == _ERROR, f"{how} by {action} was answered {answer}")
            await socket.ask("talk")

    async def _refused(self) -> None:
        await self._not_let_in("refuse", 403)

    async def _crashing_connect(self) -> None:
        await self._not_let_in("crash", 502)

    async def _half(self) -> None:
        address = urlsplit(self.url)
        request = upgrade_request(address.path)
        raw = await RawSocket.connect(address.port or 80)
        try:
            await raw.send(request[: self._chance.randrange(1, len(request))])
            await self._think()
        finally:
            await raw.drop()

    # --- steps

    @contextlib.asynccontextmanager
    async def _enter(self, query: str = "") -> AsyncIterator[Inside]:
        """A connection whose id is known and noted, however it ends."""
        async with self._entrance:
            opened = time.monotonic()
            socket = await self.ws.connect(query, timeout=_PATIENCE)
        self.open += 1
        try:
            inside = Inside(socket, self.times, opened)
            self.ended.append((await inside.ask("talk"))["me"])
            yield inside
        finally:
            self.open -= 1
            await socket.close()

    async def _not_let_in(self, wish: str, status: int) -> None:
        try:
            async with self._enter(f"?wish={wish}"):
                raise AssertionError(f"was let in with wish={wish}")
        except RefusedError as refused:
            _expect(refused.status == status, f"refused with {refused.status}")

    async def _garbage(self, socket: Inside) -> None:
        for frame in ("not json", '{"action":"fly"}', "[]", '{"action":{}}'):
            await socket.send(frame)
            answer = await socket.heard()
            _expect("message" in answer and "connectionId" in answer, f"{frame} was answered {answer}")
        await socket.ask("talk")

    async def _closed_by_server(self, socket: Inside, code: int) -> None:
        """`code` 1001: the idle timeout, and not a moment too early."""
        try:
            raise AssertionError(f"heard {await socket.heard(self.times.idle)} before the end")
        except _Ended:
            _expect(code == 1001, f"was idle instead of closed with {code}")
        except _ClosedError as closed:
            _expect(closed.code == code != 1001, f"{closed}, not {code} when it was due")

    async def _think(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.2, 1.8) * self.times.think)


class _Ended(Exception):  # noqa: N818
    """The gateway closed the connection with 1001, when it had to."""


class _ClosedError(Exception):
    """The connection is gone, other than by the gateway's timers when they were due."""

    def __init__(self, code: int, silence: float) -> None:
        self.code = code
        super().__init__(f"the connection was closed with {code}, {silence:.2f} s after the client's last message")


class Inside:
    """A client that is in, and knows when the gateway may close its connection. `opened` on the monotonic clock."""

    def __init__(self, socket: WebSocket, times: Times, opened: float) -> None:
        self._socket = socket
        self._times = times
        self._opened = self._said = opened

    async def send(self, frame: str | bytes) -> None:
        self._said = time.monotonic()
        with self._judged():
            await self._socket.send(frame)

    async def heard(self, longer: float = 0.0) -> dict[str, Any]:
        """The next frame, within the patience everybody has and `longer`."""
        with self._judged():
            heard: dict[str, Any] = await self._socket.receive_json(timeout=_PATIENCE + longer)
        return heard

    async def ask(self, action: str, **members: Any) -> dict[str, Any]:
        """Send an event of which the answer has its name for a type."""
        await self.send(json.dumps({"action": action, **members}))
        heard = await self.heard()
        _expect(heard.get("type") == action, f"{action} was answered {heard}")
        return heard

    async def vanish(self) -> None:
        """Be gone without a word."""
        await self._socket.drop()

    @contextlib.contextmanager
    def _judged(self) -> Iterator[None]:
        """What the kit asserts in the block is silence, or the connection's end: a due one, or another."""
        try:
            yield
        except AssertionError as error:
            code, now = self._socket.close_code, time.monotonic()
            if code is None:
                raise  # it is open, and silent
            due = now - self._opened >= self._times.duration or now - self._said >= self._times.idle
            raise _Ended if code == 1001 and due else _ClosedError(code, now - self._said) from error


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)
