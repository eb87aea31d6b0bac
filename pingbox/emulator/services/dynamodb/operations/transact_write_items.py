"""TransactWriteItems: all or nothing, once per token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.operations.delete_item import prepared_delete
from pingbox.emulator.services.dynamodb.operations.put_item import prepared_put
from pingbox.emulator.services.dynamodb.operations.transactions import (
    NO_REASON,
    Reason,
    reason_of,
    refuse_for,
    refuse_size,
)
from pingbox.emulator.services.dynamodb.operations.update_item import prepared_update
from pingbox.emulator.services.dynamodb.operations.writes import Write, condition_of, shows_item
from pingbox.emulator.services.dynamodb.schema import WrongKeyError
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item, item_size

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
    _refuse_wrong_members(members)
    writes = _prepared(catalog, members)
    if len({(write.table.number, write.key) for write in writes}) != len(writes):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if seen_before(catalog, request, members):
        return {}
    perform_together(writes, meter)
    return meter.put_into({}, listed=True)


def _refuse_wrong_members(members: list[dict[str, Any]]) -> None:
    for member in members:
        if len(member) != 1:
            raise invalid(
                "TransactItems can only contain one of Check, Put, Update or Delete"
                if member
                else "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
            )


def _prepared(catalog: Catalog, members: list[dict[str, Any]]) -> list[Write]:
    """The members, understood; a key that a table cannot have cancels the transaction."""
    writes: list[Write] = []
    reasons: list[Reason] = []
    for member in members:
        ((kind, request),) = member.items()
        try:
            writes.append(_PREPARE[kind](catalog, request))
            reasons.append(NO_REASON)
        except WrongKeyError as refusal:
            reasons.append(reason_of(refusal))
    refuse_for(reasons)
    return writes


def prepared_check(catalog: Catalog, request: Request) -> Write:
    """A `ConditionCheck` of a transaction: a write that changes nothing."""
    condition, scope = condition_of(request)
    key_item = checked_item(request["Key"])
    table = catalog.table(request["TableName"])
    key = table.schema.checked_key(key_item)
    return Write(table, key, condition, scope, lambda old: old, tells=shows_item(request))


def perform_together(writes: list[Write], meter: Meter) -> None:
    """Check every member against the items as they are, then write; the reasons name each member that failed."""
    before = [write.load() for write in writes]
    refuse_for([_reason(partial(write.check, old)) for write, old in zip(writes, before, strict=True)])
    # Members touch different items, so each can be written without looking at the others.
    sizes: list[int] = []

    def perform(write: Write, old: Item | None) -> None:
        new = write.perform(old, meter)
        sizes.append(item_size(new) if new is not None else 0)

    refuse_for([_reason(partial(perform, write, old)) for write, old in zip(writes, before, strict=True)])
    refuse_size(sum(sizes))


def _reason(step: Callable[[], object]) -> Reason:
    try:
        step()
    except Refusal as refusal:
        return reason_of(refusal)
    return NO_REASON


def seen_before(catalog: Catalog, request: Request, members: Sequence[Any]) -> bool:
    """Whether this token's request was carried out already; refuses another request under the same token."""
    token = request.get("ClientRequestToken")
    if token is None:
        return False
    digest = hashlib.sha256(json.dumps(members, sort_keys=True).encode()).digest()
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
