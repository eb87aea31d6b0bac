"""`kill -9` of the whole chat at random moments: is every acknowledged message there, once, and the log without a gap?

Unlike the other benchmarks it can fail: a broken promise ends it with exit code 1.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from pathlib import Path

from support.chat.kill_drill import Drill, Outcome, run_drill


def run(quick: bool = False) -> list[tuple[Drill, Outcome]]:
    """20 kills during 10,000 messages, and a shorter drill with `--durability full`; other moments each time."""
    seed = random.randrange(1_000_000)
    drills = [
        Drill(messages=300 if quick else 10_000, kills=3 if quick else 20, seed=seed),
        Drill(messages=100 if quick else 1_000, kills=1 if quick else 4, durability="full", seed=seed),
    ]
    return [(drill, _carried_out(drill)) for drill in drills]


def _carried_out(drill: Drill) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(run_drill(drill, Path(folder)))
    if outcome.faults:
        raise SystemExit(f"{drill}\n" + "\n".join(outcome.faults))
    return outcome


def table(rows: list[tuple[Drill, Outcome]]) -> str:
    """The drills as a Markdown table."""
    lines = [
        f"| | {' | '.join(f'--durability {drill.durability}' for drill, _ in rows)} |",
        "|--|" + "--:|" * len(rows),
    ]

    def line(what: str, *values: str) -> None:
        lines.append(f"| {what} | {' | '.join(values)} |")

    outcomes = [outcome for _, outcome in rows]
    line("messages acknowledged", *(f"{one.acknowledged:,}" for one in outcomes))
    line("kill -9 while talking", *(f"{one.kills}" for one in outcomes))
    line("kill -9 while starting", *(f"{one.kills_at_start}" for one in outcomes))
    line("in flight at a kill and not stored: sent again", *(f"{one.resent}" for one in outcomes))
    line("in flight at a kill and stored: found by sync", *(f"{one.found_stored}" for one in outcomes))
    line("refused as `busy` (8 writers, one room): sent again", *(f"{one.refused}" for one in outcomes))
    line("lost, doubled, gaps, wrong n (sync, history, store)", *(f"{len(one.faults)}" for one in outcomes))
    line("start to ready on the full log, median (s)", *(f"{statistics.median(one.restarts):.2f}" for one in outcomes))
    line("the whole drill (s)", *(f"{one.seconds:.0f}" for one in outcomes))
    line("seed", *(f"{drill.seed}" for drill, _ in rows))
    return "\n".join(lines)
