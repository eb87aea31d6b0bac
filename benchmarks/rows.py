"""Figures of two servers, on one core and on all, as a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Figures = tuple[str, str, float, float | None]
"""(what, unit, PingBox, the reference in the same run or None)."""


@dataclass(frozen=True)
class Row:
    """What was measured: a pair (PingBox, reference or None) with server and load on one core, and one on all."""

    what: str
    unit: str
    pinned: tuple[float, float | None]
    free: tuple[float, float | None]


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and the servers it starts, on one core where the platform can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def both_ways(measure: Callable[[], Iterable[Figures]]) -> list[Row]:
    """Measure with everything on one core, and again as users run it."""
    with one_core():
        pinned = list(measure())
    free = list(measure())
    return [
        Row(what, unit, (ours, raw), (free_ours, free_raw))
        for (what, unit, ours, raw), (_, _, free_ours, free_raw) in zip(pinned, free, strict=True)
    ]


def table(rows: list[Row], reference: str = "raw websockets") -> str:
    """The rows as a Markdown table; the unpinned figures, which users see, come first."""
    lines = [
        f"| | unit | PingBox | {reference} | ratio | PingBox, one core | {reference}, one core | ratio, one core |",
        "|--|--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(f"| {row.what} | {row.unit} | {_cells(row.free)} | {_cells(row.pinned)} |")
    return "\n".join(lines)


def _cells(pair: tuple[float, float | None]) -> str:
    ours, raw = pair
    if not raw:
        return f"{ours:,.1f} | | "
    return f"{ours:,.1f} | {raw:,.1f} | {ours / raw:.2f}"
