"""A stranger's app: a tutorial's room in process and in Python and Node processes, beside raw `websockets`."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import loads
from benchmarks.rows import Figures, Row, both_ways, table
from benchmarks.serving import app, cpu, processes, reference

__all__ = ["run", "table"]

_HERE = Path(__file__).parent / "room_app"
_KINDS = {
    "in process": (_HERE / "python", ("--in-process",)),
    "Python processes": (_HERE / "python", ()),
    "Node processes": (_HERE / "node", ()),
}
_AFTER_STORM = 10.0  # seconds until memory and processes are counted


def run(quick: bool = False) -> list[Row]:
    """Measure each kind once, on one core and on all; Node only where it is installed."""
    kinds = [kind for kind in _KINDS if kind != "Node processes" or shutil.which("node")]
    seconds = 1.0 if quick else 5.0
    return [row for kind in kinds for row in both_ways(partial(_measured, kind, seconds))]


def _measured(kind: str, seconds: float) -> Iterator[Figures]:
    folder, options = _KINDS[kind]
    with app(folder, *options) as ours, reference() as raw:
        busy = _cpu(ours.pid)
        rate, p50, _ = asyncio.run(loads.echo(ours, seconds))
        cost = (_cpu(ours.pid) - busy) / (rate * seconds) * 1e6
        raw_rate, raw_p50, _ = asyncio.run(loads.echo(raw, seconds))
        yield f"{kind}: own message back", "1/s", rate, raw_rate
        yield f"{kind}: own message back, p50", "ms", p50, raw_p50
        yield f"{kind}: CPU a message, all processes", "µs", cost, None
    for receivers in (100, 500):
        with app(folder, *options) as ours, reference() as raw:
            ours_rate, raw_rate = (asyncio.run(loads.fan_out(one, receivers, seconds)) for one in (ours, raw))
            yield f"{kind}: deliveries to {receivers} receivers", "1/s", ours_rate, raw_rate
    with app(folder, *options) as ours, reference() as raw:
        ours_rate, raw_rate = (asyncio.run(loads.connects(one, seconds)) for one in (ours, raw))
        yield f"{kind}: connects", "1/s", ours_rate, raw_rate
        asyncio.run(loads.storm(ours, 500))
        time.sleep(_AFTER_STORM)
        there = processes(ours.pid)
        yield f"{kind}: memory {_AFTER_STORM:g} s after 500 clients left", "MB", sum(there.values()) / 1e6, None
        yield f"{kind}: processes then", "", float(len(there)), None


def _cpu(pid: int) -> float:
    """Seconds of CPU of the server and every process below it."""
    return sum(cpu(one) for one in processes(pid))
