"""SweepLambda, scheduled every five minutes: ghosts in rooms where nobody writes (C5), and heads to remember (C4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.effects import departure
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports
from pingbox_core import limits
from pingbox_core.log import Row

_ROOMS_AT_ONCE = 100


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Ask the gateway about every connection that was silent for six minutes, and remove those it does not know.

    `event["silentFor"]`, milliseconds, takes the place of the six minutes: 0 asks about all of them.
    """
    silent = event.get("silentFor", limits.SILENT)
    with Invocation(ports, "sweep") as invocation:
        asked = ghosts = 0
        for connection in invocation.connections.silent_since(invocation.now - silent):
            asked += 1
            if not ports.postman.is_open(connection) and departure.depart(invocation, connection):
                ghosts += 1
        invocation.line |= {"asked": asked, "ghosts": ghosts}
        invocation.line.pop("user", None)
        departure.clean(invocation)
        if invocation.settings.retention_days is not None:
            invocation.line["heads"] = _note_heads(invocation)
    return {}


def _note_heads(invocation: Invocation) -> int:
    """Write each room's head into its record, before the rows that know it can expire; how many rooms were seen."""
    seen = 0
    after: str | None = None
    more = True
    while more:
        found, more = invocation.messages.directory(after, _ROOMS_AT_ONCE)
        for entry in found:
            after = entry["roomId"]
            seen += 1
            newest = invocation.messages.newest(entry["roomId"], 1)
            if newest and isinstance(newest[0], Row):
                invocation.messages.note_head(entry["roomId"], newest[0].seq, newest[0].n, newest[0].ts)
    return seen


lambda_handler = environment.function(handle, management=True)
