"""Pages of a room's log: forward from a position, the newest, and backward (chat.md B5, B8, C4).

Retention thins the log from its old end, late and in any order: a reader hides what has expired, and shows only what
is contiguous, so that what it shows is always a suffix of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pingbox_core import limits
from pingbox_core.events import Event, fitting
from pingbox_core.log import Row, Tail, slot_number


@dataclass(frozen=True)
class Page:
    """Events of consecutive slots `start..end` (`end` = `start` - 1: none). `more`: the log goes on after `end`."""

    events: tuple[Event, ...]
    start: int
    end: int
    more: bool = False


@dataclass(frozen=True)
class Lost:
    """The position is not in the log (any more), or the slots behind it are gone: only the newest page helps."""


def is_visible(row: Row, now: int) -> bool:
    """Whether retention still lets readers see the row at `now` (milliseconds)."""
    return row.expires_at is None or row.expires_at * 1000 > now


def forward(room: str, read: Tail, after: int, now: int) -> Page | Lost:
    """The page behind `after`, given what a strong read of `seq >= after` found."""
    if not read.rows or slot_number(read.rows[0]) != after:
        return Lost()
    rows = [slot for slot in read.rows[1:] if isinstance(slot, Row)]
    if any(row.seq != after + 1 + i or not is_visible(row, now) for i, row in enumerate(rows)):
        return Lost()
    events = fitting(room, rows)
    return Page(tuple(events), after + 1, after + len(events), read.more or len(events) < len(rows))


def newest(room: str, descending: Sequence[Row], head: int, now: int) -> Page:
    """The newest page, given the newest rows (newest first). `head`: the last number, if there are no rows at all."""
    run: list[Row] = []
    for row in descending[: limits.PAGE_EVENTS]:
        if (run and row.seq != run[-1].seq - 1) or not is_visible(row, now):
            break
        run.append(row)
    events = fitting(room, run)[::-1]
    end = run[0].seq if run else head
    return Page(tuple(events), end - len(events) + 1, end)


@dataclass(frozen=True)
class Past:
    """Messages for a reader scrolling back, ascending. `more`: there are older ones."""

    events: tuple[Event, ...]
    more: bool


def past(room: str, descending: Sequence[Row], limit: int, more: bool, now: int) -> Past:
    """At most `limit` messages and 28 KB of the rows read newest first. `more`: the store had further rows."""
    visible = [row for row in takewhile(lambda row: is_visible(row, now), descending) if row.kind == "message"]
    reached_expired = any(not is_visible(row, now) for row in descending)
    events = fitting(room, visible[:limit])
    left = len(visible) > len(events) or (more and not reached_expired)
    return Past(tuple(reversed(events)), left)
