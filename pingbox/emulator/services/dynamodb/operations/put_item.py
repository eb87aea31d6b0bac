"""PutItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.operations.writes import Write, check_size, returned_values, shows_item
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import json_text
from pingbox.emulator.services.dynamodb.values import checked_item


def put_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    returned = returned_values(request, "ALL_OLD")
    write = prepared_put(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    write.perform(old, meter)
    body: dict[str, Any] = {"Attributes": old} if returned == "ALL_OLD" and old is not None else {}
    return meter.put_into(body)


def prepared_put(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    item = checked_item(request["Item"])
    text = json_text(item)
    check_size(item, text, "Item size has exceeded the maximum allowed size")
    table = catalog.table(request["TableName"])
    key = table.schema.checked_item_key(item)
    return Write(table, key, condition, expressions.scope, lambda _: item, tells=shows_item(request), text=text)
