"""The tables there are, by name or ARN, and the transaction around each write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pingbox.emulator.services.dynamodb.answers import no_such_table
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable
from pingbox.emulator.services.dynamodb.storage.store import Store
from pingbox.emulator.services.dynamodb.streams.log import StreamLog, StreamWriter


class Catalog:
    """Finds tables; the moto fallback, which knows what a declaration is, adds and removes them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.streams = StreamLog(store.db)
        self._tables: dict[str, ItemTable] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing for the writes inside; a transaction inside another one joins it."""
        db = self.store.db
        if db.in_transaction:
            yield
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def table(self, name: str) -> ItemTable:
        """The table of a name or ARN; raises the `Refusal` that operations on items answer with."""
        found = self._tables.get(name)
        if found is None and name.startswith("arn:"):
            found = self._tables.get(name.rpartition(":table/")[2])
        if found is None:
            raise no_such_table()
        return found

    @property
    def now(self) -> float:
        """The epoch seconds of the call that is being answered."""
        return self.streams.now

    def stream_to(self, table: ItemTable) -> None:
        """Let a table's changes go to its stream, if it has one that is open."""
        stream = self.streams.open_stream(table.number)
        table.stream = None if stream is None else StreamWriter(self.streams, stream, table.schema)

    def add(self, table: ItemTable) -> None:
        self._tables[table.schema.name] = table

    def remove(self, name: str) -> None:
        self._tables.pop(name, None)

    def __iter__(self) -> Iterator[ItemTable]:
        return iter(list(self._tables.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._tables
