"""Is a room's log what was promised? Pure: rows in, faults out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]  # seq, n, ts, cid, text


def faults(rows: Sequence[Row], acknowledged: Mapping[str, int], texts: Mapping[str, str]) -> list[str]:
    """What is wrong with `rows`, the whole log in its order; nothing, if all is well.

    `acknowledged`: the number that each cid's sender was told; `texts`: what belongs to each cid that was ever sent.
    """
    return [*_numbering(rows), *_promises(rows, acknowledged), *_contents(rows, texts)]


def _numbering(rows: Sequence[Row]) -> list[str]:
    found = []
    if [row["seq"] for row in rows] != list(range(1, len(rows) + 1)):
        holes = [f"{one['seq']}->{two['seq']}" for one, two in pairwise(rows) if two["seq"] != one["seq"] + 1]
        start = rows[0]["seq"] if rows else None
        found.append(f"the log of {len(rows)} rows is not 1..{len(rows)}: starts at {start}, breaks at {holes[:5]}")
    if [row["n"] for row in rows] != list(range(1, len(rows) + 1)):
        found.append("n does not count the messages")
    if any(two["ts"] < one["ts"] for one, two in pairwise(rows)):
        found.append("ts runs backwards")
    return found


def _promises(rows: Sequence[Row], acknowledged: Mapping[str, int]) -> list[str]:
    where = {row["cid"]: row["seq"] for row in rows}
    doubled = [cid for cid, times in Counter(row["cid"] for row in rows).items() if times > 1]
    lost = [cid for cid in acknowledged if cid not in where]
    moved = [cid for cid, seq in acknowledged.items() if cid in where and cid not in doubled and where[cid] != seq]
    told = [("acknowledged and lost", lost), ("stored twice", doubled), ("acknowledged as another number", moved)]
    return [f"{len(cids)} messages {what}, the first {cids[0]}" for what, cids in told if cids]


def _contents(rows: Sequence[Row], texts: Mapping[str, str]) -> list[str]:
    wrong = [row["cid"] for row in rows if texts.get(row["cid"]) != row["text"]]
    return [f"{len(wrong)} rows hold what nobody wrote, the first {wrong[0]}"] if wrong else []
