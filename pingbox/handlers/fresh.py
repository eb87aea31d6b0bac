"""Fresh random ids."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable


class Fresh:
    """Makes ids from random bytes. `random_bytes(n)` may be replaced by a seeded source in tests."""

    def __init__(self, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._bytes = random_bytes

    def guest(self) -> str:
        """A guest's user id: `g-` and 16 base32 characters (80 bits)."""
        return "g-" + base64.b32encode(self._bytes(10)).decode().lower()

    def cid(self) -> str:
        """An idempotency key for a client that brought none."""
        return self._bytes(12).hex()

    def epoch(self) -> str:
        """The name of a log's life: 8 base32 characters."""
        return base64.b32encode(self._bytes(5)).decode().lower()

    def fraction(self) -> float:
        """A number from 0 up to 1, for pauses that must not be the same in all who pause."""
        return int.from_bytes(self._bytes(4), "big") / 2**32
