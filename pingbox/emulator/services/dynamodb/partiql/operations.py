"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.operations.transact_write_items import perform_together, seen_before
from pingbox.emulator.services.dynamodb.operations.transactions import refuse_size
from pingbox.emulator.services.dynamodb.operations.update_item import returned_item
from pingbox.emulator.services.dynamodb.operations.writes import shows_item
from pingbox.emulator.services.dynamodb.partiql.select import next_token, position_of, projection_of, selected
from pingbox.emulator.services.dynamodb.partiql.statements import Change, Select, Statement, parsed_statement
from pingbox.emulator.services.dynamodb.partiql.writes import MissingKeyError, key_and_rest, prepared, scope_of
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item, item_size


def execute_statement(catalog: Catalog, request: Request) -> dict[str, Any]:
    statement = parsed_statement(request["Statement"])
    scope = scope_of(statement, request.get("Parameters") or ())
    if not _is_read(statement):
        meter = Meter(wanted(request))
        return meter.put_into({"Items": _written(catalog, statement, scope, request, meter)})
    says = statement.says
    assert isinstance(says, Select)
    if says.exists:
        raise invalid("EXISTS is only supported in ExecuteTransaction")
    position = position_of(request)
    if position[1] is not None:
        position = position[0], checked_item(position[1])
    meter = Meter(wanted(request))
    table = catalog.table(says.table)
    # A page is read without a meter of its own; this one adds up all the queries of the statement.
    paged = {name: request[name] for name in ("Limit", "ConsistentRead") if name in request}
    items, following = selected(table, says, scope, paged, meter, position)
    body: dict[str, Any] = {"Items": items}
    if following is not None:
        body["NextToken"] = next_token(request, following)
        if following[1] is not None:
            body["LastEvaluatedKey"] = following[1]
    return meter.put_into(body)


def _is_read(statement: Statement) -> bool:
    return isinstance(statement.says, Select)


def _written(catalog: Catalog, statement: Statement, scope: Placeholders, request: Request, meter: Meter) -> list[Item]:
    """Carry out one write; the items of its RETURNING."""
    write = prepared(catalog, statement, scope, shows_item=shows_item(request))
    old = write.load()
    write.check(old)
    new = write.perform(old, meter)
    returning = statement.says.returning if isinstance(statement.says, Change) else "NONE"
    shown = returned_item(returning, old, new, write)
    return [shown] if shown else []


def _got(
    catalog: Catalog, statement: Statement, scope: Placeholders, meter: Meter, consistent: bool
) -> tuple[Item | None, int]:
    """The item of a SELECT that fixes a primary key, and its size."""
    says = statement.says
    assert isinstance(says, Select)
    table = catalog.table(says.table)
    if says.index is not None or says.order:
        raise MissingKeyError
    key, rest = key_and_rest(table.schema, says.where, scope)
    item = table.get(*table.schema.checked_key(key))
    size = item_size(item) if item else 0
    meter.read(table.schema, read_units(size, consistent))
    if item is None or not all(condition.holds(item, scope) for condition in rest):
        return None, size
    projection = projection_of(says.paths)
    return (projection.of(item) if projection else item), size


# -- batches ---------------------------------------------------------------------------------------------------------

_BATCH_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}


def batch_execute_statement(catalog: Catalog, request: Request) -> dict[str, Any]:
    """Each statement by itself: an error of one is told in its place, and leaves the others alone."""
    meter = Meter(wanted(request))
    given: Sequence[Mapping[str, Any]] = request["Statements"]
    parsed = [_attempted(partial(parsed_statement, one["Statement"])) for one in given]
    kinds = {_is_read(statement) for statement in parsed if isinstance(statement, Statement)}
    if len(kinds) > 1:
        raise invalid("Read and write requests together in the same batch is not supported.")
    responses = [_batch_response(catalog, statement, one, meter) for statement, one in zip(parsed, given, strict=True)]
    return meter.put_into({"Responses": responses}, listed=True)


def _attempted(step: Callable[[], Any]) -> Any:
    """What a step returns, or the `Refusal` it raises."""
    try:
        return step()
    except Refusal as refusal:
        return refusal


def _batch_response(catalog: Catalog, statement: Any, one: Mapping[str, Any], meter: Meter) -> dict[str, Any]:
    if isinstance(statement, Refusal):
        return {"Error": _batch_error(statement)}
    out: dict[str, Any] = {"TableName": statement.says.table}
    found = _attempted(partial(_batch_item, catalog, statement, one, meter))
    if isinstance(found, Refusal):
        out["Error"] = _batch_error(found)
    elif found is not None:
        out["Item"] = found
    return out


def _batch_item(catalog: Catalog, statement: Statement, one: Mapping[str, Any], meter: Meter) -> Item | None:
    scope = scope_of(statement, one.get("Parameters") or ())
    if _is_read(statement):
        try:
            return _got(catalog, statement, scope, meter, bool(one.get("ConsistentRead")))[0]
        except MissingKeyError:
            raise invalid(
                "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
            ) from None
    items = _written(catalog, statement, scope, one, meter)
    return items[0] if items else None


def _batch_error(refusal: Refusal) -> dict[str, Any]:
    return {"Code": _BATCH_CODES.get(refusal.code, refusal.code), "Message": refusal.message, **refusal.details}


# -- transactions ----------------------------------------------------------------------------------------------------


def execute_transaction(catalog: Catalog, request: Request) -> dict[str, Any]:
    """All statements or none: either reads, or writes with EXISTS among them."""
    given: Sequence[Mapping[str, Any]] = request["TransactStatements"]
    statements = [parsed_statement(one["Statement"]) for one in given]
    scopes = [
        scope_of(statement, one.get("Parameters") or ()) for statement, one in zip(statements, given, strict=True)
    ]
    reads = [isinstance(statement.says, Select) and not statement.says.exists for statement in statements]
    if any(reads) and not all(reads):
        raise invalid("ExecuteTransaction API does not support both read and write operations in the same request.")
    if all(reads):
        return _read_together(catalog, request, list(zip(statements, scopes, strict=True)))
    meter = Meter(wanted(request), transaction=True, writes=True)
    writes = [
        prepared(catalog, statement, scope, shows_item=shows_item(one))
        for statement, scope, one in zip(statements, scopes, given, strict=True)
    ]
    if len({(write.table.number, write.key) for write in writes}) != len(writes):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if not seen_before(catalog, request, given):
        perform_together(writes, meter)
    return meter.put_into({"Responses": [{} for _ in given]}, listed=True)


def _read_together(
    catalog: Catalog, request: Request, members: Sequence[tuple[Statement, Placeholders]]
) -> dict[str, Any]:
    meter = Meter(wanted(request), transaction=True)
    responses: list[dict[str, Any]] = []
    total = 0
    for number, (statement, scope) in enumerate(members):
        try:
            item, size = _got(catalog, statement, scope, meter, consistent=True)
        except MissingKeyError:
            raise invalid(
                f"Validation failed in TransactStatements[{number}]: Select statements within ExecuteTransaction must "
                "specify the primary key in the where clause."
            ) from None
        total += size
        responses.append({} if item is None else {"Item": item})
    refuse_size(total)
    return meter.put_into({"Responses": responses}, listed=True)
