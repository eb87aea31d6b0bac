"""Appending to a room's log and telling the room (chat.md B8, C2)."""

from __future__ import annotations

from typing import assert_never

from pingbox.handlers.invocation import Invocation
from pingbox.handlers.messages import TAIL_LIMIT
from pingbox_core import effects, limits, log
from pingbox_core.log import Already, Behind, Busy, LookAtRecord, NoRoom, Ours, Put

_CONFLICT_PAUSE = 0.005  # seconds, times the tries: a transaction holds the slot for about as long


def append(invocation: Invocation, wanted: effects.Append) -> Put | Ours | Already | Behind | Busy:
    """Put the draft into its slot, or find out why not."""
    step = _first_step(invocation, wanted)
    if isinstance(step, NoRoom):
        step = _in_new_room(invocation, wanted)
    match step:
        case Put():
            return _put(invocation, wanted.draft, step)
        case Already() | Behind():
            return step
        case LookAtRecord() | NoRoom():
            raise RuntimeError(f"the record of room {wanted.draft.room} was written and is not there")
        case _:
            assert_never(step)


def broadcast(invocation: Invocation, wanted: effects.Broadcast) -> None:
    """Read who is subscribed now, after the put, and post to all but the asking connection."""
    receivers = invocation.connections.receivers(wanted.room, invocation.now)
    others = [one for one in receivers if one != invocation.connection]
    invocation.line["receivers"] = len(others)
    invocation.fan_out(others, wanted.event, wanted.room)


def _first_step(invocation: Invocation, wanted: effects.Append) -> log.Step:
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


def _in_new_room(invocation: Invocation, wanted: effects.Append) -> log.Step:
    """Nobody has spoken here yet: the room begins now."""
    draft = wanted.draft
    created = invocation.messages.create(wanted.room_if_missing)
    record = wanted.room_if_missing if created else invocation.messages.record(draft.room)
    return log.from_record(record, None, wanted.seen, draft, invocation.now)


def _put(invocation: Invocation, draft: log.Draft, put: Put) -> Put | Ours | Already | Busy:
    while True:
        refused = invocation.messages.put(draft.room, put.row)
        invocation.line["tries"] = put.tries
        if refused is None:
            return put
        retry = log.after_refusal(put, refused.winner, draft, invocation.now)
        if not isinstance(retry, Put):
            return retry
        if refused.winner is None:
            invocation.ports.pause(_CONFLICT_PAUSE * put.tries)
        put = retry
