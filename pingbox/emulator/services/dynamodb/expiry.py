"""Time to live: items are deleted after their time, late and out of order, as on AWS.

AWS deletes "within a few days" of the expiry, by no order, and never what expired more than five years ago (developer
guide, TTL). Here each item has a delay of its own between zero and `lag` seconds, drawn from a seed and its key: the
same run deletes in the same order, and a reader that counts on prompt or ordered deletion is found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable

TOO_OLD_SECONDS = 5 * 365 * 86400
DEFAULT_LAG_SECONDS = 600.0
MAX_AT_ONCE = 500


class Expiry:
    """Deletes what is due. `lag` is the longest delay in seconds; the shortest is none."""

    def __init__(self, lag: float = DEFAULT_LAG_SECONDS, seed: int = 0) -> None:
        self._lag = lag
        self._seed = seed.to_bytes(8, "big", signed=True)

    def delay(self, h: bytes, r: bytes) -> float:
        """Seconds by which the item of this key is deleted after its time."""
        drawn = hashlib.blake2b(h + b"\x00" + r, key=self._seed, digest_size=4).digest()
        return self._lag * int.from_bytes(drawn, "big") / 2**32

    def sweep(self, tables: Iterable[ItemTable], now: float, most: int = MAX_AT_ONCE) -> int:
        """Delete items that are due at `now` (epoch seconds), inside the caller's transaction; how many were.

        At most `most`: a caller pays for this with its own time, and the rest can wait for the next call.
        """
        gone = 0
        for table in tables:
            if table.ttl_attribute is None:
                continue
            for h, r, expiry in table.expired(int(now) - TOO_OLD_SECONDS, int(now)):
                if gone == most:
                    return gone
                if expiry + self.delay(h, r) <= now:
                    old = table.text(h, r)
                    assert old is not None
                    table.delete(h, r, old, expired=True)
                    gone += 1
        return gone
