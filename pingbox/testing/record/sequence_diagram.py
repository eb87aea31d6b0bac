"""What happened in a test, as a sequence diagram in text. Pure.

Time runs downwards; a column for each client, one for the gateway, one for each function:

     ana     bo   gateway  sendMessage
      ├──────┼──────▶│         │       {"action":"sendMessage"}
      │      │       ├────────▶│       sendMessage
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from pingbox.emulator.activity import (
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    ManagementCalled,
    Refused,
)
from pingbox.testing.clients.expectation import cut
from pingbox.testing.record.invocations import Invocation
from pingbox.testing.record.recorder import Began, Ended, Step, Triggered

MAX_STEPS = 60
MAX_CLIENTS = 9
"""Columns of clients; what does not fit shares the last one."""
GATEWAY = "gateway"
_NARROWEST = 6  # characters between two life lines


@dataclass(frozen=True)
class Arrow:
    """From one column to another."""

    source: str
    target: str
    label: str


@dataclass(frozen=True)
class End:
    """A column's line is cut here."""

    column: str
    label: str


@dataclass(frozen=True)
class Note:
    """Something that belongs to no column."""

    label: str


Row = Arrow | End | Note


def draw(steps: Sequence[Step], name_of: Callable[[str], str]) -> str:
    """The diagram of the last steps; `name_of` tells the client's name for a connection id. Empty without steps."""
    shown = steps[-MAX_STEPS:]
    rows = [row for step in shown for row in _rows(step, name_of)]
    if not rows:
        return ""
    rows = _folded(shown, rows)
    lines = _drawn(rows, _columns(shown, rows))
    left_out = len(steps) - len(shown)
    return "\n".join([f"… {left_out} steps before", *lines] if left_out else lines)


def _rows(step: Step, name_of: Callable[[str], str]) -> list[Row]:
    match step:
        case Began(invocation):
            return _began(invocation, name_of)
        case Ended(invocation):
            milliseconds = f"{invocation.duration * 1000:.0f} ms"
            return [Arrow(invocation.function, GATEWAY, f"{invocation.ended_in} ({milliseconds})")]
        case ManagementCalled():
            if step.method == "POST" and step.status < 300:
                return []  # the frame is the next row
            return [Note(f"{step.method} @connections/{name_of(step.connection_id)} → {step.status}")]
        case Triggered(what):
            return [Note(f"⚡ {what}")]
        case _:
            return [_on_the_wire(step, name_of(step.connection_id))]


def _began(invocation: Invocation, name_of: Callable[[str], str]) -> list[Row]:
    begun = Arrow(GATEWAY, invocation.function, invocation.route_key or "invoke")
    if invocation.route_key != "$connect":
        return [begun]
    return [Arrow(name_of(invocation.connection_id), GATEWAY, "connect"), begun]


def _on_the_wire(step: Connected | Refused | FrameReceived | FrameSent | Disconnected, name: str) -> Row:
    match step:
        case Connected():
            return Arrow(GATEWAY, name, f"101 {step.connection_id}")
        case Refused():
            return Arrow(GATEWAY, name, f"{step.status} {step.reason}")
        case FrameReceived():
            return Arrow(name, GATEWAY, cut(step.text))
        case FrameSent():
            return Arrow(GATEWAY, name, f"{step.cause}: {cut(step.text)}")
        case Disconnected():
            return End(name, f"closed {step.code} {step.reason}".rstrip())
        case _:
            assert_never(step)


def _folded(steps: Sequence[Step], rows: Sequence[Row]) -> list[Row]:
    """The rows, with one column for all clients beyond the first ones; their labels begin with their names."""
    clients = _clients(steps, rows)
    if len(clients) <= MAX_CLIENTS:
        return list(rows)
    others = set(clients[MAX_CLIENTS - 1 :])
    column = f"{len(others)} others"
    folded: list[Row] = []
    for row in rows:
        match row:
            case Arrow(source, target, label) if source in others:
                folded.append(Arrow(column, target, f"{source}: {label}"))
            case Arrow(source, target, label) if target in others:
                folded.append(Arrow(source, column, f"{target}: {label}"))
            case End(name, label) if name in others:
                folded.append(Note(f"{name} {label}"))
            case _:
                folded.append(row)
    return folded


def _functions(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(step.invocation.function for step in steps if isinstance(step, Began | Ended)))


def _columns(steps: Sequence[Step], rows: Sequence[Row]) -> list[str]:
    """Clients in the order in which they appear, the gateway, functions likewise."""
    return [*_clients(steps, rows), GATEWAY, *_functions(steps)]


def _clients(steps: Sequence[Step], rows: Sequence[Row]) -> list[str]:
    clients: list[str] = []
    for row in rows:
        match row:
            case Arrow(source, target, _):
                clients += [source, target]
            case End(column, _):
                clients.append(column)
            case Note():
                pass
            case _:
                assert_never(row)
    known = {GATEWAY, *_functions(steps)}
    return [name for name in dict.fromkeys(clients) if name not in known]


def _drawn(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    positions, heading = _places(columns)
    lines = [heading]
    for row in rows:
        drawn = [" "] * (positions[columns[-1]] + 1)
        for position in positions.values():
            drawn[position] = "│"
        match row:
            case Arrow(source, target, _):
                _arrow(drawn, positions[source], positions[target])
            case End(column, _):
                drawn[positions[column]] = "╳"
            case Note():
                pass
            case _:
                assert_never(row)
        lines.append("".join(drawn) + "   " + row.label)
    return lines


def _places(columns: Sequence[str]) -> tuple[dict[str, int], str]:
    """Where each life line is drawn, and the names above them, each in the middle of its line."""
    positions: dict[str, int] = {}
    heading = ""
    for name in columns:
        start = len(heading) + 2 if heading else 0
        half = len(name) // 2
        previous = max(positions.values(), default=-_NARROWEST)
        position = max(start + half, previous + _NARROWEST)
        positions[name] = position
        heading = heading.ljust(position - half) + name
    return positions, heading


def _arrow(drawn: list[str], source: int, target: int) -> None:
    low, high = sorted((source, target))
    for at in range(low + 1, high):
        drawn[at] = "┼" if drawn[at] == "│" else "─"
    if source < target:
        drawn[low], drawn[high - 1] = "├", "▶"
    else:
        drawn[high], drawn[low + 1] = "┤", "◀"
