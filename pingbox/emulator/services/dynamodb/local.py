"""A DynamoDB in this process: durable, fast, and answering as AWS's does."""

from __future__ import annotations

import dataclasses
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pingbox.emulator.clock import Clock
from pingbox.emulator.services.dynamodb.answers import Answer, Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.expiry import DEFAULT_LAG_SECONDS, MAX_AT_ONCE, Expiry
from pingbox.emulator.services.dynamodb.operations import WRITES, operation_named
from pingbox.emulator.services.dynamodb.operations.transact_write_items import TOKEN_SECONDS
from pingbox.emulator.services.dynamodb.schema import schema_of
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import Counts, ItemTable
from pingbox.emulator.services.dynamodb.storage.store import (
    Durability,
    Store,
    StoreError,
    cannot_open,
    damaged,
    unwritable,
)
from pingbox.emulator.services.dynamodb.streams.log import MAX_TRIMMED, Listener
from pingbox.emulator.services.dynamodb.streams.operations import OPERATIONS as STREAM_OPERATIONS
from pingbox.emulator.services.dynamodb.streams.records import record_of
from pingbox.emulator.services.dynamodb.validation.request_form import checked_request

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
ACCOUNT = "000000000000"


class LocalDynamoDB:
    """Tables that outlive the process, behind one lock: calls from any thread take their turn.

    A caller that finds the lock free pays no switch of threads. An answered write is in the file before the answer
    is given (`durability="normal"`: survives the death of the process; `"full"`: also a loss of power).
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        region: str = "us-east-1",
        account: str = ACCOUNT,
        ttl_lag: float = DEFAULT_LAG_SECONDS,
        seed: int = 0,
    ) -> None:
        """Use `open`."""
        self._store = store
        self._clock = clock
        self._region = region
        self._account = account
        self._expiry = Expiry(ttl_lag, seed)
        self._next_sweep = 0.0
        self._lock = threading.Lock()
        self._moto: Any = None
        self._closed = False
        self._told_missing: set[str] = set()
        self._listeners: list[Listener] = []
        self._catalog = _catalog(store)

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        clock: Clock,
        durability: Durability = "normal",
        region: str = "us-east-1",
        account: str = ACCOUNT,
        ttl_lag: float = DEFAULT_LAG_SECONDS,
        seed: int = 0,
    ) -> LocalDynamoDB:
        """Open the data folder `path`, made if missing; None keeps everything in memory.

        `region` and `account` only appear in ARNs. `ttl_lag` is the longest delay in seconds of a deletion by time to
        live, `seed` decides each item's. Raises `StoreError`: the folder is in use by another process, or its file is
        foreign, damaged or of another format.
        """
        store = Store.open(path, durability)
        try:
            return cls(store, clock=clock, region=region, account=account, ttl_lag=ttl_lag, seed=seed)
        except sqlite3.DatabaseError as problem:
            store.close()
            raise (damaged if unwritable(problem) is None else cannot_open)(store.path, problem) from problem

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Carry out `operation` (`PutItem`, or `GetRecords` of the Streams API), the request in the protocol's JSON.

        Binary is base64 text.

        Blocks; any thread may call. Errors are answers, too: status 400 and `{"__type": ..., "message": ...}`.
        """
        try:
            with self._lock:
                return Answer(200, self._carried_out(operation, request))
        except Refusal as refusal:
            answer = refusal.answer()
            self._note_missing_table(answer, request)
            return answer
        except StoreError:
            raise
        except sqlite3.OperationalError as problem:
            return self._fault(operation) if unwritable(problem) is None else self._not_written(operation, problem)
        except sqlite3.DatabaseError as problem:
            if not _is_damage(problem):
                return self._fault(operation)
            raise damaged(self._store.path, problem) from problem
        except RecursionError:
            return invalid("Nesting Levels have exceeded supported limits").answer()
        except Exception:
            return self._fault(operation)

    def _note_missing_table(self, answer: Answer, request: Mapping[str, Any]) -> None:
        """AWS's own words do not say which table is not there."""
        name = request.get("TableName")
        missing = answer.body.get("__type", "").endswith("ResourceNotFoundException")
        if not missing or not isinstance(name, str) or name in self._told_missing or name in self._catalog:
            return
        self._told_missing.add(name)
        there = ", ".join(sorted(table.schema.name for table in self._catalog)) or "none"
        logger.warning("there is no table %r; there are: %s", name[:255], there)

    def _not_written(self, operation: str, problem: sqlite3.OperationalError) -> Answer:
        # Of the machine: a line for each call that fails, and no traceback that would hide it.
        text = f"DynamoDB {operation} was not done: {self._store.path} cannot be written: {unwritable(problem)}"
        logger.error("%s", text)
        return Refusal("InternalServerError", text, 500).answer()

    def _fault(self, operation: str) -> Answer:
        # Ours, not the caller's: told in full in the log (never the values), in general words to the caller.
        logger.exception("DynamoDB %s failed", operation)
        return Refusal("InternalServerError", "The request could not be processed: see the log", 500).answer()

    def stream_arn(self, table: str) -> str | None:
        """The ARN of the stream that takes a table's records; None without the table, or without a stream."""
        with self._lock:
            stream = self._catalog.table(table).stream if table in self._catalog else None
            return None if stream is None else stream.stream.arn

    def records_since(self, stream_arn: str, sequence: int, limit: int = 1000) -> list[tuple[int, dict[str, Any]]]:
        """The records of a stream after `sequence` (0: from the oldest that is kept), each with its own, in order.

        For event sources, with `on_records` to be woken. Raises `LookupError` for a stream that is not there (any
        more). Records older than 24 hours are gone.
        """
        with self._lock:
            self._open_check()
            for stream in self._catalog.streams.streams():
                if stream.arn == stream_arn:
                    rows = self._catalog.streams.since(stream.number, sequence, limit)
                    return [(row.sequence, record_of(stream, row)) for row in rows]
        raise LookupError(f"there is no stream {stream_arn}")

    def newest_sequence(self) -> int:
        """The sequence number of the newest record of all streams: where a reader of what comes next begins."""
        with self._lock:
            return self._catalog.streams.sequence

    def on_records(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` whenever records were added to any stream; returns what ends that."""
        self._listeners = [*self._listeners, listener]

        def end() -> None:
            self._listeners = [one for one in self._listeners if one is not listener]

        return end

    def expire(self) -> int:
        """Delete now all that is due by its time to live (calls do it by themselves, every few seconds); how many."""
        gone = 0
        while True:
            with self._lock:
                swept = self._sweep(self._clock.now())
            gone += swept
            if swept < MAX_AT_ONCE:
                return gone

    def table_names(self) -> list[str]:
        """The names of all tables, in order, without loading moto."""
        with self._lock:
            return sorted(table.schema.name for table in self._catalog)

    # -- life --------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Drop every table with everything in it."""
        with self._lock, self._catalog.transaction():
            self._open_check()
            for table in self._catalog:
                table.drop()
            for name in ("tables", "counts", "tokens"):
                self._store.db.execute(f"DELETE FROM {name}")  # noqa: S608 - three names of our own
            self._catalog.streams.clear(streams=True)
            self._catalog = Catalog(self._store)
            self._moto = None

    def empty(self) -> None:
        """Delete every item, and keep the tables."""
        with self._lock, self._catalog.transaction():
            self._open_check()
            for table in self._catalog:
                table.clear()
            self._store.db.execute("DELETE FROM tokens")
            self._catalog.streams.clear(streams=False)
            self._moto = None

    def close(self) -> None:
        """Write down what would have to be counted again, and let the file go. Closing twice is fine."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with self._catalog.transaction():
                for table in self._catalog:
                    if (known := table.known_counts) is not None:
                        counted = json.dumps(dataclasses.asdict(known))
                        self._store.db.execute("INSERT OR REPLACE INTO counts VALUES(?,?)", (table.number, counted))
            self._store.close()

    # -- inside the lock ---------------------------------------------------------------------------------------------

    def _open_check(self) -> None:
        if self._closed:
            raise StoreError("this LocalDynamoDB is closed; open it again")

    def _carried_out(self, operation: str, request: Request) -> dict[str, Any]:
        self._open_check()
        now = self._clock.now()
        if now >= self._next_sweep:
            self._sweep(now)
        request = checked_request(operation, request)
        self._catalog.streams.now = now
        perform = operation_named(operation)
        if perform is None:
            if (of_streams := STREAM_OPERATIONS.get(operation)) is not None:
                return of_streams(self._catalog.streams, request)
            return self._by_moto(operation, request)
        if operation in WRITES:
            return self._written(lambda: perform(self._catalog, request))
        return perform(self._catalog, request)

    def _written(self, write: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        changes, streams = self._store.db.total_changes, self._catalog.streams
        sequence = streams.sequence
        try:
            with self._catalog.transaction():
                body = write()
        except BaseException:
            streams.rolled_back(sequence)
            if self._store.db.total_changes != changes:  # the rollback undid rows that were counted already
                for table in self._catalog:
                    table.forget_counts()
            raise
        if streams.written:
            self._notify()
        return body

    def _notify(self) -> None:
        """Tell those who wait for records that there are some."""
        self._catalog.streams.written = False
        for listener in self._listeners:
            listener()

    def _by_moto(self, operation: str, request: Request) -> dict[str, Any]:
        if self._moto is None:
            from pingbox.emulator.services.dynamodb.moto.engine import MotoEngine

            self._moto = MotoEngine(self._catalog, self._region, self._account)
        try:
            return self._written(lambda: self._moto.call(operation, dict(request)))
        except Refusal:
            raise
        except BaseException:
            # moto's tables may be half changed; what is in the file is whole.
            self._moto = None
            self._catalog = _catalog(self._store)
            raise

    def _sweep(self, now: float) -> int:
        self._open_check()
        with self._catalog.transaction():
            self._store.db.execute("DELETE FROM tokens WHERE at<=?", (now - TOKEN_SECONDS,))
            self._catalog.streams.now = now
            gone = self._expiry.sweep(self._catalog, now)
            trimmed = self._catalog.streams.trim()
        if self._catalog.streams.written:
            self._notify()
        if trimmed >= MAX_TRIMMED:
            gone = max(gone, MAX_AT_ONCE)
        self._next_sweep = now if gone == MAX_AT_ONCE else now + SWEEP_SECONDS
        return gone


def _is_damage(problem: sqlite3.DatabaseError) -> bool:
    return getattr(problem, "sqlite_errorname", "") in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CORRUPT_INDEX")


def _catalog(store: Store) -> Catalog:
    catalog = Catalog(store)
    counts = dict(store.db.execute("SELECT n,counted FROM counts").fetchall())
    for number, name, text in store.db.execute("SELECT n,name,spec FROM tables").fetchall():
        spec = json.loads(text)
        schema = schema_of(name, spec["schema"], spec["attr"], spec["indexes"], spec["global_indexes"])
        ttl = spec["ttl"]
        table = ItemTable(
            store.db, number, schema, ttl.get("AttributeName") if ttl["TimeToLiveStatus"] == "ENABLED" else None
        )
        if number in counts:
            table.restore_counts(Counts(**json.loads(counts[number])))
        if any(len(index.hashes) > 1 or len(index.ranges) > 1 for index in schema.indexes.values()):
            with catalog.transaction():
                table.create()  # files of earlier versions have no tree for such an index
        catalog.add(table)
        catalog.stream_to(table)
    # From here on the counts are kept in memory: after an unclean end they must not be believed.
    store.db.execute("DELETE FROM counts")
    return catalog
