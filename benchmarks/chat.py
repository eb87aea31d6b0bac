"""The chat as a whole: own message back, busy rooms, fan-out, connects, start, memory; beside raw `websockets`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from benchmarks import loads
from benchmarks.rows import Figures, Row, both_ways, table
from benchmarks.serving import pingbox, reference

__all__ = ["run", "table"]


def run(quick: bool = False) -> list[Row]:
    """Measure everything once, on one core and on all; `quick` for a look, not for quoting."""
    return both_ways(lambda: _measured(1.0 if quick else 5.0))


def _measured(seconds: float) -> Iterator[Figures]:
    with pingbox() as ours, reference() as raw:
        yield "start to ready", "s", ours.started, raw.started
        (idle, each), (raw_idle, raw_each) = (asyncio.run(loads.memory(one, 1000)) for one in (ours, raw))
        yield "memory idle", "MB", idle, raw_idle
        yield "memory for each idle connection (of 1,000)", "KB", each, raw_each
    with pingbox() as ours, reference() as raw:
        busy = ours.cpu()
        rate, p50, p99 = asyncio.run(loads.echo(ours, seconds))
        cost = (ours.cpu() - busy) / (rate * seconds) * 1e6
        busy = raw.cpu()
        raw_rate, raw_p50, raw_p99 = asyncio.run(loads.echo(raw, seconds))
        raw_cost = (raw.cpu() - busy) / (raw_rate * seconds) * 1e6
        yield "own message back, one at a time", "1/s", rate, raw_rate
        yield "own message back, p50", "ms", p50, raw_p50
        yield "own message back, p99", "ms", p99, raw_p99
        yield "CPU a message, one at a time", "µs", cost, raw_cost
    with pingbox() as ours, reference() as raw:
        yield (
            "own message back, 16 in flight, a room each",
            "1/s",
            asyncio.run(loads.echo_in_flight(ours, 16, seconds)),
            None,
        )
        for senders in (1, 16, 64):
            (rate, refused), (raw_rate, _) = (
                asyncio.run(loads.busy_room(one, senders, seconds)) for one in (ours, raw)
            )
            yield f"{senders} senders in one room", "1/s", rate, raw_rate
            yield f"{senders} senders in one room, refused", "%", refused * 100, None
    for receivers in (10, 100, 500):
        with pingbox() as ours, reference() as raw:
            ours_rate, raw_rate = (asyncio.run(loads.fan_out(one, receivers, seconds)) for one in (ours, raw))
            yield f"deliveries to {receivers} receivers", "1/s", ours_rate, raw_rate
    with pingbox() as ours, reference() as raw:
        ours_rate, raw_rate = (asyncio.run(loads.connects(one, seconds)) for one in (ours, raw))
        yield "connects (with $connect)", "1/s", ours_rate, raw_rate
