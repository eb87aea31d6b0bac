"""The loads that every server is put under: the chat, a stranger's app, the raw reference.

All of them understand `{"action": "sendMessage", "text": …}` and send the text to everybody of the room, the sender
included. Each returns figures of one server; ratios are made where two servers were asked in the same run.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time

from benchmarks.light_client import LightClient, connect, masked
from benchmarks.serving import Server

_MESSAGE = masked(json.dumps({"action": "sendMessage", "text": "hello from the benchmark"}).encode())


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


async def busy_room(server: Server, senders: int, seconds: float) -> tuple[float, float]:
    """(messages a second, share that was refused) of clients that all write into one room, one message each at a time.

    A message counts when its own sender has it back.
    """
    done = refused = 0
    end = time.perf_counter() + seconds

    async def write(number: int) -> None:
        nonlocal done, refused
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        own = f"sender {number:04d}".encode()

        def on_text(text: bytes) -> None:
            if own in text or text.startswith(b'{"type":"error"'):
                answers.put_nowait(text)

        client = await connect(server.port, server.path, on_text)
        frame = masked(json.dumps({"action": "sendMessage", "text": own.decode()}).encode())
        while time.perf_counter() < end:
            client.send(frame)
            if (await asyncio.wait_for(answers.get(), 30)).startswith(b'{"type":"error"'):
                refused += 1
            else:
                done += 1
        client.transport.close()

    begin = time.perf_counter()
    await asyncio.gather(*(write(number) for number in range(senders)))
    return done / (time.perf_counter() - begin), refused / max(1, done + refused)


async def storm(server: Server, clients: int, at_once: int = 50) -> None:
    """Connect as many clients, and vanish."""
    there: list[LightClient] = []
    for _ in range(0, clients, at_once):
        there += await asyncio.gather(*(connect(server.port, server.path) for _ in range(at_once)))
    for client in there:
        client.transport.abort()


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
