"""WebSocket clients for tests: `WebSocket` to be awaited, `SyncWebSocket` for tests without an event loop."""

# ruff: noqa: ASYNC109 - a `timeout` that is a member of the call reads better in a test than a block around it

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from pingbox.testing.clients.expectation import Expectation, cut
from pingbox.testing.clients.inbox import Client
from pingbox.testing.clients.tracebacks import is_told
from pingbox.testing.clients.unawaited import Unawaited, to_be_awaited
from pingbox.testing.runtime.loop_thread import LoopThread

__tracebackhide__ = is_told

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ClientHost(Protocol):
    """Where clients live: on the loop of `thread`; `timeout` in seconds is for calls that do not say one."""

    timeout: float
    thread: LoopThread
    unawaited: Unawaited

    async def connect(
        self,
        where: str,
        *,
        name: str | None,
        headers: Mapping[str, str],
        subprotocols: Sequence[str],
        origin: str | None,
        within: float | None,
    ) -> Client:
        """A new client. `where` as `WebSockets.connect` has it."""
        ...

    async def settle(self) -> None:
        """Return once all that was sent has been handled, and all that was answered has arrived."""
        ...


class _ClientFacts:
    """What both kinds of client know without waiting."""

    def __init__(self, host: ClientHost, client: Client) -> None:
        self._host = host
        self._client = client

    @property
    def name(self) -> str:
        """As given to `connect`; failures and diagrams call the client so."""
        return self._client.name

    @property
    def connection_id(self) -> str:
        """The id by which `@connections` and the handlers know this client; empty for one of `Clients`."""
        return self._client.connection_id

    @property
    def subprotocol(self) -> str | None:
        """What the server chose of the subprotocols offered."""
        return self._client.wire.subprotocol

    @property
    def received(self) -> list[str]:
        """Every message so far, asked for or not."""
        return list(self._client.wire.received)

    @property
    def binary(self) -> list[str]:
        """Those of `received` that came as binary messages; API Gateway sends none."""
        return list(self._client.wire.binary)

    @property
    def open(self) -> bool:
        """Whether more can come."""
        return not self._client.wire.ended

    @property
    def close_code(self) -> int | None:
        """What the connection was closed with; 1006 if it was cut without a close frame, None while it is open."""
        return self._client.close_code

    def stop_reading(self) -> None:
        """Be a slow client: take nothing more off the wire, so that the server's buffer fills, and posts get 429."""
        self._host.thread.call(self._client.wire.stop_reading)

    def resume_reading(self) -> None:
        """Read again."""
        self._host.thread.call(self._client.wire.resume_reading)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.connection_id}>"

    def _within(self, timeout: float | None) -> float:
        return self._host.timeout if timeout is None else timeout

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise AssertionError(f"{self.name} expected JSON, and this came: {cut(text)}") from None

    def _nothing(self, expected: Expectation) -> Any:
        async def settled() -> None:
            await self._host.settle()
            self._client.assert_nothing(expected)

        return settled()

    def _sending(self, message: str | bytes) -> Any:
        if not isinstance(message, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"send takes a text or bytes, got {message!r}; send_json sends a value as JSON")

        async def send() -> None:
            self._client.send(message)

        return send()


class WebSocket(_ClientFacts):
    """A client for `async def` tests."""

    @property
    def unawaited(self) -> Unawaited:
        """What was called, and is to be awaited."""
        return self._host.unawaited

    @to_be_awaited
    async def send(self, message: str | bytes) -> None:
        """Send a text, or bytes as a binary message. Raises `AssertionError` when the connection is closed."""
        await self._host.thread.asking(self._sending(message))

    @to_be_awaited
    async def send_json(self, message: Any) -> None:
        """Send a value as JSON."""
        await self.send(encoded(message))

    @to_be_awaited
    async def expect(self, message: object = ..., /, *, timeout: float | None = None, **members: Any) -> Any:
        """Wait for a message that has (at least) these members, or is exactly this text, and return it.

        Without either, any message will do. Messages that came and are something else stay unread for a later
        `expect`. The members may hold patterns; see `Expectation`. `timeout` in seconds. Returns the parsed JSON, or
        the text. Raises `AssertionError` that tells what came instead.
        """
        expected = Expectation.of(message, members)
        text = await self._host.thread.asking(self._client.expect(expected, self._within(timeout)))
        return parsed(text, expected)

    @to_be_awaited
    async def receive(self, *, timeout: float | None = None) -> str:
        """The next message, whatever it is. Raises `AssertionError` when none comes within `timeout` seconds."""
        return await self._host.thread.asking(self._client.receive(self._within(timeout)))

    @to_be_awaited
    async def receive_json(self, *, timeout: float | None = None) -> Any:
        """The next message, parsed. Raises `AssertionError` when none comes, or one that is no JSON."""
        return self._json(await self.receive(timeout=timeout))

    @to_be_awaited
    async def expect_nothing(self, message: object = ..., /, **members: Any) -> None:
        """Once everything sent so far has been handled, no unread message (like this) is there. Does not sleep."""
        await self._host.thread.asking(self._nothing(Expectation.of(message, members)))

    @to_be_awaited
    async def closed_with(self, code: int, reason: str | None = None, *, timeout: float | None = None) -> None:
        """Wait until the server has closed with this code (1006: cut without a close frame)."""
        await self._host.thread.asking(self._client.closed_with(code, reason, self._within(timeout)))

    @to_be_awaited
    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close from our side; returns when the server has answered."""
        await self._host.thread.asking(self._client.wire.shut(code, reason))

    @to_be_awaited
    async def drop(self) -> None:
        """Lose the connection as a phone in a tunnel does: no close frame."""
        await self._host.thread.asking(self._client.wire.drop())


class SyncWebSocket(_ClientFacts):
    """The same for plain tests; each method blocks, and says the same as its twin of `WebSocket`."""

    def send(self, message: str | bytes) -> None:
        """See `WebSocket.send`."""
        self._host.thread.wait(self._sending(message))

    def send_json(self, message: Any) -> None:
        """See `WebSocket.send_json`."""
        self.send(encoded(message))

    def expect(self, message: object = ..., /, *, timeout: float | None = None, **members: Any) -> Any:
        """See `WebSocket.expect`."""
        expected = Expectation.of(message, members)
        text = self._host.thread.wait(self._client.expect(expected, self._within(timeout)))
        return parsed(text, expected)

    def receive(self, *, timeout: float | None = None) -> str:
        """See `WebSocket.receive`."""
        return self._host.thread.wait(self._client.receive(self._within(timeout)))

    def receive_json(self, *, timeout: float | None = None) -> Any:
        """See `WebSocket.receive_json`."""
        return self._json(self.receive(timeout=timeout))

    def expect_nothing(self, message: object = ..., /, **members: Any) -> None:
        """See `WebSocket.expect_nothing`."""
        self._host.thread.wait(self._nothing(Expectation.of(message, members)))

    def closed_with(self, code: int, reason: str | None = None, *, timeout: float | None = None) -> None:
        """See `WebSocket.closed_with`."""
        self._host.thread.wait(self._client.closed_with(code, reason, self._within(timeout)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """See `WebSocket.close`."""
        self._host.thread.wait(self._client.wire.shut(code, reason))

    def drop(self) -> None:
        """See `WebSocket.drop`."""
        self._host.thread.wait(self._client.wire.drop())


class WebSockets:
    """Makes clients for `async def` tests."""

    def __init__(self, host: ClientHost) -> None:
        self._host = host

    @property
    def unawaited(self) -> Unawaited:
        """What was called, and is to be awaited."""
        return self._host.unawaited

    @to_be_awaited
    async def connect(
        self,
        where: str = "",
        *,
        name: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        timeout: float | None = None,
    ) -> WebSocket:
        """Connect. `where` is what follows the stage's address (`?token=x`), or a whole `ws://` address.

        `name` is what failures and diagrams call the client. Raises `RefusedError` when the upgrade is refused.
        """
        opening = self._host.connect(
            where, name=name, headers=headers, subprotocols=subprotocols, origin=origin, within=timeout
        )
        return WebSocket(self._host, await self._host.thread.asking(opening))


class SyncWebSockets:
    """Makes clients for plain tests."""

    def __init__(self, host: ClientHost) -> None:
        self._host = host

    def connect(
        self,
        where: str = "",
        *,
        name: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        timeout: float | None = None,
    ) -> SyncWebSocket:
        """See `WebSockets.connect`."""
        opening = self._host.connect(
            where, name=name, headers=headers, subprotocols=subprotocols, origin=origin, within=timeout
        )
        return SyncWebSocket(self._host, self._host.thread.wait(opening))


def encoded(message: Any) -> str:
    """A message as JSON, the way browsers write it."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str, expected: Expectation) -> Any:
    """The message as `expect` returns it: a text if a text was expected, or if any message was and it is no JSON."""
    if isinstance(expected.wanted, (str, re.Pattern)):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
