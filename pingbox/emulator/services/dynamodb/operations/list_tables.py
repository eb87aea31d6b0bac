"""ListTables, answered without moto: a server that finds its tables there need not load it."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog

MAX_NAMES = 100


def list_tables(catalog: Catalog, request: Request) -> dict[str, Any]:
    limit = request.get("Limit", MAX_NAMES)
    after = request.get("ExclusiveStartTableName", "")
    names = sorted(table.schema.name for table in catalog if table.schema.name > after)
    page = {"TableNames": names[:limit]}
    return {**page, "LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else page
