"""GetItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item, item_size


def get_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    expressions = Expressions(request)
    projection = expressions.projection()
    expressions.finish()
    key = checked_item(request["Key"])
    table = catalog.table(request["TableName"])
    item = table.get(*table.schema.checked_key(key))
    if meter.wish != "NONE":
        meter.read(table.schema, read_units(item_size(item) if item else 0, bool(request.get("ConsistentRead"))))
    if item is None:
        return meter.put_into({})
    return meter.put_into({"Item": projection.of(item) if projection else item})
