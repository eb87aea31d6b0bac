"""The room log: what a row is, and where the next one goes (chat.md B8 and C3).

Rules of the log, all kept here:
  * slots 0, 1, 2, ... without holes; slot 0 is the room record; a row is never moved or taken out of the middle;
  * slot k+1 is written only by someone who knows that slot k is taken (I1);
  * one (user, cid) is in the log at most once, if the client's `seen` is honest (I2);
  * `n` counts the messages, `ts` never runs backwards;
  * once a row closes the room, every later row says so too, until one opens it again.

An append is a conversation with the store, and a refusal of the conditional write is a value that is decided again:

    from_tail / from_newest  ->  Put | LookAtRecord | Already | Behind | NoRoom | Closed
    from_record              ->  Put | Already | Behind | NoRoom | Closed
    after_refusal            ->  Put | Reread | Already | Ours | Busy | Closed
    from_reread              ->  Put | Already | Behind | Closed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pingbox_core import limits

Kind = Literal["message", "edit", "delete", "reaction", "room"]
_ALWAYS: tuple[Kind, ...] = ("room", "delete")  # what may be appended to a closed room


@dataclass(frozen=True)
class Row:
    """One event in its slot. `ts` in milliseconds; `expires_at` in seconds, None: kept for ever.

    Messages have `text`, `mentions` (user ids) and `reply_to` (a seq), and change in place: `rev` counts edits and
    `edited_at` (ms) dates the last, `rx` holds the users of each emoji, `deleted` messages have lost all content.
    `amended` counts all such changes; who changes a message names the count it has read.
    Other kinds point to a message by `target`: an `edit` has its `rev`, a `reaction` its `emoji` and `op` (`add` or
    `remove`). A `room` row has the room's `title` and `topic`. `closed`: nobody may write after it.
    """

    seq: int
    n: int
    ts: int
    user: str
    name: str
    cid: str
    text: str = ""
    reply_to: int | None = None
    expires_at: int | None = None
    kind: Kind = "message"
    mentions: tuple[str, ...] = ()
    target: int | None = None
    rev: int = 0
    emoji: str | None = None
    op: str | None = None
    title: str | None = None
    topic: str | None = None
    closed: bool = False
    edited_at: int | None = None
    rx: Mapping[str, frozenset[str]] = field(default_factory=dict)
    deleted: bool = False
    amended: int = 0

    @property
    def slot(self) -> int:
        return self.seq


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """Slot 0. `last_seq`, `last_n`, `last_ts`: the head as the sweep last saw it, for when all rows have expired.

    `amended` counts the changes of title, topic and `closed`.
    """

    room: str
    epoch: str
    title: str
    topic: str
    created_by: str
    created_at: int
    last_seq: int = 0
    last_n: int = 0
    last_ts: int = 0
    closed: bool = False
    amended: int = 0

    @property
    def slot(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Head:
    """The slot after which the next row goes."""

    seq: int
    n: int
    ts: int
    closed: bool = False


@dataclass(frozen=True)
class Draft:
    """A row before it has a slot; the fields are those of `Row`. `retention` in days, None: for ever.

    The text of an `edit` is what its target becomes; the row in the log does not hold it.
    """

    room: str
    user: str
    name: str
    cid: str
    text: str = ""
    reply_to: int | None = None
    retention: int | None = None
    kind: Kind = "message"
    mentions: tuple[str, ...] = ()
    target: int | None = None
    emoji: str | None = None
    op: str | None = None
    title: str | None = None
    topic: str | None = None
    closed: bool | None = None


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
class Reread:
    """Pause up to `limits.append_pause(tries)`, read the tail from `start` on, then `from_reread`.

    `start` is the last row examined. A read must never begin higher: a row nobody has examined may hold the cid.
    """

    start: int
    tries: int


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


@dataclass(frozen=True)
class Closed:
    """The room is closed for writing."""


Step = Put | LookAtRecord | Already | Behind | NoRoom | Closed
Retry = Put | Reread | Already | Ours | Busy | Closed


def head_of(slot: Row | RoomRecord) -> Head:
    """The head if `slot` is the newest thing in the log."""
    if isinstance(slot, RoomRecord):
        return Head(slot.last_seq, slot.last_n, slot.last_ts, slot.closed)
    return Head(slot.seq, slot.n, slot.ts, slot.closed)


def from_tail(tail: Tail, seen: int, draft: Draft, now: int) -> Step:
    """Decide an append with `seen`, after the tail from `seen` on was read strongly."""
    if not tail.rows:
        return LookAtRecord(None)
    if not _is_whole(tail, seen):
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
    return _put(draft, head_of(last), now)


def from_record(record: RoomRecord | None, found: Head | None, seen: int | None, draft: Draft, now: int) -> Step:
    """Go on after `LookAtRecord(found)`. `seen` None: a script, for whom any head will do."""
    if record is None:
        return NoRoom()
    last = head_of(record)
    if found is not None and found.seq >= last.seq:
        return _put(draft, found, now)
    if seen is not None and seen != last.seq:
        return Behind()
    return _put(draft, last, now)


def after_refusal(put: Put, winner: Row | None, draft: Draft, now: int) -> Retry:
    """Decide again after the slot was refused. `winner`: what holds it; None: a transaction was in the way.

    After one refusal the winner is the head in most cases; after two the tail is read again, which finds the head
    however far others have run ahead.
    """
    if winner is not None and _is_same(winner, draft):
        is_this_write = winner.seq == put.row.seq and winner.ts == put.row.ts
        return Ours(winner) if is_this_write else Already(winner.seq)
    if put.tries >= limits.APPEND_TRIES:
        return Busy()
    if winner is None:
        return replace(put, tries=put.tries + 1)
    if put.tries % 2 == 0:
        return Reread(winner.seq, put.tries)
    return _put(draft, head_of(winner), now, put.tries + 1)


def from_reread(tail: Tail, reread: Reread, draft: Draft, now: int) -> Put | Already | Behind | Closed:
    """Go on after `Reread`, given what the read found."""
    if not tail.rows or not _is_whole(tail, reread.start):
        return Behind()
    known = find(tail.rows, draft)
    if known is not None:
        return Already(known)
    return _put(draft, head_of(tail.rows[-1]), now, reread.tries + 1)


def slotted(draft: Draft, head: Head, now: int) -> Row:
    """`draft` in the slot after `head`."""
    ts = max(now, head.ts)
    expires_at = None if draft.retention is None else (ts + draft.retention * limits.DAY) // 1000
    is_message = draft.kind == "message"
    return Row(
        seq=head.seq + 1,
        n=head.n + is_message,
        ts=ts,
        user=draft.user,
        name=draft.name,
        cid=draft.cid,
        text=draft.text if is_message else "",
        reply_to=draft.reply_to,
        expires_at=expires_at,
        kind=draft.kind,
        mentions=draft.mentions if is_message else (),
        target=draft.target,
        emoji=draft.emoji,
        op=draft.op,
        title=draft.title,
        topic=draft.topic,
        closed=head.closed if draft.closed is None else draft.closed,
    )


def find(slots: Sequence[Row | RoomRecord], draft: Draft) -> int | None:
    """The slot that holds the draft's (user, cid) already."""
    return next((slot.seq for slot in slots if isinstance(slot, Row) and _is_same(slot, draft)), None)


def _is_same(row: Row, draft: Draft) -> bool:
    return row.cid == draft.cid and row.user == draft.user


def _is_whole(tail: Tail, start: int) -> bool:
    numbers = [slot.slot for slot in tail.rows]
    return not tail.more and numbers == list(range(start, start + len(numbers)))


def _put(draft: Draft, head: Head, now: int, tries: int = 1) -> Put | Closed:
    if head.closed and draft.kind not in _ALWAYS:
        return Closed()
    return Put(slotted(draft, head, now), tries)


def _after(last: Row | RoomRecord, seen: int, draft: Draft, now: int) -> Step:
    """The tail was read to its end at `last`; only expiry (late, and in any order) can hide a newer head."""
    if isinstance(last, RoomRecord):
        return _put(draft, head_of(last), now) if last.last_seq == seen else Behind()
    if last.ts <= now - limits.SETTLED:
        return LookAtRecord(head_of(last))
    return _put(draft, head_of(last), now)
