"""What moto sees as a table's items: mappings over SQLite that build moto's objects when they are asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.dynamo_type import Item as MotoItem

from pingbox.emulator.services.dynamodb.answers import Item
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, KeyRange
from pingbox.emulator.services.dynamodb.storage.ordering import sortable
from pingbox.emulator.services.dynamodb.values import checked_item

if TYPE_CHECKING:
    from pingbox.emulator.services.dynamodb.moto.tables import SqlTable


class Untracked(list[Any]):
    """In place of the list in which moto keeps every object it ever made: it keeps nothing."""

    def append(self, _: Any) -> None:
        return None


class StoredItem(MotoItem):  # type: ignore[misc]
    """An item read from SQLite: nobody else holds it, so it is never copied, and its size is counted once."""

    __module__ = "pingbox.dynamodb"  # moto takes the second part of a module's name for the service

    def __deepcopy__(self, memo: dict[int, Any]) -> StoredItem:
        return self


StoredItem.instances_tracked = Untracked()


def moto_item(table: SqlTable, item: Item, kind: type[MotoItem] = MotoItem) -> MotoItem:
    """Moto's object for an item of the wire, without moto's checks, which it passed when it was written."""
    out: Any = object.__new__(kind)
    out.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    for name, value in item.items():
        dict.__setitem__(out.attrs, name, DynamoType(value))
    out.hash_key = out.attrs[table.hash_key_attr]
    out.range_key = out.attrs[table.range_key_attr] if table.range_key_attr else None
    return out


def wire_item(item: MotoItem) -> Item:
    """The item of the wire for moto's object, in canonical spelling; raises a `Refusal` for what must not be stored."""
    return checked_item({name: wire_value(value) for name, value in item.attrs.items()})


def wire_value(value: Any) -> Any:
    """An attribute value of the wire for moto's."""
    content = value.value if isinstance(value, DynamoType) else value
    if isinstance(value, DynamoType):
        if value.type == "M":
            return {"M": {name: wire_value(inner) for name, inner in content.items()}}
        if value.type in ("L", "SS", "NS", "BS"):
            return {value.type: [wire_value(inner) for inner in content]}
        return {value.type: wire_value(content)}
    return base64.b64encode(content).decode() if isinstance(content, bytes) else content


def _bytes(key: DynamoType) -> bytes:
    return sortable(wire_value(key))


class Items(MutableMapping[Any, Any]):
    """`Table.items` of moto: hash key to item, or to a `Partition` where there is a sort key."""

    def __init__(self, table: SqlTable, rows: ItemTable) -> None:
        self._table = table
        self._rows = rows

    def __getitem__(self, key: DynamoType) -> Any:
        partition = Partition(self._table, self._rows, _bytes(key))
        return partition if self._table.range_key_attr else partition.at(b"", key)

    def __setitem__(self, key: DynamoType, item: MotoItem) -> None:
        Partition(self._table, self._rows, _bytes(key)).put(b"", item)

    def __delitem__(self, key: DynamoType) -> None:
        Partition(self._table, self._rows, _bytes(key)).remove(b"", key)

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, DynamoType)
        return next(self._rows.texts(KeyRange(_bytes(key)), limit=1), None) is not None

    def __iter__(self) -> Iterator[Any]:
        return (item.hash_key for item in self._table.all_items())

    def __len__(self) -> int:
        return self._rows.counts().items

    def values(self) -> Any:
        """Items, or for moto's two-level loops, one mapping that holds them all."""
        items = self._table.all_items()
        if not self._table.range_key_attr:
            return items
        return [{(item.hash_key, item.range_key): item for item in items}]


class Partition(MutableMapping[Any, Any]):
    """The items of one hash key, by sort key."""

    def __init__(self, table: SqlTable, rows: ItemTable, h: bytes) -> None:
        self._table = table
        self._rows = rows
        self._h = h

    def at(self, r: bytes, key: object) -> MotoItem:
        found = self._rows.get(self._h, r)
        if found is None:
            raise KeyError(key)
        return moto_item(self._table, found)

    def put(self, r: bytes, item: MotoItem) -> None:
        self._rows.put(self._h, r, wire_item(item), self._rows.text(self._h, r))

    def remove(self, r: bytes, key: object) -> None:
        old = self._rows.text(self._h, r)
        if old is None:
            raise KeyError(key)
        self._rows.delete(self._h, r, old)

    def __getitem__(self, key: DynamoType) -> MotoItem:
        return self.at(_bytes(key), key)

    def __setitem__(self, key: DynamoType, item: MotoItem) -> None:
        self.put(_bytes(key), item)

    def __delitem__(self, key: DynamoType) -> None:
        self.remove(_bytes(key), key)

    def __iter__(self) -> Iterator[Any]:
        return (moto_item(self._table, json.loads(text)).range_key for text in self._rows.texts(KeyRange(self._h)))

    def __len__(self) -> int:
        return sum(1 for _ in self._rows.texts(KeyRange(self._h)))
