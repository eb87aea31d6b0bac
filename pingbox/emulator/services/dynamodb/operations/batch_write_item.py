"""BatchWriteItem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.operations.writes import Write, check_size
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, json_text
from pingbox.emulator.services.dynamodb.values import checked_item

MAX_WRITES = 25

_DUPLICATES = "Provided list of item keys contains duplicates"
_NO_SCOPE = Placeholders({}, {})


def batch_write_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    batches = _batches(request)
    if sum(map(len, batches.values())) > MAX_WRITES:
        raise invalid("Too many items requested for the BatchWriteItem call")
    checked = [(name, _checked(member)) for name, members in batches.items() for member in members]
    writes = [_prepared(catalog.table(name), item, put=put) for name, (item, put) in checked]
    if len({(write.table.number, write.key) for write in writes}) != len(writes):
        raise invalid(_DUPLICATES)
    for write in writes:
        write.perform(write.load(), meter)
    return meter.put_into({"UnprocessedItems": {}}, listed=True)


def _batches(request: Request) -> dict[str, Sequence[Any]]:
    batches: dict[str, Sequence[Any]] = request["RequestItems"]
    if not batches or not all(batches.values()):
        raise invalid(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    return batches


def _checked(member: dict[str, Any]) -> tuple[Item, bool]:
    """The item to put, or the key to delete (False)."""
    if len(member) != 1:
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    if "PutRequest" not in member:
        return checked_item(member["DeleteRequest"]["Key"]), False
    return checked_item(member["PutRequest"]["Item"]), True


def _prepared(table: ItemTable, item: Item, *, put: bool) -> Write:
    if not put:
        return Write(table, table.schema.checked_key(item), None, _NO_SCOPE, lambda _: None)
    text = json_text(item)
    check_size(item, text, "Item size has exceeded the maximum allowed size")
    return Write(table, table.schema.checked_item_key(item), None, _NO_SCOPE, lambda _: item, text=text)
