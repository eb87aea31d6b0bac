"""BatchGetItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, read_units, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item, item_size

MAX_READS = 100
ANSWER_LIMIT = 16 * 1024 * 1024

_DUPLICATES = "Provided list of item keys contains duplicates"


def batch_get_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    asked: dict[str, Any] = request["RequestItems"]
    if not asked or not all(wish.get("Keys") for wish in asked.values()):
        raise invalid(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
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
    given_keys = [checked_item(key) for key in wish["Keys"]]
    table = catalog.table(name)
    keys = [table.schema.checked_key(key) for key in given_keys]
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
        meter.read(table.schema, read_units(size, consistent))
        if item is not None:
            answer.size += size
            out.append(projection.of(item) if projection else item)
