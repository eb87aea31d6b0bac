"""One event being worked on: who asked, what was noticed on the way, and what its log line will say."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pingbox.handlers.ports import Delivery, Ports
from pingbox.handlers.storage.connections import Connections
from pingbox.handlers.storage.messages import Messages
from pingbox_core.events import frame
from pingbox_core.members import Member

_CHUNK = 200  # connection ids per FanoutLambda (chat.md C6)


@dataclass(frozen=True)
class Entry:
    """Subscription rows that this invocation wrote; whether the connection outlived the write is not known yet."""

    member: Member
    rooms: tuple[str, ...]
    tab: bool


class Invocation:
    """The tables, the time and the deliveries of one event.

    `now` is read once (milliseconds). Connections found gone are collected in `gone` with the room they were found
    in, and cleaned after all posts (C5): one failure never stops the others.
    """

    def __init__(self, ports: Ports, function: str, connection: str = "") -> None:
        self.ports = ports
        self.settings = ports.settings
        self.connections = Connections(ports)
        self.messages = Messages(ports)
        self.connection = connection
        self.now = ports.clock()
        self.gone: dict[str, str] = {}
        self.unconfirmed: Entry | None = None
        self.failure: str | None = None
        self.line: dict[str, Any] = {"function": function, "code": "ok"}
        self._posted = 0
        self._failed = 0

    def __enter__(self) -> Invocation:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: object) -> bool:
        """Write the log line. An unexpected error ends here: in the log in full, and told to nobody else."""
        if isinstance(failure, Exception):
            self.note_failure(failure)
        self.write_log_line()
        return isinstance(failure, Exception)

    def note_failure(self, failure: Exception) -> None:
        """Keep the traceback for the log line."""
        self.failure = "".join(traceback.format_exception(failure))

    def tell(self, event: Mapping[str, Any]) -> bool:
        """Post to the asking connection. False if it is gone."""
        if event["type"] == "error":
            self.line["code"] = event["code"]
        return self.post([self.connection], frame(event), "")[self.connection] is not Delivery.GONE

    def post(self, connections: Sequence[str], data: bytes, room: str) -> Mapping[str, Delivery]:
        """Post one frame to many. `room`: where they were found, `""` for no room."""
        results = self.ports.postman.post(connections, data)
        for connection, result in results.items():
            if result is Delivery.GONE:
                self.gone.setdefault(connection, room)
            elif result is Delivery.FAILED:
                self._failed += 1
            else:
                self._posted += 1
        return results

    def fan_out(self, connections: Sequence[str], event: Mapping[str, Any], room: str) -> None:
        """Post an event to many: here if they are few, else in chunks by FanoutLambda, which nobody waits for."""
        if not connections:
            return
        if len(connections) <= self.settings.inline_fanout_limit or self.settings.fanout_function is None:
            self.post(connections, frame(event), room)
            return
        text = frame(event).decode()
        for start in range(0, len(connections), _CHUNK):
            chunk = {"room": room, "connections": list(connections[start : start + _CHUNK]), "frame": text}
            self.ports.fanout(json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode())
        self.line["chunks"] = -(-len(connections) // _CHUNK)

    def write_log_line(self) -> None:
        """One flat record: no text, no name, no token ever gets into it (chat.md D10)."""
        self.line["ms"] = self.ports.clock() - self.now
        self.line["posted"] = self._posted
        if self._failed:
            self.line["failed"] = self._failed
        if self.failure is not None:
            self.line |= {"code": "internal", "error": self.failure}
        self.ports.log(self.line)
