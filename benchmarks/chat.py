"""The chat as a whole: own message back, fan-out, connects, start, memory; each beside a raw `websockets` server."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from dataclasses import dataclass

from benchmarks.light_client import LightClient, connect, masked
from benchmarks.serving import Server, pin_to_one_core, pingbox, reference

_MESSAGE = masked(json.dumps({"action": "sendMessage", "text": "hello from the benchmark"}).encode())


@dataclass(frozen=True)
class Row:
    """A measured figure; `ratio` = PingBox / reference, None where the reference has nothing to compare."""

    what: str
    unit: str
    pingbox: float
    reference: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.reference else self.pingbox / self.reference


class _Sender:
    """A client that sends and waits for its own message to come back."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    def on_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"error"'):
            raise RuntimeError(f"the server refused: {text.decode()}")
        if b"hello from the benchmark" in text:
            self.came.set()

    async def round_trip(self, client: LightClient) -> float:
        begin = time.perf_counter()
        self.came.clear()
        client.send(_MESSAGE)
        await asyncio.wait_for(self.came.wait(), 20)
        return time.perf_counter() - begin


async def echo(server: Server, seconds: float) -> tuple[float, float, float]:
    """(own messages back a second, p50 and p99 in ms), one at a time."""
    sender = _Sender()
    client = await connect(server.port, server.path, sender.on_text)
    for _ in range(20):
        await sender.round_trip(client)
    trips, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        trips.append(await sender.round_trip(client))
    client.transport.close()
    cuts = statistics.quantiles(trips, n=100)
    return len(trips) / sum(trips), cuts[49] * 1000, cuts[98] * 1000


async def echo_in_flight(server: Server, in_flight: int, seconds: float) -> float:
    """Own messages back a second, `in_flight` connections each in a room of its own."""
    clients = []
    for number in range(in_flight):
        sender = _Sender()
        client = await connect(server.port, f"{server.path}?room=bench-{number}", sender.on_text)
        clients.append((sender, client))
    done, end = 0, time.perf_counter() + seconds

    async def keep_sending(sender: _Sender, client: LightClient) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await sender.round_trip(client)
            done += 1

    begin = time.perf_counter()
    await asyncio.gather(*(keep_sending(sender, client) for sender, client in clients))
    rate = done / (time.perf_counter() - begin)
    for _, client in clients:
        client.transport.close()
    return rate


async def fan_out(server: Server, receivers: int, seconds: float) -> float:
    """Deliveries a second to `receivers` connections of one room; the sender waits for its own message each time."""
    clients = [await connect(server.port, server.path) for _ in range(receivers - 1)]
    sender = _Sender()
    talker = await connect(server.port, server.path, sender.on_text)
    for _ in range(3):
        await sender.round_trip(talker)
    before = sum(client.frames for client in clients)
    sent, begin = 3, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        await sender.round_trip(talker)
        sent += 1
    while any(client.frames < sent for client in clients):
        if time.perf_counter() > begin + seconds + 20:
            raise RuntimeError("deliveries are missing 20 s after the last message")
        await asyncio.sleep(0.001)
    took = time.perf_counter() - begin
    delivered = sum(client.frames for client in clients) - before + sent - 3
    for client in [*clients, talker]:
        client.transport.close()
    return delivered / took


async def connects(server: Server, seconds: float, at_once: int = 8) -> float:
    """Connects a second, each through `$connect`, and closed at once."""
    done, end = 0, time.perf_counter() + seconds

    async def keep_connecting() -> None:
        nonlocal done
        while time.perf_counter() < end:
            client = await connect(server.port, server.path)
            client.transport.abort()
            await client.closed
            done += 1

    begin = time.perf_counter()
    await asyncio.gather(*(keep_connecting() for _ in range(at_once)))
    return done / (time.perf_counter() - begin)


async def memory(server: Server, connections: int) -> tuple[float, float]:
    """(MB idle, KB for each idle connection)."""
    idle = server.memory()
    clients = [await connect(server.port, server.path) for _ in range(connections)]
    await asyncio.sleep(0.5)
    full = server.memory()
    for client in clients:
        client.transport.close()
    return idle / 1e6, (full - idle) / connections / 1e3


def run(quick: bool = False) -> list[Row]:
    """Measure everything once; `quick` for a look, not for quoting."""
    pin_to_one_core()
    seconds = 1.0 if quick else 5.0
    rows: list[Row] = []
    with pingbox() as ours, reference() as raw:
        rows.append(Row("start to ready", "s", ours.started, raw.started))
        (idle, each), (raw_idle, raw_each) = (asyncio.run(memory(each, 1000)) for each in (ours, raw))
        rows.append(Row("memory idle", "MB", idle, raw_idle))
        rows.append(Row("memory for each idle connection (of 1,000)", "KB", each, raw_each))
    with pingbox() as ours, reference() as raw:
        (rate, p50, p99), (raw_rate, raw_p50, raw_p99) = (asyncio.run(echo(each, seconds)) for each in (ours, raw))
        rows.append(Row("own message back, one at a time", "1/s", rate, raw_rate))
        rows.append(Row("own message back, p50", "ms", p50, raw_p50))
        rows.append(Row("own message back, p99", "ms", p99, raw_p99))
    with pingbox() as ours:
        rows.append(Row("own message back, 16 in flight", "1/s", asyncio.run(echo_in_flight(ours, 16, seconds))))
    for receivers in (10, 100, 500):
        with pingbox() as ours, reference() as raw:
            ours_rate, raw_rate = (asyncio.run(fan_out(each, receivers, seconds)) for each in (ours, raw))
            rows.append(Row(f"deliveries to {receivers} receivers", "1/s", ours_rate, raw_rate))
    with pingbox() as ours, reference() as raw:
        ours_rate, raw_rate = (asyncio.run(connects(each, seconds)) for each in (ours, raw))
        rows.append(Row("connects (with $connect)", "1/s", ours_rate, raw_rate))
    return rows


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| | unit | PingBox | raw websockets | ratio |", "|--|--|--:|--:|--:|"]
    for row in rows:
        raw = "" if row.reference is None else f"{row.reference:,.1f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.what} | {row.unit} | {row.pingbox:,.1f} | {raw} | {ratio} |")
    return "\n".join(lines)
