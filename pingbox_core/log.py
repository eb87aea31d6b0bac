"""The room log: what a row is, and where the next one goes (chat.md B8 and C3).

Rules of the log, all kept here:
  * slots 0, 1, 2, ... without holes; slot 0 is the room record; a row is never moved or taken out of the middle;
  * slot k+1 is written only by someone who knows that slot k is taken (I1);
  * one (user, cid) is in the log at most once, if the client's `seen` is honest (I2);
  * `n` counts the messages, `ts` never runs backwards.

An append is a conversation with the store, and a refusal of the conditional write is a value that is decided again:

    from_tail / from_newest  ->  Put | LookAtRecord | Already | Behind | NoRoom
    from_record              ->  Put | Already | Behind | NoRoom
    after_refusal            ->  Put | Already | Ours | Busy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pingbox_core import limits


@dataclass(frozen=True, slots=True)
class Row:
    """A message in its slot. `ts` in milliseconds; `expires_at` in seconds, None: kept for ever."""

    seq: int
    n: int
    ts: int
    user: str
    name: str
    cid: str
    text: str
    reply_to: int | None = None
    expires_at: int | None = None
    kind: str = "message"

    @property
    def slot(self) -> int:
        return self.seq


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """Slot 0. `last_seq`, `last_n`, `last_ts`: the head as the sweep last saw it, for when all rows have expired."""

    room: str
    epoch: str
    title: str
    topic: str
    created_by: str
    created_at: int
    last_seq: int = 0
    last_n: int = 0
    last_ts: int = 0

    @property
    def slot(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Head:
    """The slot after which the next row goes."""

    seq: int
    n: int
    ts: int


@dataclass(frozen=True)
class Draft:
    """A row before it has a slot. `retention` in days, None: for ever."""

    room: str
    user: str
    name: str
    cid: str
    text: str
    reply_to: int | None = None
    retention: int | None = None


@dataclass(frozen=True)
class Tail:
    """What a strong read of `seq >= seen` found, ascending. `more`: there were rows beyond the limit."""

    rows: tuple[Row | RoomRecord, ...]
    more: bool = False


@dataclass(frozen=True)
class Put:
    """Write `row` if its slot is free; `tries` counts this write."""

    row: Row
    tries: int = 1


@dataclass(frozen=True)
class LookAtRecord:
    """The newest row found is so old that newer ones may have expired: read the room record, then `from_record`."""

    found: Head | None


@dataclass(frozen=True)
class Already:
    """The same (user, cid) is in the log."""

    seq: int


@dataclass(frozen=True)
class Ours:
    """The refused write had been done after all: the SDK repeated a request whose answer was lost."""

    row: Row


@dataclass(frozen=True)
class Behind:
    """`seen` is unknown, too old, or below what retention has left."""


@dataclass(frozen=True)
class Busy:
    """Too many others were faster."""


@dataclass(frozen=True)
class NoRoom:
    """There is no room record."""


Step = Put | LookAtRecord | Already | Behind | NoRoom
Retry = Put | Already | Ours | Busy


def head_of(slot: Row | RoomRecord) -> Head:
    """The head if `slot` is the newest thing in the log."""
    if isinstance(slot, RoomRecord):
        return Head(slot.last_seq, slot.last_n, slot.last_ts)
    return Head(slot.seq, slot.n, slot.ts)


def from_tail(tail: Tail, seen: int, draft: Draft, now: int) -> Step:
    """Decide an append with `seen`, after the tail from `seen` on was read strongly."""
    if not tail.rows:
        return LookAtRecord(None)
    numbers = [slot.slot for slot in tail.rows]
    if tail.more or numbers != list(range(seen, seen + len(numbers))):
        return Behind()
    known = find(tail.rows, draft)
    if known is not None:
        return Already(known)
    return _after(tail.rows[-1], seen, draft, now)


def from_newest(newest: Sequence[Row | RoomRecord], draft: Draft, now: int) -> Step:
    """Decide an append without `seen` (scripts), given the newest slots, newest first. The check is best effort."""
    if not newest:
        return NoRoom()
    known = find(newest, draft)
    if known is not None:
        return Already(known)
    last = newest[0]
    if isinstance(last, Row) and last.ts <= now - limits.SETTLED:
        return LookAtRecord(head_of(last))
    return Put(slotted(draft, head_of(last), now))


def from_record(record: RoomRecord | None, found: Head | None, seen: int | None, draft: Draft, now: int) -> Step:
    """Go on after `LookAtRecord(found)`. `seen` None: a script, for whom any head will do."""
    if record is None:
        return NoRoom()
    last = head_of(record)
    if found is not None and found.seq >= last.seq:
        return Put(slotted(draft, found, now))
    if seen is not None and seen != last.seq:
        return Behind()
    return Put(slotted(draft, last, now))


def after_refusal(put: Put, winner: Row | None, draft: Draft, now: int) -> Retry:
    """Decide again after the slot was refused. `winner`: what holds it; None: a transaction was in the way."""
    if winner == put.row:
        return Ours(put.row)
    if winner is not None and _is_same(winner, draft):
        return Already(winner.seq)
    if put.tries >= limits.APPEND_TRIES:
        return Busy()
    if winner is None:
        return replace(put, tries=put.tries + 1)
    return Put(slotted(draft, head_of(winner), now), put.tries + 1)


def slotted(draft: Draft, head: Head, now: int) -> Row:
    """`draft` in the slot after `head`."""
    ts = max(now, head.ts)
    expires_at = None if draft.retention is None else (ts + draft.retention * limits.DAY) // 1000
    return Row(head.seq + 1, head.n + 1, ts, draft.user, draft.name, draft.cid, draft.text, draft.reply_to, expires_at)


def find(slots: Sequence[Row | RoomRecord], draft: Draft) -> int | None:
    """The slot that holds the draft's (user, cid) already."""
    return next((slot.seq for slot in slots if isinstance(slot, Row) and _is_same(slot, draft)), None)


def _is_same(row: Row, draft: Draft) -> bool:
    return row.cid == draft.cid and row.user == draft.user


def _after(last: Row | RoomRecord, seen: int, draft: Draft, now: int) -> Step:
    """The tail was read to its end at `last`; only expiry (late, and in any order) can hide a newer head."""
    if isinstance(last, RoomRecord):
        return Put(slotted(draft, head_of(last), now)) if last.last_seq == seen else Behind()
    if last.ts <= now - limits.SETTLED:
        return LookAtRecord(head_of(last))
    return Put(slotted(draft, head_of(last), now))
