"""ListTables, answered without moto: a server that finds its tables there need not load it."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request, invalid
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog

MAX_NAMES = 100


def list_tables(catalog: Catalog, request: Request) -> dict[str, Any]:
    limit = request.get("Limit", MAX_NAMES)
    if not 1 <= limit <= MAX_NAMES:
        bound = "less than or equal to 100" if limit > MAX_NAMES else "greater than or equal to 1"
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    after = request.get("ExclusiveStartTableName", "")
    names = sorted(table.schema.name for table in catalog if table.schema.name > after)
    page = {"TableNames": names[:limit]}
    return {**page, "LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else page
