"""Query."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.conditions import Condition
from pingbox.emulator.services.dynamodb.expressions.key_conditions import key_bounds
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.expressions.tokens import ExpressionError
from pingbox.emulator.services.dynamodb.operations.pages import (
    Reading,
    checked_start,
    index_of_request,
    page_of,
    start_of_page,
)
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import KeyRange


def query(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    expressions = Expressions(request)
    key_condition = expressions.condition("KeyConditionExpression")
    condition = expressions.condition("FilterExpression")
    projection = expressions.projection()
    expressions.finish()
    if key_condition is None:
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    start = checked_start(request)
    table = catalog.table(request["TableName"])
    index = index_of_request(table, request)
    keys = index or table.schema
    try:
        bounds = key_bounds(key_condition, expressions.scope.names, expressions.scope.values, keys.hashes, keys.ranges)
    except ExpressionError as problem:
        raise invalid(f"Invalid KeyConditionExpression: {problem}") from None
    what = "QueryFilter" if request.get("QueryFilter") else "Filter Expression"
    _refuse_key_in_filter(what, condition, expressions.scope, {key.name for key in keys.keys})
    within = KeyRange(
        bounds.hash,
        bounds.bounds,
        start_of_page(table, index, start),
        backwards=request.get("ScanIndexForward") is False,
    )
    if within.after is not None and within.after[0] != bounds.hash:
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    return page_of(table, index, request, within, Reading(condition, projection, expressions.scope), meter)


def _refuse_key_in_filter(what: str, condition: Condition | None, scope: Placeholders, keys: set[str]) -> None:
    if condition is None:
        return
    for part in condition.parts():
        if not isinstance(part, str) and part.resolved(scope.names)[0] in keys:
            name = part.resolved(scope.names)[0]
            raise invalid(f"{what} can only contain non-primary key attributes: Primary key attribute: {name}")
