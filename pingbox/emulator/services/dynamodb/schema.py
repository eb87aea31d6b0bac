"""The schema of a table: its keys and indexes, as CreateTable declared them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Refusal, invalid
from pingbox.emulator.services.dynamodb.values import ended, sortable

HASH_KEY_LIMIT, RANGE_KEY_LIMIT = 2048, 1024

NO_MATCH = "The provided key element does not match the schema"

_EMPTY_KEY = "The AttributeValue for a key attribute cannot contain an empty string value."


class WrongKeyError(Refusal):
    """A key that this table cannot have: a `ValidationException`, and in a transaction the reason of a cancellation."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


@dataclass(frozen=True)
class KeyAttribute:
    """An attribute of a key: its name and its type, `S`, `N` or `B`."""

    name: str
    type: str


def joined(keys: Sequence[KeyAttribute], item: Item) -> bytes:
    """The bytes of one part of a key. Several attributes sort one after the other, each with an end of its own."""
    if len(keys) == 1:
        return sortable(item[keys[0].name])
    return b"".join(ended(sortable(item[key.name])) for key in keys)


@dataclass(frozen=True)
class IndexSchema:
    """A secondary index. `included` is None for the projection ALL, else every attribute the index holds.

    A global index may have several attributes in each part of its key; all others have one hash, and at most one range.
    """

    name: str
    is_global: bool
    hashes: tuple[KeyAttribute, ...]
    ranges: tuple[KeyAttribute, ...]
    projection: str
    included: frozenset[str] | None

    @cached_property
    def keys(self) -> tuple[KeyAttribute, ...]:
        return self.hashes + self.ranges

    @cached_property
    def _limits(self) -> tuple[tuple[str, str, int], ...]:
        hashes = [(key.name, key.type, HASH_KEY_LIMIT) for key in self.hashes]
        return (*hashes, *((key.name, key.type, RANGE_KEY_LIMIT) for key in self.ranges))

    def holds(self, item: Item) -> bool:
        """Whether the item is in the index: it has every attribute of the index's key, and each is a valid key.

        A put that has an invalid one is refused; an index that is added later finds such items, and leaves them out.
        """
        for name, kind, limit in self._limits:
            value = item.get(name)
            if value is None or not value.get(kind):
                return False
            if len(value[kind]) > limit // 4 and kind != "N" and len(sortable(value)) > limit:
                return False
        return True

    def bytes_of_key(self, item: Item) -> tuple[bytes, bytes]:
        """The sortable bytes of the two parts of the index's key, of an item that the index holds."""
        return joined(self.hashes, item), joined(self.ranges, item)

    def projected(self, item: Item) -> Item:
        """The item as the index holds it."""
        if self.included is None:
            return item
        return {name: value for name, value in item.items() if name in self.included}


@dataclass(frozen=True)
class TableSchema:
    """A table's keys and indexes."""

    name: str
    hash: KeyAttribute
    range: KeyAttribute | None
    indexes: Mapping[str, IndexSchema]

    @cached_property
    def hashes(self) -> tuple[KeyAttribute, ...]:
        return (self.hash,)

    @cached_property
    def ranges(self) -> tuple[KeyAttribute, ...]:
        return () if self.range is None else (self.range,)

    @cached_property
    def keys(self) -> tuple[KeyAttribute, ...]:
        return self.hashes + self.ranges

    @cached_property
    def key_names(self) -> frozenset[str]:
        return frozenset(key.name for key in self.keys)

    def bytes_of_key(self, key: Item) -> tuple[bytes, bytes]:
        """The sortable bytes of a checked key; the second are empty for a table without a sort key."""
        return sortable(key[self.hash.name]), b"" if self.range is None else sortable(key[self.range.name])

    def checked_key(self, key: Item) -> tuple[bytes, bytes]:
        """The bytes of a key a caller named; refused unless it has exactly the key's attributes, of the right types."""
        if key.keys() != self.key_names:
            raise invalid(NO_MATCH)
        for attribute in self.keys:
            if attribute.type not in key[attribute.name]:
                raise WrongKeyError(NO_MATCH)
        out = self.bytes_of_key(key)
        self._refuse_bad_sizes(*out)
        return out

    def checked_item_key(self, item: Item) -> tuple[bytes, bytes]:
        """The bytes of the key inside an item to be put; refused unless key and index keys are there and well typed."""
        for key in self.keys:
            value = item.get(key.name)
            if value is None:
                raise invalid(f"One or more parameter values were invalid: Missing the key {key.name} in the item")
            if key.type not in value:
                raise WrongKeyError(
                    f"One or more parameter values were invalid: Type mismatch for key {key.name} "
                    f"expected: {key.type} actual: {next(iter(value))}"
                )
        out = self.bytes_of_key(item)
        self._refuse_bad_sizes(*out)
        self.check_index_keys(item)
        return out

    def _refuse_bad_sizes(self, hash_bytes: bytes, range_bytes: bytes) -> None:
        for key, encoded, limit in zip(
            self.keys, (hash_bytes, range_bytes), (HASH_KEY_LIMIT, RANGE_KEY_LIMIT), strict=False
        ):
            if not encoded:
                raise invalid(f"One or more parameter values are not valid. {_EMPTY_KEY} Key: {key.name}")
            if len(encoded) > limit and key.type != "N":
                raise _too_long(limit)

    def check_index_keys(self, item: Item, old: Item | None = None) -> None:
        """Refuse an item whose index keys, where present, have another type, are empty or too long.

        What is the same in `old` is not looked at again: an index that was added later may have found it there.
        """
        for index in self.indexes.values():
            for key in index.keys:
                value = item.get(key.name)
                if value is not None and (old is None or old.get(key.name) != value):
                    _check_index_key(index, key, value)


def _check_index_key(index: IndexSchema, key: KeyAttribute, value: dict[str, Any]) -> None:
    if key.type not in value:
        raise WrongKeyError(
            f"One or more parameter values were invalid: Type mismatch for Index Key {key.name} "
            f"Expected: {key.type} Actual: {next(iter(value))} IndexName: {index.name}"
        )
    if value[key.type] == "":
        raise invalid(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
            f"{_EMPTY_KEY} IndexName: {index.name}, IndexKey: {key.name}"
        )
    limit = HASH_KEY_LIMIT if key in index.hashes else RANGE_KEY_LIMIT
    if key.type != "N" and len(value[key.type]) > limit // 4 and len(sortable(value)) > limit:
        raise _too_long(limit)


def _too_long(limit: int) -> Refusal:
    # Word for word, missing blank included (moto's tests that were verified against AWS).
    what = (
        f"Size of hashkey has exceeded the maximum size limit of{limit} bytes"
        if limit == HASH_KEY_LIMIT
        else f"Aggregated size of all range keys has exceeded the size limit of {limit} bytes"
    )
    return invalid(f"One or more parameter values were invalid: {what}")


def schema_of(
    name: str,
    key_schema: Sequence[Mapping[str, str]],
    definitions: Sequence[Mapping[str, str]],
    local_indexes: Sequence[Mapping[str, Any]],
    global_indexes: Sequence[Mapping[str, Any]],
) -> TableSchema:
    """The schema of a table from the members of a (valid) CreateTable request."""
    types = {definition["AttributeName"]: definition["AttributeType"] for definition in definitions}
    hashes, ranges = _keys(key_schema, types)
    table_keys = {key.name for key in hashes + ranges}
    indexes: dict[str, IndexSchema] = {}
    for is_global, declared in [(False, i) for i in local_indexes] + [(True, i) for i in global_indexes]:
        index_hashes, index_ranges = _keys(declared["KeySchema"], types)
        projection = declared["Projection"]
        kind = projection.get("ProjectionType", "ALL")
        named = set(projection.get("NonKeyAttributes") or ()) if kind == "INCLUDE" else set()
        keys = table_keys | {key.name for key in index_hashes + index_ranges}
        indexes[declared["IndexName"]] = IndexSchema(
            name=declared["IndexName"],
            is_global=is_global,
            hashes=tuple(index_hashes),
            ranges=tuple(index_ranges),
            projection=kind,
            included=None if kind == "ALL" else frozenset(keys | named),
        )
    return TableSchema(name, hashes[0], ranges[0] if ranges else None, indexes)


def _keys(
    schema: Sequence[Mapping[str, str]], types: Mapping[str, str]
) -> tuple[list[KeyAttribute], list[KeyAttribute]]:
    def of(kind: str) -> list[KeyAttribute]:
        return [KeyAttribute(k["AttributeName"], types[k["AttributeName"]]) for k in schema if k["KeyType"] == kind]

    return of("HASH"), of("RANGE")
