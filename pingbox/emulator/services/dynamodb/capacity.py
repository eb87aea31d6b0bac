"""Capacity units: what an operation would have cost on AWS (developer guide, CapacityUnitCalculations).

Reads count 4 KB, half when eventually consistent, double in transactions; writes count 1 KB of the larger of old and
new item, double in transactions; each index entry that is written or deleted counts by itself.
"""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item
from pingbox.emulator.services.dynamodb.schema import IndexSchema, TableSchema
from pingbox.emulator.services.dynamodb.values import item_size


def wanted(request: Any) -> str:
    """`NONE`, `TOTAL` or `INDEXES`."""
    return str(request.get("ReturnConsumedCapacity", "NONE"))


def read_units(size: int, consistent: bool) -> float:
    """Units for `size` bytes read in one go; nothing found still costs the least."""
    return max(1, -(-size // 4096)) * (1.0 if consistent else 0.5)


def write_units(*items: Item | None) -> float:
    """Units for one write, by the larger of the old and the new item."""
    return float(max(1, -(-max((item_size(item) for item in items if item), default=0) // 1024)))


class Meter:
    """Adds up what one request consumes, table by table and index by index."""

    def __init__(self, wish: str, *, transaction: bool = False, writes: bool = False) -> None:
        self.wish = wish
        self._factor = 2.0 if transaction else 1.0
        self._kind = ("WriteCapacityUnits" if writes else "ReadCapacityUnits") if transaction else None
        self._tables: dict[str, dict[str | None, float]] = {}
        self._schemas: dict[str, TableSchema] = {}

    def read(self, schema: TableSchema, units: float, index: IndexSchema | None = None) -> None:
        self._add(schema, index.name if index else None, units)

    def write(self, schema: TableSchema, old: Item | None, new: Item | None) -> None:
        """Count one item written or deleted (`new` None), with the index entries that changed."""
        if self.wish == "NONE":
            return
        self._add(schema, None, write_units(old, new))
        for index in schema.indexes.values():
            self._add(schema, index.name, _index_units(index, old, new))

    def _add(self, schema: TableSchema, index: str | None, units: float) -> None:
        if self.wish == "NONE":
            return
        self._schemas[schema.name] = schema
        table = self._tables.setdefault(schema.name, {None: 0.0})
        if units:
            table[index] = table.get(index, 0.0) + units * self._factor

    def all(self) -> list[dict[str, Any]]:
        """One `ConsumedCapacity` for each table."""
        return [self._of(name, parts) for name, parts in self._tables.items()]

    def put_into(self, body: dict[str, Any], *, listed: bool = False) -> dict[str, Any]:
        """Add the member that was asked for, if any: one object, or a list for operations on several tables."""
        if self.wish != "NONE":
            told = self.all()
            body["ConsumedCapacity"] = told if listed else told[0]
        return body

    def _of(self, name: str, parts: dict[str | None, float]) -> dict[str, Any]:
        out: dict[str, Any] = {"TableName": name, **self._units(sum(parts.values()))}
        if self.wish == "INDEXES":
            out["Table"] = self._units(parts[None])
            for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
                indexes = self._schemas[name].indexes
                told = {i: self._units(u) for i, u in parts.items() if i and indexes[i].is_global == is_global}
                if told:
                    out[member] = told
        return out

    def _units(self, units: float) -> dict[str, float]:
        return {"CapacityUnits": units, **({self._kind: units} if self._kind else {})}


def _index_units(index: IndexSchema, old: Item | None, new: Item | None) -> float:
    was = index.projected(old) if old is not None and index.holds(old) else None
    now = index.projected(new) if new is not None and index.holds(new) else None
    if was == now:
        return 0.0
    if was is not None and now is not None and _key(index, was) != _key(index, now):
        return write_units(was) + write_units(now)  # an entry moves: one deleted, one written
    return write_units(was, now)


def _key(index: IndexSchema, entry: Item) -> list[Any]:
    return [entry[key.name] for key in index.keys]
