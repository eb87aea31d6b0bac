"""Pages of a room's log: forward from a position, the newest, and backward (chat.md B5, B8, C4).

Retention thins the log from its old end, late and in any order: a reader hides what has expired, and shows only what
is contiguous, so that what it shows is always a suffix of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pingbox_core import limits
from pingbox_core.events import Event, Targets, fitting
from pingbox_core.log import Head, RoomRecord, Row, Tail, head_of


@dataclass(frozen=True)
class Page:
    """Events of consecutive slots `start..end` (`end` = `start` - 1: none). `more`: the log goes on after `end`.

    `head`: the end of the log, None if the store had more rows than were read.
    """

    events: tuple[Event, ...]
    start: int
    end: int
    head: Head | None
    more: bool = False


@dataclass(frozen=True)
class Lost:
    """The position is not in the log (any more), or the slots behind it are gone: only the newest page helps."""


def unsettled(rows: Sequence[Row]) -> set[int]:
    """The messages to read again before edits among `rows` can be told: those not among them, or read too early.

    An edit and what it makes of its message become visible one after the other, so a message that was read may still
    have an older text than an edit behind it says.
    """
    held = {row.seq: row for row in rows if row.kind == "message"}
    edits = [row for row in rows if row.kind == "edit" and row.target is not None]
    return {row.target for row in edits if row.target is not None and is_too_old(held.get(row.target), row)}


def is_too_old(target: Row | None, edit: Row) -> bool:
    """Whether the target as it was read does not know of the edit yet."""
    return target is None or (not target.deleted and target.rev < edit.rev)


def is_visible(row: Row, now: int) -> bool:
    """Whether retention still lets readers see the row at `now` (milliseconds)."""
    return row.expires_at is None or row.expires_at * 1000 > now


def forward(room: str, read: Tail, after: int, now: int, targets: Targets) -> Page | Lost:
    """The page behind `after`, given what a strong read of `seq >= after` found."""
    if not read.rows or read.rows[0].slot != after:
        return Lost()
    rows = [slot for slot in read.rows[1:] if isinstance(slot, Row)]
    if any(row.seq != after + 1 + i or not is_visible(row, now) for i, row in enumerate(rows)):
        return Lost()
    events = fitting(room, rows, targets)
    head = None if read.more else head_of(read.rows[-1])
    if head is not None and head.seq > read.rows[-1].slot:
        return Lost()  # the record remembers rows that have expired
    return Page(tuple(events), after + 1, after + len(events), head, read.more or len(events) < len(rows))


def newest(room: str, descending: Sequence[Row], record: RoomRecord, now: int, targets: Targets) -> Page:
    """The newest page. `descending`: the newest rows, newest first; the record knows the head if all have expired."""
    run: list[Row] = []
    for row in descending[: limits.PAGE_EVENTS]:
        if (run and row.seq != run[-1].seq - 1) or not is_visible(row, now):
            break
        run.append(row)
    events = fitting(room, run, targets)[::-1]
    known = [head_of(record), *(head_of(row) for row in descending[:1])]
    head = max(known, key=lambda head: head.seq)
    return Page(tuple(events), head.seq - len(events) + 1, head.seq, head)


@dataclass(frozen=True)
class Past:
    """Messages for a reader scrolling back, ascending. `more`: there are older ones."""

    events: tuple[Event, ...]
    more: bool


def past(room: str, descending: Sequence[Row], limit: int, more: bool, now: int) -> Past:
    """At most `limit` messages and 28 KB of the rows read newest first. `more`: the store had further rows."""
    visible = [row for row in takewhile(lambda row: is_visible(row, now), descending) if row.kind == "message"]
    reached_expired = any(not is_visible(row, now) for row in descending)
    events = fitting(room, visible[:limit], {})
    left = len(visible) > len(events) or (more and not reached_expired)
    return Past(tuple(reversed(events)), left)
