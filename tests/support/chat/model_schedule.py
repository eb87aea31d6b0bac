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

import itertools
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
from support.chat.model_client import ROOM, Event, Habits, PageClient, Shown
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
    half_visible: float
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
            half_visible=r.choice([0, 0.5]),
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
        self.lagging = self.store.copy()  # what reads may see that do not ask for consistency
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
            for _ in range(self.r.randint(150, 550)):
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
        if self.r.random() < 0.05:
            self.lagging = self.store.copy()
        self.now += self.r.choice([0, 1, 40])
        c, a = self.r.choice(self.clients), self.r.random()
        if a < 0.31:
            self._client_step(c, a)
        elif a < 0.317:
            self._plain_step()
        elif a < 0.322 and self.knobs.flood:
            self._flood()
        elif a < 0.47 and self.mail:
            self._deliver(self.r.randrange(len(self.mail)))
        elif self.tasks:
            self._step_task(self.r.randrange(len(self.tasks)))

    def _client_step(self, c: PageClient, a: float) -> None:
        if a > 0.304:
            self._reload(c)
        elif a > 0.29:
            self._close(c) if c.connection else self._connect(c)
        elif c.ready:
            self._work(c, a)

    def _work(self, c: PageClient, a: float) -> None:
        """Something new, something again, or a look at what is there."""
        r = self.r
        if a < 0.2 and len(c.outbox) < (1 if self.knobs.in_order else 3):
            cid = None if r.random() < 0.4 else c.change(r.choice)
            self._send(c, c.attempt(cid or c.write()))
        elif 0.2 < a < 0.25 and c.outbox:
            self._send(c, c.attempt(r.choice(list(c.outbox))))
        elif 0.25 < a < 0.26:
            self._send(c, c.sync())
        elif a > 0.26 and c.seen in c.have:
            self._send(c, c.mark())

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

    def transact(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """All or nothing; but of what was written one item may become visible to readers before the other."""
        r, knobs = self.r, self.knobs
        actions = [next(iter(item.values())) for item in arguments["TransactItems"]]
        busy = any(self.store.is_veiled(one["TableName"], one.get("Key") or one["Item"]) for one in actions)
        if busy or r.random() < knobs.conflict:
            raise refusal("TransactionCanceledException", reasons=[{"Code": "TransactionConflict"}, {"Code": "None"}])
        hidden = r.choice(arguments["TransactItems"])
        action = next(iter(hidden.values()))
        key = action.get("Key") or action["Item"]
        before = self.store.find(action["TableName"], key)
        answer = self.store.transact_write_items(**arguments)
        if r.random() < knobs.half_visible:
            with self.store.veiled(action["TableName"], key, before):
                self.stop("half of it is visible")
        return answer

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
        self.knobs = Knobs(0, 0, 0, 0, 0, 0, 0, 0, self.knobs.in_order, self.knobs.page_items, False)
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
        for client in self.clients:
            if client.behind:  # its welcome got lost, so it could not place that word
                self._send(client, client.sync())
        self._drain()

    # --- the checks

    def _head(self) -> int:
        rows = self.store.rows("Messages", ROOM)
        return int(rows[-1]["seq"]["N"]) if rows else 0

    def _check_end(self) -> int:
        slots = self.store.rows("Messages", ROOM)
        rows = slots[1:]
        assert [int(slot["seq"]["N"]) for slot in slots] == list(range(len(slots))), "a hole in the log"
        n = list(itertools.accumulate(row["kind"]["S"] == "message" for row in rows))
        assert [int(row["n"]["N"]) for row in rows] == n, "n does not count the messages"
        times = [int(row["ts"]["N"]) for row in rows]
        assert times == sorted(times), "ts runs backwards"
        keys = [(row["userId"]["S"], row["cid"]["S"]) for row in rows]
        assert len(set(keys)) == len(keys), "stored twice"
        stored = [row["cid"]["S"] for row in rows]
        self._check_messages(rows)
        for client in self.clients:
            self._check_client(client, rows, stored)
        self._check_room()
        return len(rows)

    def _check_messages(self, rows: Sequence[Any]) -> None:
        """Every message is what the events behind it make of it: no change without its row, and no row without it."""
        messages = {int(row["seq"]["N"]): Shown.read({"text": ""}) for row in rows if row["kind"]["S"] == "message"}
        for row in rows:
            if row["kind"]["S"] == "message":
                continue
            message = messages[int(row["target"]["N"])]
            plain = {name: _value(row[name]) for name in ("emoji", "op") if name in row}
            user = {"user": {"id": row["userId"]["S"]}}
            message.apply(
                {"type": row["kind"]["S"], "rev": int(row.get("rev", {"N": 0})["N"]), "text": "", **plain, **user}
            )
        for row in rows:
            if row["kind"]["S"] == "message":
                self._check_message(row, messages[int(row["seq"]["N"])])

    def _check_message(self, row: Mapping[str, Any], wanted: Shown) -> None:
        seq = row["seq"]["N"]
        assert ("deleted" in row) == (wanted.text is None), f"message {seq} and its deletion differ"
        assert not ("deleted" in row and {"text", "rx", "mentions", "replyTo"} & set(row)), f"{seq} is not erased"
        rx = {emoji: set(users["SS"]) for emoji, users in row.get("rx", {"M": {}})["M"].items()}
        assert rx == {emoji: users for emoji, users in wanted.rx.items() if users}, f"reactions of {seq} are lost"
        assert "deleted" in row or int(row.get("rev", {"N": "0"})["N"]) == wanted.rev, f"an edit of {seq} is lost"

    def _check_client(self, client: PageClient, rows: Sequence[Any], stored: list[str]) -> None:
        assert not client.outbox, f"{client.name} still waits for {list(client.outbox)}"
        mine = [cid for cid in stored if cid in client.where]
        ended = mine + client.refused
        assert sorted(set(ended)) == sorted(client.written), f"{client.name}'s messages are lost"
        if self.knobs.in_order:
            assert mine == [cid for cid in client.written if cid in client.where], f"{client.name}'s are out of order"
        assert client.seen == len(rows), f"{client.name} holds up to {client.seen} of {len(rows)}"
        for row in rows[client.lo - 1 :]:
            self._check_shown(client, row)
        self._check_mark(client)

    def _check_shown(self, client: PageClient, row: Mapping[str, Any]) -> None:
        seq = int(row["seq"]["N"])
        assert seq in client.have, f"{client.name} has a hole at {seq} and does not know it"
        held = client.have[seq]
        wanted = tuple(_value(row[name]) for name in ("n", "ts", "userId", "name", "cid"))
        got = (held["n"], held["ts"], held["user"]["id"], held["user"]["name"], held["cid"])
        assert got == wanted, f"{client.name}'s page differs at {seq}"
        if row["kind"]["S"] == "message":
            shown = client.shown(seq)
            text = None if "deleted" in row else row["text"]["S"]
            assert shown.text == text, f"{client.name} shows {shown.text!r} at {seq}, the table has {text!r}"
            rx = {emoji: set(users["SS"]) for emoji, users in row.get("rx", {"M": {}})["M"].items()}
            assert {e: users for e, users in shown.rx.items() if users} == rx, f"{client.name} shows other reactions"

    def _check_mark(self, client: PageClient) -> None:
        """What was told to be read is read, and its count is exact."""
        (document,) = self.store.rows("Messages", f"@{client.user}")
        mark = {name: int(value["N"]) for name, value in document["rooms"]["M"][ROOM]["M"].items()}
        assert mark["s"] >= client.told_read, f"{client.name} read {client.told_read}, the table has {mark}"
        row = self.store.rows("Messages", ROOM)[mark["s"]]
        assert mark["n"] == int(row.get("n", {"N": "0"})["N"]), f"{client.name}'s unread count is wrong: {mark}"

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
            if operation == "put_item" and schedule.store.is_veiled(arguments["TableName"], arguments["Item"]):
                raise refusal("TransactionConflictException")
            if operation == "transact_write_items":
                return schedule.transact(arguments)
            if operation == "query" and not arguments.get("ConsistentRead") and r.random() < 0.5:
                return schedule.lagging.query(**arguments)
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
