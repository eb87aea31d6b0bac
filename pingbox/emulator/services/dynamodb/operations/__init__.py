"""The operations on items, each in the module of its name: `PutItem` is `put_item` of `put_item.py`.

An operation takes the catalog and a request in the JSON of the protocol and returns the body of the answer, or raises
a `Refusal`. A write runs inside a transaction of the store.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog

Operation = Callable[[Catalog, Request], dict[str, Any]]

READS = frozenset({"BatchGetItem", "GetItem", "ListTables", "Query", "Scan", "TransactGetItems"})
PARTIQL = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"})
WRITES = PARTIQL | {"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}


_PARTIQL_MODULE = "pingbox.emulator.services.dynamodb.partiql.operations"


@lru_cache
def operation_named(name: str) -> Operation | None:
    """The operation of a name in AWS's spelling; None for one that is not about items."""
    if name not in READS | WRITES:
        return None
    function = snake(name)
    module = _PARTIQL_MODULE if name in PARTIQL else f"{__name__}.{function}"
    operation: Operation = getattr(importlib.import_module(module), function)
    return operation


def snake(operation: str) -> str:
    """`PutItem` as `put_item`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
