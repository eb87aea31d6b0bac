"""INSERT, UPDATE, DELETE and EXISTS, as conditional writes of one item."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Item, Refusal, invalid
from pingbox.emulator.services.dynamodb.expressions.conditions import (
    And,
    Comparison,
    Condition,
    Exists,
    PathOperand,
    ValueOperand,
)
from pingbox.emulator.services.dynamodb.expressions.paths import Path, Placeholders, refuse_overlaps
from pingbox.emulator.services.dynamodb.expressions.tokens import ExpressionError
from pingbox.emulator.services.dynamodb.expressions.updates import refuse_key_changes
from pingbox.emulator.services.dynamodb.operations.update_item import item_after
from pingbox.emulator.services.dynamodb.operations.writes import Write, check_size
from pingbox.emulator.services.dynamodb.partiql.statements import Change, Insert, Select, Statement
from pingbox.emulator.services.dynamodb.partiql.values import filled
from pingbox.emulator.services.dynamodb.schema import TableSchema
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, json_text


def scope_of(statement: Statement, parameters: Sequence[Any]) -> Placeholders:
    """The values of a statement with the parameters of a request."""
    if len(parameters) != statement.parameters:
        raise invalid("Number of parameters in request and statement don't match.")
    return Placeholders({}, {name: filled(template, parameters) for name, template in statement.literals.items()})


def prepared(catalog: Catalog, statement: Statement, scope: Placeholders, *, shows_item: bool = False) -> Write:
    """The write that a statement means; EXISTS is one that changes nothing."""
    says = statement.says
    table = catalog.table(says.table)
    if isinstance(says, Insert):
        return _prepared_insert(table, scope.values[says.item]["M"], scope)
    key, rest = key_and_rest(table.schema, says.where, scope)
    key_bytes = table.schema.checked_key(key)
    there = Exists(Path((table.schema.hash.name,), aliases=False), wanted=True)
    if isinstance(says, Select):
        condition = reduce(And, [there, *rest])
        return Write(table, key_bytes, condition, scope, lambda old: old, tells=shows_item)
    return _prepared_change(says, table, key, [there, *rest] if says.update is not None else rest, scope, shows_item)


def _prepared_insert(table: ItemTable, item: Item, scope: Placeholders) -> Write:
    for key in table.schema.keys:
        if key.name not in item:
            raise invalid(f"Key attribute should be present in the item: Key {key.name}")
        if key.type not in item[key.name]:
            raise invalid(f"Key attribute's data type should match its data type in table's schema: Key {key.name}")
    key_bytes = table.schema.checked_item_key(item)
    text = json_text(item)
    check_size(item, text, "Item size has exceeded the maximum allowed size")
    absent = Exists(Path((table.schema.hash.name,), aliases=False), wanted=False)
    return Write(table, key_bytes, absent, scope, lambda _: item, text=text, failure=_duplicate)


def _duplicate(_: Item | None) -> Refusal:
    return Refusal("DuplicateItemException", "Duplicate primary key exists in table")


def _prepared_change(
    says: Change,
    table: ItemTable,
    key: Item,
    conditions: Sequence[Condition],
    scope: Placeholders,
    shows_item: bool,
) -> Write:
    condition = reduce(And, conditions) if conditions else None
    update = says.update
    key_bytes = table.schema.bytes_of_key(key)
    if update is None:
        return Write(table, key_bytes, condition, scope, lambda _: None, tells=shows_item)
    try:
        update.check_types(scope)
        refuse_overlaps(update.targets({}))
    except ExpressionError as problem:
        raise invalid(str(problem)) from None
    refuse_key_changes(update, {}, table.schema.key_names)

    def becomes(old: Item | None) -> Item | None:
        return item_after(update, old, key, scope, table.schema)

    return Write(table, key_bytes, condition, scope, becomes, tells=shows_item, update=update)


def key_and_rest(schema: TableSchema, where: Condition | None, scope: Placeholders) -> tuple[Item, list[Condition]]:
    """The primary key that a WHERE fixes, and its other conditions."""
    key: dict[str, AttributeValue] = {}
    rest: list[Condition] = []
    for part in _conjuncts(where):
        match part:
            case Comparison("=", PathOperand(path), ValueOperand(name)) if (
                len(path.steps) == 1 and path.steps[0] in schema.key_names and path.steps[0] not in key
            ):
                key[str(path.steps[0])] = scope.values[name]
            case _:
                rest.append(part)
    if key.keys() != schema.key_names:
        raise MissingKeyError
    for attribute in schema.keys:
        if attribute.type not in key[attribute.name]:
            raise invalid(
                f"Key attribute's data type should match its data type in table's schema: Key {attribute.name}"
            )
    return key, rest


class MissingKeyError(Refusal):
    """A WHERE that does not fix the primary key."""

    def __init__(self) -> None:
        super().__init__(
            "ValidationException", "Where clause does not contain a mandatory equality on all key attributes"
        )


def _conjuncts(condition: Condition | None) -> list[Condition]:
    if isinstance(condition, And):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [] if condition is None else [condition]
