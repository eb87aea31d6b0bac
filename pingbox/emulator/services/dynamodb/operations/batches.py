"""BatchWriteItem and BatchGetItem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.catalog import Catalog
from pingbox.emulator.services.dynamodb.expressions.paths import Scope
from pingbox.emulator.services.dynamodb.operations.writes import Write, check_size
from pingbox.emulator.services.dynamodb.requests import Expressions
from pingbox.emulator.services.dynamodb.tables import ItemTable, json_text
from pingbox.emulator.services.dynamodb.values import checked_item, item_size
from pingbox.emulator.services.dynamodb.wire import COUNTED, Item, Refusal, Request, invalid

MAX_WRITES, MAX_READS = 25, 100
ANSWER_LIMIT = 16 * 1024 * 1024

_DUPLICATES = "Provided list of item keys contains duplicates"
_NO_SCOPE = Scope({}, {})


def batch_write_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    batches = _batches(request)
    if sum(map(len, batches.values())) > MAX_WRITES:
        raise invalid("Too many items requested for the BatchWriteItem call")
    writes = [_prepared(catalog.table(name), member) for name, members in batches.items() for member in members]
    if len({(write.table.number, write.key) for write in writes}) != len(writes):
        raise invalid(_DUPLICATES)
    for write in writes:
        write.perform(write.load(), meter)
    return meter.put_into({"UnprocessedItems": {}}, listed=True)


def _batches(request: Request) -> dict[str, Sequence[Any]]:
    batches: dict[str, Sequence[Any]] = request["RequestItems"]
    if not batches or not all(batches.values()):
        raise invalid(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    return batches


def _prepared(table: ItemTable, member: dict[str, Any]) -> Write:
    if len(member) != 1:
        raise invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one operation")
    if "PutRequest" in member:
        item = checked_item(member["PutRequest"]["Item"])
        key = table.shape.checked_item_key(item)
        text = json_text(item)
        check_size(item, text, "Item size has exceeded the maximum allowed size")
        return Write(table, key, None, _NO_SCOPE, lambda _: item, text=text)
    key = table.shape.checked_key(checked_item(member["DeleteRequest"]["Key"]))
    return Write(table, key, None, _NO_SCOPE, lambda _: None)


def batch_get_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    asked: dict[str, Any] = request["RequestItems"]
    if not asked or not all(wish.get("Keys") for wish in asked.values()):
        raise invalid(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    for name, wish in asked.items():
        if len(wish["Keys"]) > MAX_READS:
            raise invalid(
                f"{COUNTED}Value at 'requestItems.{name}.member.keys' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_READS}"
            )
    if sum(len(wish["Keys"]) for wish in asked.values()) > MAX_READS:
        raise invalid("Too many items requested for the BatchGetItem call")
    answer = _Gathered()
    for name, wish in asked.items():
        _gather(catalog, name, wish, answer, meter)
    return meter.put_into({"Responses": answer.found, "UnprocessedKeys": answer.left}, listed=True)


class _Gathered:
    """What a BatchGetItem has found, and what it leaves for the next call once 16 MB are full."""

    def __init__(self) -> None:
        self.found: dict[str, list[Item]] = {}
        self.left: dict[str, Any] = {}
        self.size = 0


def _gather(catalog: Catalog, name: str, wish: dict[str, Any], answer: _Gathered, meter: Meter) -> None:
    expressions = Expressions(wish)
    projection = expressions.projection()
    expressions.finish()
    table = catalog.table(name)
    keys = [table.shape.checked_key(checked_item(key)) for key in wish["Keys"]]
    if len(set(keys)) != len(keys):
        raise invalid(_DUPLICATES)
    consistent = bool(wish.get("ConsistentRead"))
    out = answer.found.setdefault(name, [])
    for given, key in zip(wish["Keys"], keys, strict=True):
        item = table.get(*key)
        size = item_size(item) if item else 0
        if answer.size + size > ANSWER_LIMIT:
            answer.left.setdefault(name, {**wish, "Keys": []})["Keys"].append(given)
            continue
        meter.read(table.shape, read_units(size, consistent))
        if item is not None:
            answer.size += size
            out.append(projection.of(item) if projection else item)


def transact_get_items(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request), transaction=True)
    members = request["TransactItems"]
    if not 1 <= len(members) <= MAX_READS:
        raise too_many_members(len(members))
    responses: list[dict[str, Any]] = []
    seen = set()
    for member in members:
        get = member["Get"]
        expressions = Expressions(get)
        projection = expressions.projection()
        expressions.finish()
        table = catalog.table(get["TableName"])
        key = table.shape.checked_key(checked_item(get["Key"]))
        if (table.number, key) in seen:
            raise invalid("Transaction request cannot include multiple operations on one item")
        seen.add((table.number, key))
        item = table.get(*key)
        meter.read(table.shape, read_units(item_size(item) if item else 0, consistent=True))
        responses.append({} if item is None else {"Item": projection.of(item) if projection else item})
    return meter.put_into({"Responses": responses}, listed=True)


def too_many_members(count: int) -> Refusal:
    """What both transactions say of none and of more than 100 members."""
    bound = "less than or equal to 100" if count else "greater than or equal to 1"
    return invalid(
        "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
        f"Member must have length {bound}"
    )
