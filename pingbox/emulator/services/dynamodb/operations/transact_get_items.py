"""TransactGetItems."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.expressions.projections import Projection
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.operations.transactions import (
    NO_REASON,
    Reason,
    reason_of,
    refuse_for,
    refuse_size,
)
from pingbox.emulator.services.dynamodb.schema import WrongKeyError
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable
from pingbox.emulator.services.dynamodb.values import checked_item, item_size


def transact_get_items(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request), transaction=True)
    gets: list[tuple[ItemTable, tuple[bytes, bytes], Projection | None]] = []
    reasons: list[Reason] = []
    for member in request["TransactItems"]:
        try:
            gets.append(_prepared(catalog, member["Get"]))
            reasons.append(NO_REASON)
        except WrongKeyError as refusal:
            reasons.append(reason_of(refusal))
    refuse_for(reasons)
    if len({(table.number, key) for table, key, _ in gets}) != len(gets):
        raise invalid("Transaction request cannot include multiple operations on one item")
    responses: list[dict[str, Any]] = []
    total = 0
    for table, key, projection in gets:
        item = table.get(*key)
        size = item_size(item) if item else 0
        total += size
        meter.read(table.schema, read_units(size, consistent=True))
        responses.append({} if item is None else {"Item": projection.of(item) if projection else item})
    refuse_size(total)
    return meter.put_into({"Responses": responses}, listed=True)


def _prepared(catalog: Catalog, get: Request) -> tuple[ItemTable, tuple[bytes, bytes], Projection | None]:
    expressions = Expressions(get)
    projection = expressions.projection()
    expressions.finish()
    key = checked_item(get["Key"])
    table = catalog.table(get["TableName"])
    return table, table.schema.checked_key(key), projection
