"""TransactWriteItems: all or nothing, once per token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.operations.delete_item import prepared_delete
from pingbox.emulator.services.dynamodb.operations.put_item import prepared_put
from pingbox.emulator.services.dynamodb.operations.transact_get_items import MAX_MEMBERS, too_many_members
from pingbox.emulator.services.dynamodb.operations.update_item import prepared_update
from pingbox.emulator.services.dynamodb.operations.writes import Write, shows_item
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item

# For ten minutes the same token means the same request (API reference, TransactWriteItems, ClientRequestToken).
TOKEN_SECONDS = 600.0

_PREPARE: dict[str, Callable[[Catalog, Request], Write]] = {
    "Put": prepared_put,
    "Update": prepared_update,
    "Delete": prepared_delete,
    "ConditionCheck": lambda catalog, request: prepared_check(catalog, request),
}


def transact_write_items(catalog: Catalog, request: Request) -> dict[str, Any]:
    """It must be called inside the store's transaction, which a refusal rolls back."""
    meter = Meter(wanted(request), transaction=True, writes=True)
    members = request["TransactItems"]
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise too_many_members(len(members))
    writes = [_prepared(catalog, member) for member in members]
    if len({(write.table.number, write.key) for write in writes}) != len(writes):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if _seen_before(catalog, request):
        return {}
    _perform(writes, meter)
    return meter.put_into({}, listed=True)


def _prepared(catalog: Catalog, member: dict[str, Any]) -> Write:
    if len(member) != 1:
        raise invalid(
            "TransactItems can only contain one of Check, Put, Update or Delete"
            if member
            else "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    ((kind, request),) = member.items()
    return _PREPARE[kind](catalog, request)


def prepared_check(catalog: Catalog, request: Request) -> Write:
    """A `ConditionCheck` of a transaction: a write that changes nothing."""
    expressions = Expressions(request)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    table = catalog.table(request["TableName"])
    key = table.schema.checked_key(checked_item(request["Key"]))
    return Write(table, key, condition, expressions.scope, lambda old: old, tells=shows_item(request))


def _perform(writes: list[Write], meter: Meter) -> None:
    """Check every member against the items as they are, then write; the reasons name each member that failed."""
    before: list[Item | None] = []
    reasons: list[dict[str, Any]] = []
    for write in writes:
        old = write.load()
        before.append(old)
        reasons.append(_reason(partial(write.check, old)))
    if not any(reason["Code"] != "None" for reason in reasons):
        # Members touch different items, so each can be written without looking at the others.
        reasons = [_reason(partial(write.perform, old, meter)) for write, old in zip(writes, before, strict=True)]
    if any(reason["Code"] != "None" for reason in reasons):
        codes = ", ".join(reason["Code"] for reason in reasons)
        raise Refusal(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            CancellationReasons=reasons,
        )


def _reason(step: Callable[[], object]) -> dict[str, Any]:
    try:
        step()
    except Refusal as refusal:
        if refusal.code == "ConditionalCheckFailedException":
            return {"Code": "ConditionalCheckFailed", "Message": refusal.message, **refusal.details}
        return {"Code": "ValidationError", "Message": refusal.message}
    return {"Code": "None"}


def _seen_before(catalog: Catalog, request: Request) -> bool:
    """Whether this token's request was carried out already; refuses another request under the same token."""
    token = request.get("ClientRequestToken")
    if token is None:
        return False
    digest = hashlib.sha256(json.dumps(request["TransactItems"], sort_keys=True).encode()).digest()
    db, now = catalog.store.db, catalog.now
    row = db.execute("SELECT digest FROM tokens WHERE token=? AND at>?", (token, now - TOKEN_SECONDS)).fetchone()
    if row is None:
        db.execute("INSERT OR REPLACE INTO tokens VALUES(?,?,?)", (token, digest, now))
        return False
    if row[0] != digest:
        raise Refusal(
            "IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    return True
