"""PutItem, UpdateItem and DeleteItem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.catalog import Catalog
from pingbox.emulator.services.dynamodb.expressions.conditions import Condition
from pingbox.emulator.services.dynamodb.expressions.paths import Scope
from pingbox.emulator.services.dynamodb.expressions.projections import projection_of
from pingbox.emulator.services.dynamodb.expressions.updates import Update, refuse_key_changes
from pingbox.emulator.services.dynamodb.requests import Expressions
from pingbox.emulator.services.dynamodb.tables import ItemTable, json_text
from pingbox.emulator.services.dynamodb.values import ITEM_LIMIT, checked_item, item_size
from pingbox.emulator.services.dynamodb.wire import Item, Request, condition_failed, invalid

_RETURN_VALUES = ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")


def put_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    returned = _returned(request, "ALL_OLD")
    write = prepared_put(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    write.perform(old, meter)
    body: dict[str, Any] = {"Attributes": old} if returned == "ALL_OLD" and old is not None else {}
    return meter.put_into(body)


def delete_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    returned = _returned(request, "ALL_OLD")
    write = prepared_delete(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    write.perform(old, meter)
    body: dict[str, Any] = {"Attributes": old} if returned == "ALL_OLD" and old is not None else {}
    return meter.put_into(body)


def update_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    returned = _returned(request, *_RETURN_VALUES)
    write = prepared_update(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    new = write.perform(old, meter)
    assert new is not None
    shown = _updated(returned, old, new, write)
    return meter.put_into({"Attributes": shown} if shown else {})


def _returned(request: Request, *allowed: str) -> str:
    value = request.get("ReturnValues", "NONE")
    if value == "NONE" or value in allowed:
        return str(value)
    if value not in _RETURN_VALUES:
        raise invalid(
            f"1 validation error detected: Value '{value}' at 'returnValues' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
        )
    raise invalid("Return values set to invalid value")


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


class Write:
    """One write that was understood: which item, on what condition, and what becomes of it.

    The steps are apart because a transaction checks all its members before it performs one: `load`, `check`, `perform`.
    """

    def __init__(
        self,
        table: ItemTable,
        key: tuple[bytes, bytes],
        condition: Condition | None,
        scope: Scope,
        becomes: Callable[[Item | None], Item | None],
        *,
        tells: bool = False,
        update: Update | None = None,
        text: str | None = None,
    ) -> None:
        self.table = table
        self.key = key
        self.update = update
        self.scope = scope
        self._condition = condition
        self._becomes = becomes
        self._tells = tells
        self._text = text

    def load(self) -> Item | None:
        """The item as it is now."""
        return self.table.get(*self.key)

    def check(self, old: Item | None) -> None:
        """Refuse when the condition does not hold for `old`."""
        if self._condition is not None and not self._condition.holds(old, self.scope):
            raise condition_failed(old if self._tells else None)

    def perform(self, old: Item | None, meter: Meter) -> Item | None:
        """Write what becomes of `old`, and return it (None: deleted)."""
        new = self._becomes(old)
        h, r = self.key
        if new is not None:
            text = self._text
            if text is None:
                text = json_text(new)
                check_size(new, text, "Item size to update has exceeded the maximum allowed size")
            self.table.put(h, r, new, old, text)
        elif old is not None:
            self.table.delete(h, r, old)
        meter.write(self.table.shape, old, new)
        return new


def prepared_put(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    item = checked_item(request["Item"])
    key = table.shape.checked_item_key(item)
    text = json_text(item)
    check_size(item, text, "Item size has exceeded the maximum allowed size")
    return Write(table, key, condition, expressions.scope, lambda _: item, tells=_tells(request), text=text)


def prepared_delete(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    key = table.shape.checked_key(checked_item(request["Key"]))
    return Write(table, key, condition, expressions.scope, lambda _: None, tells=_tells(request))


def prepared_check(catalog: Catalog, request: Request) -> Write:
    """A `ConditionCheck` of a transaction: a write that changes nothing."""
    expressions = Expressions(request)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    key = table.shape.checked_key(checked_item(request["Key"]))
    return Write(table, key, condition, expressions.scope, lambda old: old, tells=_tells(request))


def prepared_update(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    expressions = Expressions(request, counted=counted)
    update = expressions.update()
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    if update is not None:
        refuse_key_changes(update, expressions.scope.names, table.shape.key_names)
    key_item = checked_item(request["Key"])
    key = table.shape.checked_key(key_item)
    scope = expressions.scope

    def becomes(old: Item | None) -> Item:
        base = key_item if old is None else old
        if update is None:
            return base
        new = update.apply(base, scope)
        if table.shape.indexes:
            table.shape.check_index_keys(new)
        return new

    return Write(table, key, condition, scope, becomes, tells=_tells(request), update=update)


def _tells(request: Request) -> bool:
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"


def check_size(item: Item, text: str, message: str) -> None:
    """Refuse an item above DynamoDB's 400 KB; `text` is its JSON, which is never shorter (in bytes) than the item."""
    if len(text) > ITEM_LIMIT // 4 and item_size(item) > ITEM_LIMIT:
        raise invalid(message)
