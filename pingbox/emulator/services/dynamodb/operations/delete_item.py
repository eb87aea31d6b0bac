"""DeleteItem."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request
from pingbox.emulator.services.dynamodb.operations.writes import (
    Write,
    condition_of,
    metered,
    returned_values,
    shows_item,
)
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.values import checked_item


def delete_item(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = metered(request)
    returned = returned_values(request, "ALL_OLD")
    write = prepared_delete(catalog, request, counted=True)
    old = write.load()
    write.check(old)
    write.perform(old, meter)
    body: dict[str, Any] = {"Attributes": old} if returned == "ALL_OLD" and old is not None else {}
    return body if meter is None else meter.put_into(body)


def prepared_delete(catalog: Catalog, request: Request, *, counted: bool = False) -> Write:
    condition, scope = condition_of(request, counted=counted)
    key_item = checked_item(request["Key"])
    table = catalog.table(request["TableName"])
    key = table.schema.checked_key(key_item)
    return Write(table, key, condition, scope, lambda _: None, tells=shows_item(request))
