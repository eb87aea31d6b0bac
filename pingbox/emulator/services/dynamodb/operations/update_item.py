"""UpdateItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Request
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.projections import projection_of
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.expressions.updates import refuse_key_changes
from pingbox.emulator.services.dynamodb.operations.writes import Write, returned_values, shows_item
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item


def update_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    returned = returned_values(request, "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
    write = prepared_update(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    new = write.perform(old, meter)
    assert new is not None
    shown = _updated(returned, old, new, write)
    return meter.put_into({"Attributes": shown} if shown else {})


def prepared_update(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    update = expressions.update()
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    if update is not None:
        refuse_key_changes(update, expressions.scope.names, table.schema.key_names)
    key_item = checked_item(request["Key"])
    key = table.schema.checked_key(key_item)
    scope = expressions.scope

    def becomes(old: Item | None) -> Item:
        base = key_item if old is None else old
        if update is None:
            return base
        new = update.apply(base, scope)
        if table.schema.indexes:
            table.schema.check_index_keys(new)
        return new

    return Write(table, key, condition, scope, becomes, tells=shows_item(request), update=update)


def _updated(returned: str, old: Item | None, new: Item, write: Write) -> Item | None:
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
