"""TransactGetItems."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item, item_size

MAX_MEMBERS = 100


def transact_get_items(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request), transaction=True)
    members = request["TransactItems"]
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise too_many_members(len(members))
    responses: list[dict[str, Any]] = []
    seen = set()
    for member in members:
        get = member["Get"]
        expressions = Expressions(get)
        projection = expressions.projection()
        expressions.finish()
        table = catalog.table(get["TableName"])
        key = table.schema.checked_key(checked_item(get["Key"]))
        if (table.number, key) in seen:
            raise invalid("Transaction request cannot include multiple operations on one item")
        seen.add((table.number, key))
        item = table.get(*key)
        meter.read(table.schema, read_units(item_size(item) if item else 0, consistent=True))
        responses.append({} if item is None else {"Item": projection.of(item) if projection else item})
    return meter.put_into({"Responses": responses}, listed=True)


def too_many_members(count: int) -> Refusal:
    """What both transactions say of none and of more than 100 members."""
    bound = "less than or equal to 100" if count else "greater than or equal to 1"
    return invalid(
        "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
        f"Member must have length {bound}"
    )
