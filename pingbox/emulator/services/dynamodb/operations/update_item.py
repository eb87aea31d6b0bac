"""UpdateItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Request
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.expressions.projections import projection_of
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.expressions.updates import Update, refuse_key_changes
from pingbox.emulator.services.dynamodb.operations.writes import Write, metered, returned_values, shows_item
from pingbox.emulator.services.dynamodb.schema import TableSchema
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item


def update_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = metered(request)
    returned = returned_values(request, "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
    write = prepared_update(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    new = write.perform(old, meter)
    shown = returned_item(returned, old, new, write)
    body: dict[str, Any] = {"Attributes": shown} if shown else {}
    return body if meter is None else meter.put_into(body)


def prepared_update(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    update = expressions.update()
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    key_item = checked_item(request["Key"])
    table = catalog.table(request["TableName"])
    if update is not None:
        refuse_key_changes(update, expressions.scope.names, table.schema.key_names)
    key = table.schema.checked_key(key_item)
    scope = expressions.scope

    def becomes(old: Item | None) -> Item | None:
        return item_after(update, old, key_item, scope, table.schema)

    return Write(table, key, condition, scope, becomes, tells=shows_item(request), update=update)


def item_after(
    update: Update | None, old: Item | None, key: Item, scope: Placeholders, schema: TableSchema
) -> Item | None:
    """What an update makes of an item; None is no item, before and after."""
    if update is None:
        return key if old is None else old
    if old is None and update.only_removes:
        return None  # nothing is made only to have nothing taken away from it
    new = update.apply(key if old is None else old, scope)
    if schema.indexes:
        schema.check_index_keys(new, old)
    return new


def returned_item(returned: str, old: Item | None, new: Item | None, write: Write) -> Item | None:
    """What `ReturnValues` shows of an item before and after a write, None for nothing."""
    match returned:
        case "ALL_NEW":
            return new
        case "ALL_OLD":
            return old
        case "UPDATED_NEW" | "UPDATED_OLD":
            source = new if returned == "UPDATED_NEW" else old
            if source is None or write.update is None:
                return None
            return projection_of(write.update.targets(write.scope.names)).of(source)
    return None
