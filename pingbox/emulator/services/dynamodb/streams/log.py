"""The records of all streams, in the same SQLite file and the same transactions as the items.

A record is one row under its stream and its sequence number, so that reading and trimming are seeks. Tables without a
stream do nothing of this.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pingbox.emulator.services.dynamodb.answers import Item
from pingbox.emulator.services.dynamodb.expressions.conditions import same
from pingbox.emulator.services.dynamodb.schema import TableSchema

View = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]

KEPT_SECONDS = 24 * 3600.0
MAX_TRIMMED = 1000

SCHEMA = """
CREATE TABLE IF NOT EXISTS streams(s INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, name TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE, view TEXT NOT NULL, keys TEXT NOT NULL, created REAL NOT NULL, closed REAL,
    trimmed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS stream_records(s INTEGER NOT NULL, q INTEGER NOT NULL, at REAL NOT NULL,
    keys TEXT NOT NULL, old TEXT, new TEXT, event INTEGER NOT NULL, PRIMARY KEY(s, q)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_sequence(q INTEGER NOT NULL)
"""

INSERT, MODIFY, REMOVE, EXPIRE = range(4)

_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True)
class Stream:
    """One stream of a table: `closed` is the second at which it was disabled, None while it takes records."""

    number: int
    table_number: int
    table: str
    arn: str
    view: View
    keys: Sequence[dict[str, str]]
    created: float
    closed: float | None

    @property
    def label(self) -> str:
        """What tells the streams of one table apart: the time at which it began."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Row:
    """A record as it is stored: `event` is INSERT, MODIFY, REMOVE or EXPIRE, the images are JSON or not kept."""

    sequence: int
    at: float
    keys: str
    old: str | None
    new: str | None
    event: int


class StreamWriter:
    """Takes the changes of one table; inside the transaction of the write."""

    def __init__(self, log: StreamLog, stream: Stream, schema: TableSchema) -> None:
        self.stream = stream
        self._log = log
        self._keys = tuple(key.name for key in schema.keys)
        self._old = stream.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
        self._new = stream.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")

    def add(self, old: Item | None, new: Item | None, text: str | None = None, *, expired: bool = False) -> None:
        """Record a write that made `new` of `old`; one that changes nothing leaves no record."""
        item = new if new is not None else old
        assert item is not None
        if old is None:
            event = INSERT
        elif new is None:
            event = EXPIRE if expired else REMOVE
        elif old == new or same({"M": old}, {"M": new}):
            return
        else:
            event = MODIFY
        self._log.append(
            self.stream.number,
            _text({name: item[name] for name in self._keys}),
            _text(old) if self._old and old is not None else None,
            (text or _text(new)) if self._new and new is not None else None,
            event,
        )


class StreamLog:
    """All streams and their records. Not thread-safe; `now` is the second of the call that is being answered."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.now = 0.0
        self.written = False  # whether there are records that nobody was told of
        self._db = db
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        last = db.execute("SELECT q FROM stream_sequence").fetchone()
        newest = (self.newest(stream.number) or 0 for stream in self.streams())
        # The sequence number of the newest record of all.
        self.sequence: int = max([last[0] if last else 0, *newest])

    # -- streams -----------------------------------------------------------------------------------------------------

    def streams(self) -> list[Stream]:
        """Every stream, in the order in which they began."""
        rows = self._db.execute("SELECT s,n,name,arn,view,keys,created,closed FROM streams ORDER BY s")
        return [
            Stream(number, table_number, table, arn, view, json.loads(keys), created, closed)
            for number, table_number, table, arn, view, keys, created, closed in rows
        ]

    def open_stream(self, table_number: int) -> Stream | None:
        """The stream that takes the records of a table."""
        found = [one for one in self.streams() if one.table_number == table_number and one.closed is None]
        return found[-1] if found else None

    def begin(self, table_number: int, table: str, arn: str, view: str, keys: Sequence[dict[str, str]]) -> None:
        """A new stream for a table."""
        self._db.execute(
            "INSERT INTO streams(n,name,arn,view,keys,created) VALUES(?,?,?,?,?,?)",
            (table_number, table, arn, view, json.dumps(list(keys)), self.now),
        )

    def end(self, table_number: int) -> None:
        """A table's stream takes no more records; those that it has stay for their 24 hours."""
        self._db.execute("UPDATE streams SET closed=? WHERE n=? AND closed IS NULL", (self.now, table_number))

    def clear(self, *, streams: bool) -> None:
        """Drop every record, and with `streams` the streams, too. Sequence numbers are not given twice."""
        self._remember_sequence()
        self._db.execute("DELETE FROM stream_records")
        if streams:
            self._db.execute("DELETE FROM streams")

    # -- records -----------------------------------------------------------------------------------------------------

    def append(self, stream: int, keys: str, old: str | None, new: str | None, event: int) -> None:
        """Add a record, with the next sequence number."""
        self.sequence += 1
        self.written = True
        self._db.execute(
            "INSERT INTO stream_records VALUES(?,?,?,?,?,?,?)",
            (stream, self.sequence, self.now, keys, old, new, event),
        )

    def since(self, stream: int, sequence: int, limit: int) -> list[Row]:
        """The records of a stream after `sequence`, the oldest first, at most `limit`."""
        rows = self._db.execute(
            "SELECT q,at,keys,old,new,event FROM stream_records WHERE s=? AND q>? ORDER BY q LIMIT ?",
            (stream, sequence, limit),
        )
        return [Row(*row) for row in rows]

    def oldest(self, stream: int) -> int | None:
        """The sequence number of the oldest record that is still there, None when there is none."""
        row = self._db.execute("SELECT q FROM stream_records WHERE s=? ORDER BY q LIMIT 1", (stream,)).fetchone()
        return None if row is None else row[0]

    def newest(self, stream: int) -> int | None:
        """The sequence number of a stream's newest record, None when there is none."""
        row = self._db.execute("SELECT q FROM stream_records WHERE s=? ORDER BY q DESC LIMIT 1", (stream,)).fetchone()
        return None if row is None else row[0]

    def trimmed(self, stream: int) -> int:
        """The sequence number of the newest record that was dropped, 0 when there was none."""
        row = self._db.execute("SELECT trimmed FROM streams WHERE s=?", (stream,)).fetchone()
        return 0 if row is None else row[0]

    def trim(self) -> int:
        """Drop what is older than 24 hours, at most `MAX_TRIMMED` records of a stream; how many were."""
        before = self.now - KEPT_SECONDS
        gone = 0
        for stream in self.streams():
            old = [row.sequence for row in self.since(stream.number, 0, MAX_TRIMMED) if row.at <= before]
            if old:
                self._db.execute("DELETE FROM stream_records WHERE s=? AND q<=?", (stream.number, old[-1]))
                self._db.execute("UPDATE streams SET trimmed=? WHERE s=?", (old[-1], stream.number))
                gone += len(old)
            if stream.closed is not None and stream.closed <= before and self.oldest(stream.number) is None:
                self._db.execute("DELETE FROM streams WHERE s=?", (stream.number,))
        if gone:
            self._remember_sequence()
        return gone

    def _remember_sequence(self) -> None:
        """The newest record may be dropped: its number must not be given again after a restart."""
        self._db.execute("DELETE FROM stream_sequence")
        self._db.execute("INSERT INTO stream_sequence VALUES(?)", (self.sequence,))

    def rolled_back(self, sequence: int) -> None:
        """The transaction that came after `sequence` was undone."""
        self.sequence = sequence
        self.written = False


Listener = Callable[[], None]
"""Called after new records are in the file, on the thread that wrote; it must not block, nor call the engine."""


def described_keys(declaration: dict[str, Any]) -> list[dict[str, str]]:
    """The key schema of a table's stored declaration."""
    return [{"AttributeName": key["AttributeName"], "KeyType": key["KeyType"]} for key in declaration["schema"]]
