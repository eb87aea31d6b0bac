"""An hour of a rough life at speed-up: 1,000 connections, 50 environments at once, handlers and clients that misbehave.

The idle timeout is 15 s instead of 10 minutes and a connection may last 45 s instead of 2 hours, so that 2.5 minutes
hold as many ends of connections as 100 minutes of idling and 6 hours of staying. It can fail: a stuck connection, an
orphan process, an unexpected answer or memory that grows ends it with exit code 1.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from support.sockets.rough_crowd import Times
from support.sockets.soak import Soak, Verdict, run_soak

_FLAT = 1.05  # memory of the last quarter by that of the second


def run(quick: bool = False) -> Verdict:
    """The whole soak; `quick` for a look with 60 connections."""
    soak = Soak(members=1_000, seconds=150, times=Times(idle=15, duration=45, think=6))
    if quick:
        soak = Soak(members=60, seconds=15, times=Times(idle=5, duration=10, think=1), environments=10)
    with tempfile.TemporaryDirectory() as folder:
        verdict = asyncio.run(run_soak(soak, Path(folder)))
    broken = verdict.faults + verdict.stuck + verdict.orphans + ["a socket is held"] * verdict.sockets
    if not quick and _growth(verdict) > _FLAT:
        broken.append("memory grows")
    if broken:
        raise SystemExit("\n".join([table(verdict), "", f"{len(broken)} broken promises:", *_kinds(broken)]))
    return verdict


def _growth(verdict: Verdict) -> float:
    return verdict.quarter(4, lambda one: one.memory) / verdict.quarter(2, lambda one: one.memory)


def _kinds(broken: list[str]) -> list[str]:
    """Each kind of broken promise with its first example: a thousand of one kind must not hide another."""
    kinds: dict[str, list[str]] = {}
    for one in broken:
        kinds.setdefault(one[:40], []).append(one)
    return [f"{len(those)} times: {those[0]}" for those in kinds.values()]


def table(verdict: Verdict) -> str:
    """What was seen, as Markdown tables."""
    lines = ["| the server, medians of each quarter | 1st | 2nd | 3rd | 4th |", "|--|--:|--:|--:|--:|"]

    def quarters(what: str, values: list[float]) -> None:
        lines.append(f"| {what} | {' | '.join(f'{value:,.1f}' for value in values)} |")

    numbers = (1, 2, 3, 4)
    quarters("resident memory (MB)", [verdict.quarter(n, lambda one: one.memory / 1e6) for n in numbers])
    quarters("processes below it", [verdict.quarter(n, lambda one: one.processes) for n in numbers])
    quarters("open files", [verdict.quarter(n, lambda one: one.files) for n in numbers])
    quarters("open connections", [verdict.quarter(n, lambda one: one.open) for n in numbers])
    lines += ["", "| lives of clients | |", "|--|--:|"]
    lines += [f"| {kind} | {times:,} |" for kind, times in verdict.lives.most_common()]
    lines += ["", "| in the end | |", "|--|--:|"]
    lines += [
        f"| connections opened | {verdict.connections:,} |",
        f"| memory, last quarter by second | {_growth(verdict):.3f} |",
        f"| answers and closes that were not as they must be | {len(verdict.faults)} |",
        f"| ended connections that `@connections` does not answer with 410 | {len(verdict.stuck)} |",
        f"| sockets still held | {verdict.sockets} |",
        f"| processes or files left after Ctrl-C and after kill -9 | {len(verdict.orphans)} |",
    ]
    return "\n".join(lines)
