"""The messages that edits are about, never older than the edit says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pingbox.handlers.invocation import Invocation
from pingbox.handlers.storage.dynamodb import StoreBusyError
from pingbox_core import events, pages
from pingbox_core.log import Row

_TARGET_TRIES: Final = 6
_TARGET_PAUSE: Final = 0.01  # seconds, times the reads so far


def targets_of(invocation: Invocation, room: str, rows: Sequence[Row]) -> events.Targets:
    """The messages among `rows` and those that edits among them are about, none older than the edit says."""
    held = {row.seq: row for row in rows if row.kind == "message"}
    edits = [row for row in rows if row.kind == "edit"]
    missing = pages.unsettled(rows)
    for attempt in range(_TARGET_TRIES):
        if not missing:
            return held
        if attempt:
            invocation.ports.pause(_TARGET_PAUSE * attempt)
        held |= invocation.messages.rows(room, missing)
        old = {edit.target for edit in edits if edit.target in held and pages.is_too_old(held[edit.target], edit)}
        missing = {seq for seq in missing if seq in old}
    if missing:
        raise StoreBusyError(f"half of a transaction in {room} is still not visible after {_TARGET_TRIES} reads")
    return held
