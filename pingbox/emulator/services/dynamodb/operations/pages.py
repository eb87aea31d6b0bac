"""What Query and Scan share: one page of a range of a table or an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from pingbox.emulator.services.dynamodb.answers import COUNTED, Item, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units
from pingbox.emulator.services.dynamodb.expressions.conditions import Condition
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.expressions.projections import Projection
from pingbox.emulator.services.dynamodb.schema import IndexSchema
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, KeyRange
from pingbox.emulator.services.dynamodb.values import checked_item, item_size

PAGE_LIMIT = 1024 * 1024

_INVALID = "One or more parameter values were invalid: "

_loads = json.loads


@dataclass(frozen=True)
class Reading:
    """What is done with each item that is looked at."""

    condition: Condition | None
    projection: Projection | None
    scope: Placeholders
    segment: tuple[int, int] | None = None
    fetches_for_filter: bool = False  # scans and PartiQL read from the table what a local index lacks for the condition


def page_of(
    table: ItemTable, index: IndexSchema | None, request: Request, within: KeyRange, reading: Reading, meter: Meter
) -> dict[str, Any]:
    select = _select(table, index, request, reading)
    limit = request.get("Limit")
    filters_fetched = _condition_fetches(index, reading)
    shows_fetched = _items_fetch(index, select, reading)
    texts = table.texts(within, index, limit if reading.segment is None else None)
    looked, size, more = _fill(texts, table, index, limit, reading.segment, exact=meter.wish != "NONE")
    last = looked[-1] if more else None
    kept = looked
    if reading.condition is not None:
        kept = [item for item in looked if reading.condition.holds(item, reading.scope)]
    if index is not None and index.included is not None and not shows_fetched:
        kept = [index.projected(item) for item in kept]
    body: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(looked)}
    if select != "COUNT":
        body["Items"] = [reading.projection.of(item) for item in kept] if reading.projection else kept
    if last is not None:
        names = [*(key.name for key in table.schema.keys), *(key.name for key in (index.keys if index else ()))]
        body["LastEvaluatedKey"] = {name: last[name] for name in names}
    if meter.wish != "NONE":
        if index is not None and index.included is not None:
            size = sum(item_size(index.projected(item)) for item in looked)
        consistent = bool(request.get("ConsistentRead"))
        fetched = (
            [read_units(item_size(item), consistent) for item in looked] if filters_fetched or shows_fetched else ()
        )
        meter.read(table.schema, float(sum(fetched)))
        meter.read(table.schema, read_units(size, consistent), index)
    return meter.put_into(body)


def _fill(
    texts: Iterable[str],
    table: ItemTable,
    index: IndexSchema | None,
    limit: int | None,
    segment: tuple[int, int] | None,
    *,
    exact: bool,
) -> tuple[list[Item], int, bool]:
    """The items of one page, their bytes (only when `exact`), and whether the page ended before the range did.

    A page ends when it holds `limit` items, or with the item that makes it 1 MB. Sizes are only counted once the
    text of the rows, which is never shorter than the item, comes near.
    """
    rows = iter(texts)
    looked: list[Item] = []
    if segment is None and not exact:
        looked, crossed = _fill_roughly(rows)
        if not crossed:
            return looked, 0, len(looked) == limit
    size = sum(map(item_size, looked))
    for text in rows if size < PAGE_LIMIT and len(looked) != limit else ():
        item = _loads(text)
        if segment is not None and not _in_segment(table, index, item, segment):
            continue
        looked.append(item)
        size += item_size(item)
        if len(looked) == limit or size >= PAGE_LIMIT:
            return looked, size, True
    return looked, size, size >= PAGE_LIMIT or len(looked) == limit


def _fill_roughly(rows: Iterator[str]) -> tuple[list[Item], bool]:
    """Rows up to a megabyte of text, parsed in one go, and whether there was that much."""
    taken: list[str] = []
    roughly = 0
    for text in rows:
        taken.append(text)
        roughly += len(text) if text.isascii() else 4 * len(text)
        if roughly >= PAGE_LIMIT:
            break
    return _loads(f"[{','.join(taken)}]"), roughly >= PAGE_LIMIT


def _in_segment(table: ItemTable, index: IndexSchema | None, item: Item, segment: tuple[int, int]) -> bool:
    partition = table.entry(index, item)[0]
    return crc32(partition) % segment[1] == segment[0]


def _condition_fetches(index: IndexSchema | None, reading: Reading) -> bool:
    """Whether the condition is about attributes that a local index lacks, which are then read from the table.

    Scans and PartiQL do so. A query does not, and a global index cannot: both are refused.
    """
    if index is None or index.included is None or reading.condition is None:
        return False
    paths = (part for part in reading.condition.parts() if not isinstance(part, str))
    missing = {str(path.resolved(reading.scope.names)[0]) for path in paths} - index.included
    if missing and (index.is_global or not reading.fetches_for_filter):
        raise invalid(
            f"{_INVALID}Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(sorted(missing))}]"
        )
    return bool(missing)


def _items_fetch(index: IndexSchema | None, select: str | None, reading: Reading) -> bool:
    """Whether attributes are asked for that a local index lacks, which are then read from the table.

    A global index cannot do so: it is refused.
    """
    if index is None or index.included is None:
        return False
    if reading.projection is None:
        return select == "ALL_ATTRIBUTES"
    asked = dict.fromkeys((*reading.projection.flat, *(str(steps[0]) for steps in reading.projection.deep)))
    missing = [name for name in asked if name not in index.included]
    if missing and index.is_global:
        raise invalid(f"{_INVALID}Global secondary index {index.name} does not project [{', '.join(missing)}]")
    return bool(missing)


def index_of_request(table: ItemTable, request: Request) -> IndexSchema | None:
    name = request.get("IndexName")
    if name is None:
        return None
    index = table.schema.indexes.get(name)
    if index is None:
        raise invalid(f"The table does not have the specified index: {name}")
    if index.is_global and request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return index


def checked_start(request: Request) -> Item | None:
    """The ExclusiveStartKey, its values checked."""
    given = request.get("ExclusiveStartKey")
    return None if given is None else checked_item(given)


def start_of_page(table: ItemTable, index: IndexSchema | None, key: Item | None) -> tuple[bytes, ...] | None:
    """Where the page begins; refused unless the start key is a key of this table or index."""
    if key is None:
        return None
    attributes = {k.name: k.type for k in (*table.schema.keys, *(index.keys if index else ()))}
    if key.keys() != attributes.keys():
        raise invalid("The provided starting key is invalid")
    if any(kind not in key[name] for name, kind in attributes.items()):
        raise invalid("The provided starting key is invalid: The provided key element does not match the schema")
    return table.entry(index, key)


def _select(table: ItemTable, index: IndexSchema | None, request: Request, reading: Reading) -> str | None:
    select = request.get("Select")
    if select is None:
        return None
    if select == "SPECIFIC_ATTRIBUTES":
        if reading.projection is None:
            raise invalid(
                f"{COUNTED}Must specify the AttributesToGet or ProjectionExpression "
                "when choosing to get SPECIFIC_ATTRIBUTES"
            )
    elif reading.projection is not None:
        what = "only the Count" if select == "COUNT" else select
        named = "AttributesToGet" if request.get("AttributesToGet") else "ProjectionExpression"
        raise invalid(f"{COUNTED}Cannot specify the {named} when choosing to get {what}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        raise invalid(f"{COUNTED}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if select == "ALL_ATTRIBUTES" and index is not None and index.is_global and index.included is not None:
        raise invalid(
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
            f"secondary index {index.name} because its projection type is not ALL"
        )
    return str(select)
