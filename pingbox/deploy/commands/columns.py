"""Lists of resources as people read them: columns that fit 80 characters, details below their row. Pure.

A table with a border and a column for everything breaks every type name in two on a terminal of that width.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from pingbox.deploy.plan.changes import PropertyChange, ResourceChange
from pingbox.deploy.plan.data_types import holds_data

_WIDTH = 78
_INDENT = " " * 10
_CONTEXT = 8  # characters of what two long values have in common, before the first that differs
_ACTION_STYLE = {"Add": "green", "Modify": "yellow", "Remove": "red"}
_REPLACEMENT = {"True": "REPLACED", "Conditional": "maybe REPLACED", "False": "no"}


@dataclass(frozen=True)
class ListingRow:
    """One line of cells, its first in a style of its own, and the lines below it."""

    cells: tuple[str, ...]
    style: str = ""
    last_style: str = ""
    details: tuple[str, ...] = ()


def changes_listing(changes: Sequence[ResourceChange]) -> Text:
    """What a change set would do; the column `replacement` is there when something could be replaced."""
    headings = ["action", "resource", "type"]
    if any(change.replacement for change in changes):
        headings.append("replacement")
    return _listing(headings, [_change_row(change, len(headings)) for change in changes])


def resources_listing(resources: Iterable[Mapping[str, Any]], kept: Iterable[str]) -> Text:
    """What a destroy takes away and what it leaves; tables and buckets by their names on AWS as well."""
    stays = set(kept)
    return _listing(["", "resource", "type"], [_resource_row(entry, stays) for entry in resources])


def short_type(type_name: str) -> str:
    """`Lambda::Function`: what nearly all have in common is left out."""
    return type_name.removeprefix("AWS::")


def _change_row(change: ResourceChange, columns: int) -> ListingRow:
    cells = (change.action, change.logical_id, short_type(change.type), _REPLACEMENT.get(change.replacement or "", ""))
    return ListingRow(
        cells[:columns],
        _ACTION_STYLE.get(change.action, ""),
        "bold red" if change.replacement in {"True", "Conditional"} else "",
        tuple(map(property_line, change.properties)),
    )


def _resource_row(entry: Mapping[str, Any], stays: set[str]) -> ListingRow:
    physical, type_name = entry.get("PhysicalResourceId", ""), entry["ResourceType"]
    named = physical and (holds_data(type_name) or physical in stays)
    word, style = ("stays", "yellow") if physical in stays else ("goes", "red")
    cells = (word, entry["LogicalResourceId"], short_type(type_name))
    return ListingRow(cells, style, details=(physical,) if named else ())


def property_line(change: PropertyChange) -> str:
    """`Timeout: 10 → 20`, in one line of a terminal; of long values the part that differs."""
    if change.before is None and change.after is None:
        return change.path
    room = max(16, (_WIDTH - len(_INDENT) - len(change.path) - 5) // 2)
    before, after = _differing(change.before, change.after, room)
    return f"{change.path}: {before} → {after}"


def shortened(value: str | None, room: int = 60) -> str:
    """The value's beginning, and `(not set)` where there is none."""
    text = "(not set)" if value is None else value
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _differing(before: str | None, after: str | None, room: int) -> tuple[str, str]:
    if before is None or after is None or max(len(before), len(after)) <= room:
        return shortened(before, room), shortened(after, room)
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    skipped = max(0, same - _CONTEXT)
    mark = "…" if skipped else ""
    return shortened(mark + before[skipped:], room), shortened(mark + after[skipped:], room)


def _listing(headings: Sequence[str], rows: Sequence[ListingRow]) -> Text:
    widths = [max(map(len, column)) for column in zip(headings, *(row.cells for row in rows), strict=True)]
    lines = [Text(_padded(headings, widths), "dim")]
    for row in rows:
        line = Text(_padded(row.cells, widths))
        line.stylize(row.style, 0, len(row.cells[0]))
        line.stylize(row.last_style, len(line) - len(row.cells[-1]))
        lines += [line, *(Text(_INDENT + detail, "dim") for detail in row.details)]
    return Text("\n").join(lines)


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
