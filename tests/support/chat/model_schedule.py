"""The randomised check of the room log, run against the real handlers (chat.md B8, appendix).

Each invocation of a handler is a greenlet that stops before every call of a port: every DynamoDB call (and so every
page of a query), every single post, every pause. A seeded scheduler decides who goes on, and what goes wrong: an
invocation dies anywhere; posts get lost, doubled, reordered; a write's answer gets lost and the SDK repeats it;
batches are left unprocessed; slots are held by transactions; DynamoDB throttles; `$disconnect` never comes; clocks
disagree.

Checked while it runs and at its end: the log has no hole (I1); nothing is stored twice (I2) or lost (I3, I4); `n`
counts and `ts` never runs backwards; every page equals the log; a sender's order is kept; no dead connection stays in
the room.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

from pingbox.handlers import connect, disconnect, message, sweep
from pingbox.handlers.fresh import Fresh
from pingbox.handlers.ports import Delivery, Ports
from pingbox_core import limits
from support.chat.model_client import ROOM, Event, Habits, PageClient
from support.chat.model_dynamodb import MemoryDynamoDB, refusal
from support.chat.world import SECRET, SETTINGS, START

_ENDLESS = 20_000  # steps; a schedule needs some hundreds
Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class Knobs:
    """How bad the world is, as probabilities; drawn once per schedule."""

    lost: float
    crash: float
    lost_answer: float
    conflict: float
    throttled: float
    unprocessed: float
    silent_close: float
    in_order: bool  # one unsettled send at a time (B8, client rule 5)
    page_items: int
    flood: bool

    @classmethod
    def draw(cls, r: random.Random) -> Knobs:
        calm = r.random() < 0.2
        flood = r.random() < 0.03
        return cls(
            lost=0 if calm else r.choice([0, 0.2, 0.6]),
            crash=0 if calm else r.choice([0, 0.01, 0.04]),
            lost_answer=r.choice([0, 0.1]),
            conflict=0 if calm else r.choice([0, 0, 0.1]),
            throttled=0 if calm else r.choice([0, 0, 0.03]),
            unprocessed=r.choice([0, 0.3]),
            silent_close=0 if calm else r.choice([0, 0.3, 1]),
            in_order=r.random() < 0.5,
            page_items=40 if flood else r.choice([1, 2, 5]),
            flood=flood,
        )

    @property
    def nothing_gets_lost(self) -> bool:
        return not (self.lost or self.crash or self.throttled or self.conflict)


class ModelError(AssertionError):
    """A promise was broken; the text holds the seed and the schedule."""


def check(seed: int, **how: Any) -> int:
    """Run one schedule; how many messages it made. One that fails is run again to tell its story: see `ModelError`."""
    try:
        return Schedule(seed, **how).run()
    except ModelError:
        return Schedule(seed, traced=True, **how).run()


@dataclass
class Schedule:
    """One run. `mutate` wraps the DynamoDB that the handlers see, `habits` are the clients': for the mutants."""

    seed: int
    traced: bool = False
    habits: Habits = field(default_factory=Habits)
    mutate: Wrap = field(default=lambda dynamodb: dynamodb)

    def __post_init__(self) -> None:
        self.r = random.Random(self.seed)
        self.knobs = Knobs.draw(self.r)
        self.now = START
        self.store = MemoryDynamoDB(self.knobs.page_items)
        self.tasks: list[tuple[str, greenlet]] = []
        self.mail: list[tuple[str, bytes]] = []
        self.open: dict[str, PageClient | None] = {}
        self.connected_at: dict[str, int] = {}
        self.clients = [PageClient(f"user{i}", self.habits) for i in range(self.r.randint(2, 4))]
        self.numbers = 0
        self.calm = False
        self.trace: list[str] = []
        self.main = getcurrent()
        stepped = _Stepped(self)
        self.ports = Ports(
            settings=SETTINGS,
            dynamodb=self.mutate(stepped),
            postman=_Post(self),
            secret=lambda: SECRET,
            log=self._note_line,
            clock=self._clock,
            fresh=Fresh(self.r.randbytes),
            pause=lambda seconds: self.stop("pause"),
        )

    # --- the scheduler

    def run(self) -> int:
        """Run the schedule and check it; how many messages it made. Raises `ModelError`."""
        try:
            for client in self.clients:
                self._connect(client)
            if self.r.random() < 0.8:
                self._drain()
            for _ in range(self.r.randint(100, 400)):
                self._one_step()
            if self.knobs.nothing_gets_lost:
                self._check_that_nobody_needs_a_second_sync()
            self._calm_down()
            return self._check_end()
        except AssertionError as broken:
            drawn = Knobs.draw(random.Random(self.seed))
            lines = "\n".join(self.trace[-400:])
            raise ModelError(f"{broken}\nseed {self.seed}, {drawn}\nschedule:\n{lines}") from broken
        finally:
            self._end_tasks()

    def stop(self, where: str) -> None:
        """Called inside an invocation, before each call of a port: others go on."""
        if getcurrent() is not self.main:
            self.main.switch(where)

    def _note(self, text: str, *values: object) -> None:
        if self.traced:
            self.trace.append(text.format(*values))

    def _one_step(self) -> None:
        r, c = self.r, self.r.choice(self.clients)
        a = r.random()
        self.now += r.choice([0, 1, 40])
        if a < 0.22 and c.ready and len(c.outbox) < (1 if self.knobs.in_order else 3):
            self._send(c, c.attempt(c.write()))
        elif a < 0.27 and c.ready and c.outbox:
            self._send(c, c.attempt(r.choice(list(c.outbox))))
        elif a < 0.285:
            self._close(c) if c.connection else self._connect(c)
        elif a < 0.30 and c.ready:
            self._send(c, c.sync())
        elif a < 0.307:
            self._reload(c)
        elif a < 0.317:
            self._plain_step()
        elif a < 0.322 and self.knobs.flood:
            self._flood()
        elif a < 0.47 and self.mail:
            self._deliver(r.randrange(len(self.mail)))
        elif self.tasks:
            self._step_task(r.randrange(len(self.tasks)))

    def _step_task(self, i: int) -> None:
        name, task = self.tasks[i]
        if not self.calm and self.r.random() < self.knobs.crash:
            self._note("{} dies", name)
            self.tasks.pop(i)
            task.throw()
            return
        where = task.switch()
        if task.dead:
            self.tasks.pop(i)
        self._note("{}: {}", name, "done" if task.dead else where)

    def _invoke(self, name: str, work: Callable[[], object]) -> None:
        self.numbers += 1
        self.tasks.append((f"{name}-{self.numbers}", greenlet(work)))

    def _end_tasks(self) -> None:
        for _, task in self.tasks:
            task.throw()
        self.tasks.clear()

    def _clock(self) -> int:
        return self.now + (0 if self.calm else self.r.randint(-500, 500))

    def _note_line(self, line: Mapping[str, Any]) -> None:
        if "error" in line and "ClientError" not in line["error"] and "StoreBusyError" not in line["error"]:
            raise ModelError(f"a handler failed: {line['error']}")

    # --- the gateway

    def _connect(self, client: PageClient | None, *, greet: bool = True) -> None:
        self.numbers += 1
        connection = f"c{self.numbers:04d}"
        self.connected_at[connection] = self.now
        headers = {"Sec-WebSocket-Protocol": [self._offer(client)]} if client else {}
        event = {"multiValueHeaders": headers, "requestContext": self._context(connection)}
        if client is not None:
            client.connection = connection

        def work() -> None:
            if connect.handle(self.ports, event, None)["statusCode"] == 200:
                self.open[connection] = client
                if client is None or client.connection != connection:
                    return
                self._frame(connection, client.hello())

        self._invoke("connect", work)

    def _offer(self, client: PageClient) -> str:
        return f"pingbox.v1, auth.{client.token}" if client.token else "pingbox.v1"

    def _frame(self, connection: str, frame: Event) -> None:
        event = {"requestContext": self._context(connection), "body": json.dumps(frame)}
        self._invoke(f"{frame['action']}-{connection}", lambda: message.handle(self.ports, event, None))

    def _send(self, client: PageClient, frame: Event) -> None:
        if client.connection in self.open:
            self._frame(client.connection, frame)

    def _close(self, client: PageClient) -> None:
        connection, client.connection, client.ready = client.connection, None, False
        client.probes.clear()
        if connection is not None:
            self._hang_up(connection)

    def _hang_up(self, connection: str) -> None:
        if self.open.pop(connection, self) is self:
            return
        if self.r.random() >= self.knobs.silent_close:
            event = {"requestContext": self._context(connection)}
            self._invoke(f"disconnect-{connection}", lambda: disconnect.handle(self.ports, event, None))

    def server_closes(self, connection: str) -> None:
        client = self.open.get(connection)
        if client is not None and client.connection == connection:
            self._close(client)
        else:
            self._hang_up(connection)

    def _context(self, connection: str) -> dict[str, Any]:
        return {"connectionId": connection, "connectedAt": self.connected_at[connection]}

    # --- what happens to clients

    def _reload(self, client: PageClient) -> None:
        self._close(client)
        client.reload()
        self._connect(client)

    def _deliver(self, i: int) -> None:
        connection, frame = self.mail.pop(i)
        client = self.open.get(connection)
        if client is None or client.connection != connection:
            return
        self._note("{} gets {}", client.name, frame[:120])
        answer = client.receive(json.loads(frame))
        if answer is not None:
            self._send(client, answer)

    def _plain_step(self) -> None:
        plain = [connection for connection, client in self.open.items() if client is None]
        if not plain or self.r.random() < 0.3:
            self._connect(None)
        else:
            self._frame(self.r.choice(plain), {"action": "sendMessage", "text": "hi"})

    def _flood(self) -> None:
        """Many others write at once: rows appear that nobody is told about."""
        rows = self.store.rows("Messages", ROOM)
        if not rows:
            return
        head = rows[-1]
        n, ts = (int(head["n"]["N"]), head["ts"]["N"]) if "n" in head else (0, str(self.now))
        for i in range(1, self.r.randint(90, 130)):
            seq = int(head["seq"]["N"]) + i
            row = {"roomId": {"S": ROOM}, "seq": {"N": str(seq)}, "kind": {"S": "message"}, "n": {"N": str(n + i)},
                   "ts": {"N": ts}, "userId": {"S": "u-crowd"}, "name": {"S": "Crowd"},
                   "cid": {"S": f"crowd-{seq}"}, "text": {"S": "x"}}  # fmt: skip
            self.store.put_item(TableName="Messages", Item=row)

    # --- the end

    def _drain(self) -> None:
        for _ in range(_ENDLESS):
            if not self.tasks and not self.mail:
                return
            if self.mail and (not self.tasks or self.r.random() < 0.3):
                self._deliver(self.r.randrange(len(self.mail)))
            else:
                self._step_task(self.r.randrange(len(self.tasks)))
        raise AssertionError(f"no end: {len(self.tasks)} invocations are still running")

    def _check_that_nobody_needs_a_second_sync(self) -> None:
        """I3: whoever came in is told everything, without asking twice, if no post gets lost."""
        self._drain()
        head = self._head()
        for client in self.clients:
            if client.ready and not self.knobs.flood:
                assert client.seen == head, f"{client.name} was told up to {client.seen}, the log has {head}"

    def _calm_down(self) -> None:
        """Everything works from here on; everybody comes back and tries again."""
        self.calm = True
        self.knobs = Knobs(0, 0, 0, 0, 0, 0, 0, self.knobs.in_order, self.knobs.page_items, False)
        for _ in range(60):
            self._drain()
            if all(c.ready and not c.outbox and c.seen >= self._head() for c in self.clients):
                break
            self.now += 40
            for client in self.clients:
                self._recover(client)
        else:
            waiting = {c.name: (c.ready, list(c.outbox), c.seen) for c in self.clients}
            raise AssertionError(f"no peace after 60 rounds: {waiting}, head {self._head()}")
        self._bury_the_dead()

    def _recover(self, client: PageClient) -> None:
        if not client.ready:
            self._close(client)
            self._connect(client)
            return
        if client.behind or client.seen < self._head():
            self._send(client, client.sync())
        for cid in list(client.outbox)[: 1 if self.knobs.in_order else 3]:
            self._send(client, client.attempt(cid))

    def _bury_the_dead(self) -> None:
        """Seven minutes later the sweep comes, and somebody says a word that finds what is left."""
        self.now += 7 * limits.MINUTE
        for client in self.clients:
            self._send(client, {"action": "ping"})
        self._drain()
        self._invoke("sweep", lambda: sweep.handle(self.ports, {}, None))
        self._drain()
        speaker = self.clients[0]
        self._send(speaker, speaker.attempt(speaker.write()))
        self._drain()

    # --- the checks

    def _head(self) -> int:
        rows = self.store.rows("Messages", ROOM)
        return int(rows[-1]["seq"]["N"]) if rows else 0

    def _check_end(self) -> int:
        slots = self.store.rows("Messages", ROOM)
        rows = slots[1:]
        assert [int(slot["seq"]["N"]) for slot in slots] == list(range(len(slots))), "a hole in the log"
        assert [int(row["n"]["N"]) for row in rows] == list(range(1, len(slots))), "n does not count the messages"
        times = [int(row["ts"]["N"]) for row in rows]
        assert times == sorted(times), "ts runs backwards"
        keys = [(row["userId"]["S"], row["cid"]["S"]) for row in rows]
        assert len(set(keys)) == len(keys), "stored twice"
        stored = [row["cid"]["S"] for row in rows]
        for client in self.clients:
            self._check_client(client, rows, stored)
        self._check_room()
        return len(rows)

    def _check_client(self, client: PageClient, rows: Sequence[Any], stored: list[str]) -> None:
        assert not client.outbox, f"{client.name} still waits for {list(client.outbox)}"
        mine = [cid for cid in stored if cid in client.where]
        assert sorted(mine) == sorted(client.written), f"{client.name}'s messages are lost"
        if self.knobs.in_order:
            assert mine == client.written, f"{client.name}'s messages are out of order"
        assert client.seen == len(rows), f"{client.name} holds up to {client.seen} of {len(rows)}"
        for row in rows[client.lo - 1 :]:
            seq = int(row["seq"]["N"])
            assert seq in client.have, f"{client.name} has a hole at {seq} and does not know it"
            shown = client.have[seq]
            wanted = (row["n"], row["ts"], row["userId"], row["name"], row["cid"], row["text"])
            got = (shown["n"], shown["ts"], shown["user"]["id"], shown["user"]["name"], shown["cid"], shown["text"])
            assert got == tuple(_value(one) for one in wanted), f"{client.name}'s page differs at {shown['seq']}"

    def _check_room(self) -> None:
        subscribed = {row["connectionId"]["S"] for row in self.store.rows("Connections", f"room#{ROOM}")}
        assert subscribed <= set(self.open), f"ghosts in the room: {sorted(subscribed - set(self.open))}"
        here = {client.connection for client in self.clients}
        assert here <= subscribed, "somebody who is here does not hear the room"


def _value(attribute: Mapping[str, str]) -> Any:
    return int(attribute["N"]) if "N" in attribute else attribute["S"]


class _Stepped:
    """The store as the handlers see it: others go on before every call, and calls go wrong."""

    def __init__(self, schedule: Schedule) -> None:
        self._s = schedule

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        call = getattr(self._s.store, operation)

        def stepped(**arguments: Any) -> dict[str, Any]:
            schedule = self._s
            schedule.stop(f"{operation} {_target(arguments)}" if schedule.traced else operation)
            knobs, r = schedule.knobs, schedule.r
            if r.random() < knobs.throttled:
                raise refusal("ProvisionedThroughputExceededException")
            if operation == "put_item" and arguments["TableName"] == "Messages" and r.random() < knobs.conflict:
                raise refusal("TransactionConflictException")
            if operation == "batch_write_item" and r.random() < knobs.unprocessed:
                return _partly(call, arguments, r)
            if operation in ("put_item", "delete_item") and r.random() < knobs.lost_answer:
                _silently(call, arguments)  # done, but the answer was lost: the SDK repeats it
                schedule.stop(f"{operation} repeated")
            return call(**arguments)

        return stepped


def _target(arguments: Mapping[str, Any]) -> str:
    key = arguments.get("Key") or arguments.get("Item") or arguments.get("ExpressionAttributeValues") or {}
    return " ".join(str(_value(one)) for one in list(key.values())[:2] if "S" in one or "N" in one)


def _silently(call: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError:
        return  # the repetition will be refused in the same way


def _partly(call: Callable[..., Any], arguments: Mapping[str, Any], r: random.Random) -> dict[str, Any]:
    ((table, requests),) = arguments["RequestItems"].items()
    done = r.randrange(len(requests))
    call(RequestItems={table: requests[:done]})
    return {"UnprocessedItems": {table: requests[done:]}}


class _Post:
    """The postman of the model: what it delivers is carried on later, in any order, once, twice or never."""

    def __init__(self, schedule: Schedule) -> None:
        self._s = schedule

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        ids = list(connection_ids)
        return {one: self._post_one(one, frame) for one in self._s.r.sample(ids, len(ids))}

    def _post_one(self, connection: str, frame: bytes) -> Delivery:
        schedule = self._s
        schedule.stop(f"post to {connection}")
        if connection not in schedule.open:
            return Delivery.GONE
        r, knobs = schedule.r, schedule.knobs
        if r.random() < knobs.lost:
            return r.choice([Delivery.FAILED, Delivery.DELIVERED])
        schedule.mail += [(connection, frame)] * (2 if not schedule.calm and r.random() < 0.1 else 1)
        return Delivery.DELIVERED

    def close(self, connection_id: str) -> None:
        self._s.stop(f"close {connection_id}")
        self._s.server_closes(connection_id)

    def is_open(self, connection_id: str) -> bool:
        self._s.stop(f"ask for {connection_id}")
        return connection_id in self._s.open
