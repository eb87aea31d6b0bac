"""Tables in SQLite: one for the items, one for each secondary index, all in key order.

An item is one row: the sortable bytes of its key, the JSON of the wire, and the second at which its time to live ends
(NULL without one). An index row holds the index's key and the item's; what the index projects is read from the item.
Every question that DynamoDB can ask is a range of one of these trees: nothing grows with the table but the logarithm.
"""

# ruff: noqa: S608 - the names put into SQL are our own: a number, and the hexadecimal digits of an index's name

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pingbox.emulator.services.dynamodb.answers import Item
from pingbox.emulator.services.dynamodb.schema import IndexSchema, TableSchema

if TYPE_CHECKING:
    from pingbox.emulator.services.dynamodb.streams.log import StreamWriter

json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_loads = json.loads


@dataclass
class Counts:
    """Items of a table, about how many bytes they have, and the entries of each index."""

    items: int
    size: int
    entries: dict[str, int]


@dataclass(frozen=True)
class KeyRange:
    """A part of one tree: rows of one partition (or all of them), between bounds, after a start, in one direction.

    `bounds` are SQL comparisons (`">="`, `"<"`, `"="`...) with bytes on the sort key. `after` is the exclusive start:
    the bytes of the tree's key columns. `hash` None means every partition (a scan).
    """

    hash: bytes | None
    bounds: tuple[tuple[str, bytes], ...] = ()
    after: tuple[bytes, ...] | None = None
    backwards: bool = False


class ItemTable:
    """The rows of one DynamoDB table. Writers must be inside the store's transaction."""

    def __init__(self, db: sqlite3.Connection, number: int, schema: TableSchema, ttl_attribute: str | None) -> None:
        self.schema = schema
        self.ttl_attribute = ttl_attribute
        self.number = number
        self._db = db
        self._sql = f"t{number}"
        self._get = f"SELECT item FROM {self._sql} WHERE h=? AND r=?"
        self._put = f"INSERT OR REPLACE INTO {self._sql}(h,r,item,e) VALUES(?,?,?,?)"
        self._del = f"DELETE FROM {self._sql} WHERE h=? AND r=?"
        self._indexes = [(index, f"{self._sql}_{_hex(index.name)}") for index in schema.indexes.values()]
        self.stream: StreamWriter | None = None
        self._counted: Counts | None = None

    # -- the trees themselves --------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the trees that are not there yet; a new index is filled from the items."""
        self._db.execute(
            f"CREATE TABLE IF NOT EXISTS {self._sql}"
            "(h BLOB NOT NULL, r BLOB NOT NULL, item TEXT NOT NULL, e INTEGER, PRIMARY KEY(h,r)) WITHOUT ROWID"
        )
        self._db.execute(f"CREATE INDEX IF NOT EXISTS {self._sql}_e ON {self._sql}(e) WHERE e IS NOT NULL")
        there = self._index_trees()
        for index, tree in self._indexes:
            if tree not in there:
                self._db.execute(
                    f"CREATE TABLE {tree}(gh BLOB NOT NULL, gr BLOB NOT NULL, h BLOB NOT NULL, r BLOB NOT NULL, "
                    "PRIMARY KEY(gh,gr,h,r)) WITHOUT ROWID"
                )
                self._fill(index, tree)
        for tree in there - {tree for _, tree in self._indexes}:
            self._db.execute(f"DROP TABLE {tree}")

    def drop(self) -> None:
        for tree in [*self._index_trees(), self._sql]:
            self._db.execute(f"DROP TABLE IF EXISTS {tree}")
        self._counted = Counts(0, 0, {index.name: 0 for index, _ in self._indexes})

    def clear(self) -> None:
        """Delete every item."""
        for tree in [*(tree for _, tree in self._indexes), self._sql]:
            self._db.execute(f"DELETE FROM {tree}")
        self._counted = Counts(0, 0, {index.name: 0 for index, _ in self._indexes})

    def _index_trees(self) -> set[str]:
        rows = self._db.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name GLOB ?", (f"{self._sql}_*",)
        )
        return {name for (name,) in rows}

    def _fill(self, index: IndexSchema, tree: str) -> None:
        rows = self._db.execute(f"SELECT h,r,item FROM {self._sql}")
        entries = ((*index.bytes_of_key(item), h, r) for h, r, item in _parsed(rows) if index.holds(item))
        self._db.executemany(f"INSERT OR REPLACE INTO {tree} VALUES(?,?,?,?)", entries)

    # -- one item ----------------------------------------------------------------------------------------------------

    def text(self, h: bytes, r: bytes) -> str | None:
        """The JSON of an item, None when there is none."""
        row = self._db.execute(self._get, (h, r)).fetchone()
        return None if row is None else row[0]

    def get(self, h: bytes, r: bytes) -> Item | None:
        row = self._db.execute(self._get, (h, r)).fetchone()
        return None if row is None else _loads(row[0])

    def put(self, h: bytes, r: bytes, item: Item, old: str | Item | None, text: str | None = None) -> None:
        """Write an item whose key is (h, r).

        `old` is what was there, as text or parsed (None: nothing); `text` the item's own, if it was made already.
        """
        if text is None:
            text = json_text(item)
        if self._indexes:
            before = _loads(old) if isinstance(old, str) else old
            for index, tree in self._indexes:
                self._reindex(tree, index, h, r, before, item)
        self._db.execute(self._put, (h, r, text, self._expiry(item)))
        if self.stream is not None:
            self.stream.add(_loads(old) if isinstance(old, str) else old, item, text)
        if self._counted is not None:
            self._recount(len(text), old)

    def delete(self, h: bytes, r: bytes, old: str | Item, *, expired: bool = False) -> None:
        """Delete the item `old`; `expired` by its time to live, of which its stream's record tells."""
        if self._indexes:
            before = _loads(old) if isinstance(old, str) else old
            for index, tree in self._indexes:
                self._reindex(tree, index, h, r, before, None)
        self._db.execute(self._del, (h, r))
        if self.stream is not None:
            self.stream.add(_loads(old) if isinstance(old, str) else old, None, expired=expired)
        if self._counted is not None:
            self._recount(None, old)

    def _reindex(self, tree: str, index: IndexSchema, h: bytes, r: bytes, old: Item | None, new: Item | None) -> None:
        was = index.bytes_of_key(old) if old is not None and index.holds(old) else None
        now = index.bytes_of_key(new) if new is not None and index.holds(new) else None
        if was == now:
            return
        if self._counted is not None:
            self._counted.entries[index.name] += (now is not None) - (was is not None)
        if was is not None:
            self._db.execute(f"DELETE FROM {tree} WHERE gh=? AND gr=? AND h=? AND r=?", (*was, h, r))
        if now is not None:
            self._db.execute(f"INSERT OR REPLACE INTO {tree} VALUES(?,?,?,?)", (*now, h, r))

    # -- many items --------------------------------------------------------------------------------------------------

    def texts(self, within: KeyRange, index: IndexSchema | None = None, limit: int | None = None) -> Iterator[str]:
        """The JSON of the items of a range in key order, at most `limit`; the rest of the cursor is closed unread."""
        return (row[0] for row in self._db.execute(*self._select("item", within, index, limit)))

    def _select(
        self, column: str, within: KeyRange, index: IndexSchema | None, limit: int | None
    ) -> tuple[str, list[Any]]:
        hash_column, range_column = ("gh", "gr") if index else ("h", "r")
        where: list[str] = []
        values: list[Any] = []
        if within.hash is not None:
            where.append(f"{hash_column}=?")
            values.append(within.hash)
        for operator, bound in within.bounds:
            where.append(f"{range_column}{operator}?")
            values.append(bound)
        columns = ["gh", "gr", "g.h", "g.r"] if index else ["h", "r"]
        if within.after is not None:
            # Within one partition the hash column is fixed already; leaving it out lets SQLite seek to the start.
            first = 0 if within.hash is None else 1
            row, marks = ",".join(columns[first:]), ",".join("?" * len(columns[first:]))
            where.append(f"({row}){'<' if within.backwards else '>'}({marks})")
            values.extend(within.after[first:])
        if index:
            # CROSS JOIN tells the planner to walk the index tree; it must not guess otherwise on an empty table.
            source = f"{self._tree(index)} g CROSS JOIN {self._sql} t ON t.h=g.h AND t.r=g.r"
            column = f"t.{column}"
        else:
            source = self._sql
        direction = " DESC" if within.backwards else ""
        sql = f"SELECT {column} FROM {source}"
        if where:
            sql += " WHERE " + " AND ".join(where)
        sql += " ORDER BY " + ",".join(c + direction for c in columns)
        if limit is not None:
            sql += " LIMIT ?"
            values.append(limit)
        return sql, values

    def _tree(self, index: IndexSchema) -> str:
        return f"{self._sql}_{_hex(index.name)}"

    def entry(self, index: IndexSchema | None, key: Item) -> tuple[bytes, ...]:
        """Where an item with these key attributes stands in the table's tree or in an index's."""
        own = self.schema.bytes_of_key(key)
        return own if index is None else (*index.bytes_of_key(key), *own)

    # -- time to live ------------------------------------------------------------------------------------------------

    def _expiry(self, item: Item) -> int | None:
        if self.ttl_attribute is None:
            return None
        text = item.get(self.ttl_attribute, {}).get("N")
        # A value beyond SQLite's integers is no time anybody will see.
        return int(float(text)) if text is not None and abs(float(text)) < 2**62 else None

    def set_ttl_attribute(self, name: str | None) -> None:
        """Turn the time to live on (`name` is the attribute, in epoch seconds) or off (None), for all stored items."""
        self.ttl_attribute = name
        self._db.execute(f"UPDATE {self._sql} SET e=NULL WHERE e IS NOT NULL")
        if name is not None:
            rows = self._db.execute(f"SELECT h,r,item FROM {self._sql}").fetchall()
            due = ((self._expiry(item), h, r) for h, r, item in _parsed(rows) if name in item)
            self._db.executemany(f"UPDATE {self._sql} SET e=? WHERE h=? AND r=?", due)

    def expired(self, since: int, until: int) -> list[tuple[bytes, bytes, int]]:
        """Keys and expiry seconds of the items whose time ended in [since, until], the longest ago first."""
        return self._db.execute(
            f"SELECT h,r,e FROM {self._sql} WHERE e IS NOT NULL AND e>=? AND e<=? ORDER BY e", (since, until)
        ).fetchall()

    # -- how many ----------------------------------------------------------------------------------------------------

    def counts(self) -> Counts:
        """How many items there are; the first call after an unclean end counts the rows, later ones keep in step."""
        if self._counted is None:
            items, size = self._db.execute(f"SELECT count(*), ifnull(sum(length(item)),0) FROM {self._sql}").fetchone()
            entries = {
                index.name: self._db.execute(f"SELECT count(*) FROM {tree}").fetchone()[0]
                for index, tree in self._indexes
            }
            self._counted = Counts(items, size, entries)
        return self._counted

    @property
    def known_counts(self) -> Counts | None:
        return self._counted

    def restore_counts(self, counts: Counts) -> None:
        self._counted = counts

    def forget_counts(self) -> None:
        """After a rollback, nobody knows which steps of the count were undone."""
        self._counted = None

    def _recount(self, written: int | None, old: str | Item | None) -> None:
        assert self._counted is not None
        was = None if old is None else len(old if isinstance(old, str) else json_text(old))
        self._counted.items += (written is not None) - (was is not None)
        self._counted.size += (written or 0) - (was or 0)


def _parsed(rows: Any) -> Iterator[tuple[bytes, bytes, Item]]:
    return ((h, r, _loads(text)) for h, r, text in rows)


def _hex(name: str) -> str:
    # Index names are case-sensitive in DynamoDB, table names are not in SQLite.
    return "i" + name.encode().hex()
