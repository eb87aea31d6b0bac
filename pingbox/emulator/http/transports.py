"""The TCP connections of a server, for its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator


class Transports:
    """Holds open transports. Closed ones are forgotten now and then: weak references to uvloop's TLS ones cannot be."""

    def __init__(self) -> None:
        self._transports: list[asyncio.Transport] = []
        self._forget_at = 64

    def add(self, transport: asyncio.Transport) -> None:
        """Hold it until it is closed."""
        if len(self._transports) >= self._forget_at:
            self._transports = list(self)
            self._forget_at = max(64, 2 * len(self._transports))
        self._transports.append(transport)

    def __iter__(self) -> Iterator[asyncio.Transport]:
        return iter([transport for transport in self._transports if not transport.is_closing()])
