"""Putting rows into a room's log and telling the room (chat.md B8, C2; docs/reference/protocol.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pingbox.handlers.invocation import Invocation
from pingbox.handlers.storage.messages import TAIL_LIMIT, Refused
from pingbox.handlers.targets import targets_of
from pingbox_core import amendments, decide, effects, limits, log
from pingbox_core.amendments import Denied
from pingbox_core.log import Already, Behind, Busy, Closed, Draft, LookAtRecord, NoRoom, Ours, Put, Reread, Row
from pingbox_core.members import Member

_CONFLICT_PAUSE = 0.005  # seconds, times the tries: a transaction holds the slot for about as long

End = TypeVar("End")
Wanted = effects.Append | effects.Amend | effects.Update
Ended = Put | Ours | Already | Behind | Busy | Closed | NoRoom


def append(invocation: Invocation, wanted: effects.Append) -> Ended:
    """Put a message into its slot, or find out why not."""
    room = wanted.draft.room
    with invocation.ports.alone(room):
        step = _first_step(invocation, wanted)
        if isinstance(step, NoRoom) and wanted.room_if_missing is not None:
            step = _in_new_room(invocation, wanted, wanted.room_if_missing)
        return _race(invocation, wanted.draft, step, lambda row: invocation.messages.put(room, row))


def amend(
    invocation: Invocation, wanted: effects.Amend, member: Member
) -> tuple[Row, Row] | Already | Behind | Busy | Closed | NoRoom | Denied:
    """Change a message, if it may be changed so. The row in the log, and the message as it is now.

    A change that would change nothing has a row too: else an earlier attempt that is still under way could take effect
    after the client was told that all is well. And it is the same transaction: only that shows that what was read of
    the message still holds.
    """
    draft, messages = wanted.draft, invocation.messages
    ends: list[tuple[Row, Row] | Denied] = []

    def write(row: Row) -> Refused | None:
        target = messages.row(draft.room, draft.target or 0)
        changed = amendments.amended(target, draft, member, invocation.now)
        if isinstance(changed, Denied):
            ends.append(changed)
            return None
        row = replace(row, rev=changed.rev if draft.kind == "edit" else 0)
        refused = messages.amend(draft.room, changed, row)
        if refused is None:
            ends.append((row, changed))
        return refused

    def done_before(row: Row) -> tuple[Row, Row]:
        # Half of that transaction may not be visible yet: an edit must not be told with the text before it.
        settled = targets_of(invocation, draft.room, [row]).get(row.target or 0)
        target = settled or messages.row(draft.room, row.target or 0)
        return row, row if target is None else target

    return _both_or_neither(invocation, wanted, write, ends, done_before)


def update(
    invocation: Invocation, wanted: effects.Update, member: Member
) -> Row | Already | Behind | Busy | Closed | NoRoom | Denied:
    """Change a room's record, if the member may. The row in the log, which there is even if nothing changes."""
    draft, messages = wanted.draft, invocation.messages
    ends: list[Row | Denied] = []

    def write(row: Row) -> Refused | None:
        record = messages.record(draft.room)
        if record is None:
            raise RuntimeError(f"the record of room {draft.room} was read and is not there")
        changed = decide.changed_room(record, draft, member)
        if isinstance(changed, Denied):
            ends.append(changed)
            return None
        row = replace(row, title=changed.title, topic=changed.topic, closed=changed.closed)
        refused = messages.update_room(changed, row)
        if refused is None:
            ends.append(row)
        return refused

    return _both_or_neither(invocation, wanted, write, ends, lambda row: row)


def broadcast(invocation: Invocation, wanted: effects.Broadcast) -> None:
    """Read who is subscribed now, after the put, and post to all but the asking connection."""
    receivers = invocation.connections.receivers(wanted.room, invocation.now)
    others = [one for one in receivers if one != invocation.connection]
    invocation.line["receivers"] = len(others)
    invocation.fan_out(others, wanted.event, wanted.room)


def _both_or_neither(
    invocation: Invocation,
    wanted: Wanted,
    write: Callable[[Row], Refused | None],
    ends: list[End],
    done_before: Callable[[Row], End],
) -> End | Already | Behind | Busy | Closed | NoRoom:
    """`ends` is where `write` leaves what came of it; `done_before`: the same for a write whose answer was lost."""
    with invocation.ports.alone(wanted.draft.room):
        end = _race(invocation, wanted.draft, _first_step(invocation, wanted), write)
    if isinstance(end, Ours):
        return done_before(end.row)
    return ends[-1] if isinstance(end, Put) else end


def _first_step(invocation: Invocation, wanted: Wanted) -> log.Step:
    draft, seen, now = wanted.draft, wanted.seen, invocation.now
    if seen is not None:
        step = log.from_tail(invocation.messages.from_slot(draft.room, seen, TAIL_LIMIT), seen, draft, now)
    else:
        newest = invocation.messages.newest(draft.room, limits.SCRIPT_TAIL if wanted.cid_given else 1)
        step = log.from_newest(newest, draft, now)
    if isinstance(step, LookAtRecord):
        record = invocation.messages.record(draft.room)
        return log.from_record(record, step.found, seen, draft, now)
    return step


def _in_new_room(invocation: Invocation, wanted: effects.Append, missing: log.RoomRecord) -> log.Step:
    """Nobody has spoken here yet: the room begins now."""
    created = invocation.messages.create(missing)
    record = missing if created else invocation.messages.record(wanted.draft.room)
    if record is None:
        raise RuntimeError(f"the record of room {wanted.draft.room} was written and is not there")
    return log.from_record(record, None, wanted.seen, wanted.draft, invocation.now)


def _race(invocation: Invocation, draft: Draft, step: log.Step, write: Callable[[Row], Refused | None]) -> Ended:
    """Write at the end of the log, as often as others are faster. `write` answers None when there is nothing to add."""
    while isinstance(step, Put):
        refused = write(step.row)
        invocation.line["tries"] = step.tries
        if refused is None:
            return step
        if refused.winner is None:
            invocation.ports.pause(_CONFLICT_PAUSE * step.tries)
        retry = log.after_refusal(step, refused.winner, draft, invocation.now)
        decided = _read_again(invocation, draft, retry) if isinstance(retry, Reread) else retry
        if not isinstance(decided, Put):
            return decided
        step = decided
    if isinstance(step, LookAtRecord):
        raise RuntimeError(f"the record of room {draft.room} was not looked at")
    return step


def _read_again(invocation: Invocation, draft: Draft, reread: Reread) -> Put | Already | Behind | Closed:
    invocation.line["rereads"] = invocation.line.get("rereads", 0) + 1
    invocation.ports.pause(invocation.ports.fresh.fraction() * limits.append_pause(reread.tries))
    tail = invocation.messages.from_slot(draft.room, reread.start, TAIL_LIMIT)
    return log.from_reread(tail, reread, draft, invocation.now)
