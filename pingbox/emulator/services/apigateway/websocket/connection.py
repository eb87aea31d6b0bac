"""What the gateway knows about one connection, and the ids of connections, messages and events (EV-40 to EV-43)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Connection:
    """The facts of a connection, the same in all of its events.

    `connected_at` in seconds since the epoch. `user_agent` is None when the client sent none (EV-32). `identity` holds
    what an API key or a signature adds to the identity. `authorizer` is the authorizer's context with its
    `principalId`, or None when no authorizer ran (EV-33).
    """

    connection_id: str
    api_id: str
    stage: str
    domain_name: str
    connected_at: float
    source_ip: str
    user_agent: str | None = None
    identity: Mapping[str, str] = field(default_factory=lambda: _NONE)
    authorizer: Mapping[str, str] | None = None

    @property
    def connected_at_ms(self) -> int:
        """`connectedAt` of the events, milliseconds (EV-26)."""
        return int(self.connected_at * 1000)


RANDOM_BYTES = 7
"""How many random bytes each of the makers below takes."""

_CONNECTION_MARK = 2  # the 12th character becomes `C` (EV-41)
_REQUEST_MARK = 5  # the 12th character becomes `F`
_TICKS_PER_SECOND = 40  # EV-42: the first four bytes tick every 25 ms
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{14}[AEIMQUYcgkosw048]=")


def connection_id(now: float, random: bytes) -> str:
    """An id for a connection made at `now` (seconds since the epoch)."""
    return _identifier(now, random[:4] + _marked(random[4], _CONNECTION_MARK) + random[5:7])


def message_id(now: float, random: bytes, connection: str) -> str:
    """An id for a message; it ends as its connection's id does (EV-41)."""
    return _identifier(now, random[:4] + base64.urlsafe_b64decode(connection)[8:])


def request_id(now: float, random: bytes) -> str:
    """An id for one event (EV-27)."""
    return _identifier(now, random[:4] + _marked(random[4], _REQUEST_MARK) + random[5:7])


def well_formed(identifier: str) -> bool:
    """Whether this could be a connection id at all: else `@connections` answers 400 instead of 410 (OQ-13)."""
    return _WELL_FORMED.fullmatch(identifier) is not None


def _identifier(now: float, rest: bytes) -> str:
    tick = int(now * _TICKS_PER_SECOND) & 0xFFFFFFFF
    return base64.urlsafe_b64encode(tick.to_bytes(4, "big") + rest).decode("ascii")


def _marked(byte: int, mark: int) -> bytes:
    return bytes([byte & 0xC0 | mark])
