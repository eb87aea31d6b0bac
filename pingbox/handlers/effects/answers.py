"""Answering from the log and the lists: `sync`, `history`, `who`, `listRooms`, `ping`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pingbox.handlers.invocation import Invocation
from pingbox.handlers.storage.messages import SYNC_LIMIT
from pingbox.handlers.targets import targets_of
from pingbox_core import decide, effects, events, limits, pages
from pingbox_core.commands import Position
from pingbox_core.errors import Code, Request
from pingbox_core.log import Head, RoomRecord, Row, Tail, head_of
from pingbox_core.members import Presence, people
from pingbox_core.names import direct_members


@dataclass(frozen=True)
class View:
    """A room as a client at some position sees it. `reset`: the position was of no use.

    `rows`: what was read of the log's end, ascending, to find the newest message in.
    """

    record: RoomRecord
    page: pages.Page
    head: Head
    floor: int
    reset: bool
    rows: tuple[Row, ...] = ()

    @property
    def has_news(self) -> bool:
        return self.reset or bool(self.page.events)

    @property
    def sync(self) -> events.Event:
        page = self.page
        return events.sync(self.record, page.events, page.start, page.end, self.head.seq, page.more, self.reset)


def view(invocation: Invocation, position: Position, record: RoomRecord) -> View:
    """What a client that comes in at `position` needs: what it missed, or the newest page if that is too much."""
    seen = _page_from(invocation, position, record)
    if position.seen is not None and not seen.reset and seen.head.seq - position.seen > limits.GAP_EVENTS:
        return _newest(invocation, record, reset=False)
    return seen


def send_page(invocation: Invocation, wanted: effects.SendPage) -> None:
    """Answer a `sync`."""
    room = wanted.position.room
    record = invocation.messages.record(room)
    if record is None:
        invocation.tell(_no_such_room(room, wanted.request))
        return
    seen = _page_from(invocation, wanted.position, record)
    invocation.tell(events.answer("sync", wanted.request) | seen.sync)


def send_history(invocation: Invocation, wanted: effects.SendHistory) -> None:
    """Answer a `history`: keep reading until the page is full, the rows end, or they are hidden."""
    before = limits.HIGHEST_SEQ if wanted.before is None else wanted.before
    rows: list[Row] = []
    more = True
    while more and sum(row.kind == "message" for row in rows) <= wanted.limit:
        found, more = invocation.messages.before(wanted.room, rows[-1].seq if rows else before, limits.HISTORY_ROWS)
        rows += found
    past = pages.past(wanted.room, rows, wanted.limit, more, invocation.now)
    floor = _floor(invocation, wanted.room)
    fields = {"room": wanted.room, "events": list(past.events), "more": past.more, "floor": floor}
    invocation.tell(events.answer("history", wanted.request, **fields))


def send_people(invocation: Invocation, wanted: effects.SendPeople) -> None:
    """Answer a `who`; an eventually consistent read will do."""
    present = invocation.connections.present(wanted.room, invocation.now, strong=False)
    lately = recent(invocation, wanted.room, present)
    invocation.tell(events.answer("who", wanted.request) | events.who(wanted.room, people(present), lately))


def recent(invocation: Invocation, room: str, present: list[Presence]) -> list[dict[str, Any]]:
    """Who wrote in the room lately and is not there now, last seen first; of a direct room, the other user."""
    here = {one.user for one in present if not one.plain}
    slots = invocation.messages.newest(room, limits.HISTORY_ROWS)
    writers = [slot.user for slot in slots if isinstance(slot, Row)] + list(direct_members(room) or ())
    gone = [user for user in dict.fromkeys(writers) if user not in here][: limits.RECENT_USERS]
    documents = invocation.messages.documents(gone).values()
    seen = [(one.last_seen, one) for one in documents if one.last_seen is not None]
    ordered = sorted(seen, key=lambda pair: (-pair[0], pair[1].user))
    return [{"id": one.user, "name": one.name, "lastSeen": at} for at, one in ordered]


def last_message(invocation: Invocation, seen: View) -> Row | None:
    """The newest message of the room; read again only if what was read ends in other events."""
    found = _newest_message(seen.rows[::-1])
    if found is None and seen.head.n:
        found = _newest_message(invocation.messages.newest(seen.record.room, limits.HISTORY_ROWS))
    return found if found is not None and pages.is_visible(found, invocation.now) else None


def _newest_message(descending: Sequence[Row | RoomRecord]) -> Row | None:
    return next((row for row in descending if isinstance(row, Row) and row.kind == "message"), None)


def send_rooms(invocation: Invocation, wanted: effects.SendRooms) -> None:
    """Answer a `listRooms`."""
    found, more = invocation.messages.directory(wanted.after, wanted.limit)
    newest = [partial(invocation.messages.newest, one["roomId"], 1) for one in found]
    heads = [head_of(slots[0]) if slots else None for slots in invocation.ports.together(newest)]
    invocation.tell(events.rooms(wanted.request, list(zip(found, heads, strict=True)), more))


def send_pong(invocation: Invocation, wanted: effects.SendPong) -> None:
    """Answer a `ping`: where is the client behind?"""
    heads = invocation.ports.together([partial(_head, invocation, room) for room, _ in wanted.rooms])
    behind = {room: head for (room, seen), head in zip(wanted.rooms, heads, strict=True) if head > seen}
    invocation.tell(events.answer("pong", wanted.request, now=invocation.now, behind=behind))


def _page_from(invocation: Invocation, position: Position, record: RoomRecord) -> View:
    """The page behind the position; the newest page if there is no position, or none that means anything here."""
    if position.seen is None:
        return _newest(invocation, record, reset=position.epoch not in (None, record.epoch))
    if position.epoch not in (None, record.epoch):
        return _newest(invocation, record, reset=True)
    tail = invocation.messages.from_slot(record.room, position.seen, SYNC_LIMIT)
    rows = tuple(slot for slot in tail.rows if isinstance(slot, Row))
    targets = targets_of(invocation, record.room, rows)
    told = _as_record_says(tail, position.seen, record)
    page = pages.forward(record.room, told, position.seen, invocation.now, targets)
    if isinstance(page, pages.Lost):
        return _newest(invocation, record, reset=True)
    floor = _floor(invocation, record.room)
    if page.head is not None:
        return View(record, page, page.head, floor, False, rows)
    newest = [slot for slot in invocation.messages.newest(record.room, 1) if isinstance(slot, Row)]
    return View(record, page, head_of(newest[0]), floor, False, tuple(newest))


def _as_record_says(tail: Tail, seen: int, record: RoomRecord) -> Tail:
    """A client may stand at the head of a log whose rows have all expired; then the record vouches for its position."""
    if not tail.rows and 0 < seen == record.last_seq:
        return Tail((Row(seen, record.last_n, record.last_ts, "", "", "", ""),))
    return tail


def _newest(invocation: Invocation, record: RoomRecord, *, reset: bool) -> View:
    slots = invocation.messages.newest(record.room, limits.PAGE_EVENTS)
    rows = [slot for slot in slots if isinstance(slot, Row)]
    targets = targets_of(invocation, record.room, rows)
    page = pages.newest(record.room, rows, record, invocation.now, targets)
    head = page.head or head_of(record)
    return View(record, page, head, _floor(invocation, record.room), reset, tuple(rows[::-1]))


def _head(invocation: Invocation, room: str) -> int:
    newest = invocation.messages.newest(room, 1)
    return head_of(newest[0]).seq if newest else 0


def _floor(invocation: Invocation, room: str) -> int:
    return 1 if invocation.settings.retention_days is None else invocation.messages.floor(room, invocation.now)


def _no_such_room(room: str, request: Request) -> events.Event:
    return decide.refuse(Code.NO_SUCH_ROOM, f"there is no room {room}; createRoom makes one", request, room).event
