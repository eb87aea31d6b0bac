"""BatchWriteItem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.paths import Scope
from pingbox.emulator.services.dynamodb.operations.writes import Write, check_size
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, json_text
from pingbox.emulator.services.dynamodb.values import checked_item

MAX_WRITES = 25

_DUPLICATES = "Provided list of item keys contains duplicates"
_NO_SCOPE = Scope({}, {})


def batch_write_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    batches = _batches(request)
    if sum(map(len, batches.values())) > MAX_WRITES:
        raise invalid("Too many items requested for the BatchWriteItem call")
    writes = [_prepared(catalog.table(name), member) for name, members in batches.items() for member in members]
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


def _prepared(table: ItemTable, member: dict[str, Any]) -> Write:
    if len(member) != 1:
        raise invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one operation")
    if "PutRequest" in member:
        item = checked_item(member["PutRequest"]["Item"])
        key = table.schema.checked_item_key(item)
        text = json_text(item)
        check_size(item, text, "Item size has exceeded the maximum allowed size")
        return Write(table, key, None, _NO_SCOPE, lambda _: item, text=text)
    key = table.schema.checked_key(checked_item(member["DeleteRequest"]["Key"]))
    return Write(table, key, None, _NO_SCOPE, lambda _: None)
