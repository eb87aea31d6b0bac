"""`--trace DIR`: every event, response and frame as JSON lines, whole, so that they can be sent again.

Unlike the live log, a trace holds what people wrote. It is written only where it was asked for, readable by its owner.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from pingbox.emulator.activity import (
    Activity,
    AwsCalled,
    IntegrationTimedOut,
    InvocationEnded,
    InvocationStarted,
    Invoked,
)
from pingbox.emulator.history import Entry
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.local.log.log_writer import write_all

_log = logging.getLogger("pingbox.serve")


class TraceError(Exception):
    """A trace file that cannot be read; the text names the file, the line and what was expected."""


@dataclass(frozen=True)
class TracedEvent:
    """One recorded invocation: which function got which event, and how that ended (`outcome_fields`)."""

    route_key: str
    function: str
    event: Any
    outcome: dict[str, Any]


class Trace:
    """Reads the history and writes `DIR/YYYYMMDD-HHMMSS.jsonl`. Close it at the end."""

    def __init__(self, folder: Path, now: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / time.strftime("%Y%m%d-%H%M%S.jsonl", time.localtime(now))
        self._descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._failed = False

    def __call__(self, entry: Entry) -> None:
        if self._failed or isinstance(entry.activity, InvocationStarted | InvocationEnded):
            return  # `Invoked` has what is to be sent again
        numbers = {"number": entry.number, "cause": entry.cause}
        line = json.dumps(numbers | fields(entry.activity), ensure_ascii=False, default=str) + "\n"
        try:
            # A lone surrogate, which UTF-8 cannot hold, is escaped by this as JSON escapes it.
            write_all(self._descriptor, line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._failed = True
            _log.warning("the trace %s ends here: %s; what runs goes on without it", self.file, error)

    def close(self) -> None:
        """No line after this."""
        self._failed = True
        os.close(self._descriptor)


def fields(activity: Activity) -> dict[str, Any]:
    """An activity as a JSON object; `type` is its name."""
    plain = {"type": type(activity).__name__, **vars(activity)}
    if isinstance(activity, Invoked):
        plain["outcome"] = outcome_fields(activity.outcome)
    if isinstance(activity, AwsCalled):
        plain["call"] = vars(activity.call)
    return plain


def outcome_fields(outcome: Outcome | IntegrationTimedOut) -> dict[str, Any]:
    """`{"returned": …}`, `{"error": …}` as Lambda words it, `{"notInvoked": reason}`, or `{"timedOut": true}`."""
    match outcome:
        case Returned():
            return {"returned": outcome.value}
        case FunctionError():
            return {"error": outcome.payload()}
        case NotInvoked():
            return {"notInvoked": outcome.reason}
        case IntegrationTimedOut():
            return {"timedOut": True}
        case _:
            assert_never(outcome)


def read_events(file: Path) -> Iterator[TracedEvent]:
    """The invocations of a trace, in order. Raises `TraceError`."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if entry["type"] == "Invoked":
                yield TracedEvent(entry["route_key"], entry["function"], entry["event"], entry["outcome"])
        except (ValueError, KeyError, TypeError) as error:
            raise TraceError(f"{file}, line {number}: expected a line that --trace wrote, got {line[:40]!r}") from error
