"""The kit's clients for a server that the kit did not start."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType

from pingbox.testing.clients.inbox import Client, dial, roundtrips
from pingbox.testing.clients.tracebacks import is_told
from pingbox.testing.clients.unawaited import Unawaited
from pingbox.testing.clients.websockets import SyncWebSockets, WebSockets
from pingbox.testing.runtime.loop_thread import LoopThread

__tracebackhide__ = is_told

SETTLE_SECONDS = 5.0


class Clients:
    """Clients of any WebSocket server: `with Clients("ws://127.0.0.1:3001/dev") as ws:`, or `async with`.

    For what runs in another process, such as `pingbox serve`, or on AWS. What the emulator alone knows is missing:
    `connection_id` is empty, and `expect_nothing` waits until the server has answered a ping, not for its handlers.
    """

    def __init__(self, url: str, *, timeout: float = 5.0, tls: ssl.SSLContext | None = None) -> None:
        """`url` is what each `connect` begins with. `timeout` as `Emulator`'s. `tls`: whom a `wss://` server has to be
        certified by; None for those whom this machine trusts. Raises `ValueError` for any other kind of address.
        """
        if not url.startswith(("ws://", "wss://")):
            raise ValueError(f"cannot connect to {url!r}; expected an address that begins with ws:// or wss://")
        self.url = url
        self.timeout = timeout
        self.thread = LoopThread("pingbox-clients")
        self.unawaited = Unawaited()
        self._tls = tls
        self._clients: list[Client] = []
        self._connects = 0

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
        """As `ClientHost` has it."""
        self._connects += 1
        client = await dial(
            where if where.startswith(("ws://", "wss://")) else self.url + where,
            name or f"client {self._connects}",
            str,
            headers=headers,
            subprotocols=subprotocols,
            origin=origin,
            within=self.timeout if within is None else within,
            tls=self._tls,
        )
        # Those that are gone need no cutting: who comes and goes all night costs nothing.
        self._clients = [known for known in self._clients if not known.wire.is_gone] + [client]
        return client

    async def settle(self) -> None:
        """As `ClientHost` has it, as far as pings tell. Raises `AssertionError` when nobody answers them."""
        await roundtrips(self._clients, asyncio.get_running_loop().time() + SETTLE_SECONDS)

    def close(self) -> None:
        """Cut the connections that are left."""
        self.thread.wait(self._drop())
        self.thread.stop()

    async def _drop(self) -> None:
        await asyncio.gather(*(client.wire.drop() for client in self._clients))

    def __enter__(self) -> SyncWebSockets:
        self.thread.start()
        return SyncWebSockets(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> WebSockets:
        self.thread.start()
        return WebSockets(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)
        self.unawaited.check(error)
