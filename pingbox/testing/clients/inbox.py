"""A WebSocket client that remembers what it got, what of it nobody has asked for yet, and how it was closed.

It lives on the emulator's event loop. Tests meet it through `WebSocket` and `SyncWebSocket`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence

from pingbox.testing.clients import expectation
from pingbox.testing.clients.expectation import Expectation
from pingbox.testing.clients.transport import RefusedError, Wire


class Client:
    """One connection, on the loop's thread only. `explain` adds to a failure what is known beyond the wire."""

    def __init__(self, name: str, explain: Callable[[], str]) -> None:
        self.name = name
        self.connection_id = ""
        self._explain = explain
        self._news = asyncio.Event()
        self._unread: list[str] = []
        self._taken = 0

    def attach(self, wire: Wire) -> None:
        self.wire = wire

    def notice(self) -> None:
        """The wire has news."""
        new = self.wire.received[self._taken :]
        self._taken += len(new)
        self._unread.extend(new)
        self._news.set()

    @property
    def unread(self) -> list[str]:
        """Messages that no test has asked for yet."""
        return list(self._unread)

    def send(self, message: str | bytes) -> None:
        """Raises `AssertionError` when the connection is closed."""
        if self.wire.ended:
            raise AssertionError(self._story(f"{self.name} wanted to send, but {self.closed_words()}"))
        self.wire.send(message)

    async def expect(self, expected: Expectation, within: float) -> str:
        """The first unread message that is as expected; the others stay unread. Raises `AssertionError`."""
        found = await self._until(lambda: self._find(expected), within)
        if found is None:
            story = expectation.failure(self.name, expected, self._unread, within)
            raise AssertionError(self._story(self._with_end(story)))
        return self._unread.pop(found)

    async def receive(self, within: float) -> str:
        """The next unread message. Raises `AssertionError` if none comes."""
        if await self._until(lambda: 0 if self._unread else None, within) is None:
            story = f"{self.name} expected a message within {within:g} s; none came"
            raise AssertionError(self._story(self._with_end(story)))
        return self._unread.pop(0)

    def assert_nothing(self, expected: Expectation) -> None:
        """Raises `AssertionError` if there is an unread message like `expected`."""
        came = [text for text in self._unread if expected.matches(text)]
        if came:
            raise AssertionError(self._story(expectation.surprise(self.name, expected, came)))

    async def closed_with(self, code: int, reason: str | None, within: float) -> None:
        """Raises `AssertionError` if the server does not close within `within` seconds, or closes otherwise."""
        wanted = f"{self.name} expected to be closed with {code} {reason or ''}".rstrip()
        await self._until(lambda: None, within)
        if not self.wire.ended:
            raise AssertionError(self._story(f"{wanted} within {within:g} s; {self.closed_words()}"))
        came = "" if self.wire.close is None else self.wire.close.reason
        if self.close_code != code or (reason is not None and came != reason):
            raise AssertionError(self._story(f"{wanted}; {self.closed_words()}"))

    @property
    def close_code(self) -> int | None:
        """1006 for a cut without a close frame, None while it is open."""
        if not self.wire.ended:
            return None
        return 1006 if self.wire.close is None else self.wire.close.code

    def closed_words(self) -> str:
        """How the connection stands, as the end of a sentence."""
        if not self.wire.ended:
            return "it is still open"
        close = self.wire.close
        if close is None:
            return "the connection was cut without a close frame (1006)"
        return f"it was closed with {close.code} {close.reason}".rstrip()

    def _find(self, expected: Expectation) -> int | None:
        return next((at for at, text in enumerate(self._unread) if expected.matches(text)), None)

    async def _until(self, look: Callable[[], int | None], within: float) -> int | None:
        """What `look` finds, looked again at each piece of news; None after `within` seconds or at the end."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            self._news.clear()
            if (found := look()) is not None or self.wire.ended:
                return found
            try:
                async with asyncio.timeout(max(0.0, deadline - asyncio.get_running_loop().time())):
                    await self._news.wait()
            except TimeoutError:
                return look()

    def _with_end(self, story: str) -> str:
        return f"{story}\n{self.closed_words()}" if self.wire.ended else story

    def _story(self, what: str) -> str:
        explained = self._explain()
        return f"{what}\n{explained}" if explained else what


async def dial(
    url: str,
    name: str,
    explain: Callable[[], str],
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    origin: str | None,
    within: float,
    tls: ssl.SSLContext | None = None,
) -> Client:
    """A client past its 101. Raises what `Wire.handshake` raises, a `RefusedError` with what `explain` knows."""
    client = Client(name, explain)
    wire = Wire(url, subprotocols, origin, client.notice, tls)
    client.attach(wire)
    try:
        await wire.handshake(headers, within)
    except RefusedError as refused:
        if explained := explain():
            refused.add_note(explained)
        raise
    return client


async def roundtrips(clients: Iterable[Client], deadline: float) -> None:
    """Return once the server has read what all of them sent, and they have read what it had sent by then.

    Raises `AssertionError` when that is not so at `deadline`, of the loop's time.
    """
    readers = [client.wire.roundtrip() for client in clients if client.wire.reading]
    try:
        async with asyncio.timeout(max(0.0, deadline - asyncio.get_running_loop().time())):
            await asyncio.gather(*readers)
    except TimeoutError:
        raise AssertionError("there was no rest: the server does not answer the clients' pings") from None
