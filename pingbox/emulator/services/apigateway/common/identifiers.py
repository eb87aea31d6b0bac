"""The look of API Gateway's ids (EV-40 to EV-43), made from a time and random bytes that are handed in."""

from __future__ import annotations

import base64
import re

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
