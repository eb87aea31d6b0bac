"""The moto fallback: moto's own DynamoDB handlers, called directly, over SQLite.

moto knows every operation and every old parameter; its in-memory storage is what does not last and does not scale.
Imported only when an operation needs it: moto takes half a second to load.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from pingbox.emulator.services.dynamodb.answers import Refusal
from pingbox.emulator.services.dynamodb.moto.tables import SqlBackend
from pingbox.emulator.services.dynamodb.operations import snake
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog


class Handler(DynamoHandler):  # type: ignore[misc]
    def __init__(self, backend: SqlBackend, request: dict[str, Any]) -> None:
        # Not the parent's: it would want an HTTP request. These are the members that the operations read.
        self.service_name = "dynamodb"
        self.automated_parameter_parsing = True
        self.region = backend.region_name
        self.current_account = backend.account_id
        self.body = self.params = request
        self._backend = backend

    @property
    def dynamodb_backend(self) -> SqlBackend:
        return self._backend


class MotoEngine:
    """Answers any operation with moto's handler of that name."""

    def __init__(self, catalog: Catalog, region: str, account: str) -> None:
        self._catalog = catalog
        self._backend = SqlBackend(catalog, region, account)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The body of the answer. Raises a `Refusal`, with which the caller must roll back."""
        handler = Handler(self._backend, partiql_spaced(request))
        method: Callable[[], Any] | None = getattr(handler, snake(operation), None)
        if method is None or operation not in OPERATIONS:
            raise Refusal("UnknownOperationException", f"PingBox does not know the DynamoDB operation {operation}")
        try:
            result = method()
        except HTTPException as refused:
            raise refusal_of(refused) from refused
        except ServiceException as refused:
            raise Refusal(refused.code, refused.message) from refused
        self._backend.save_changes()
        body = result.result if isinstance(result, ActionResult) else result
        out: dict[str, Any] = jsonable(body or {})
        if request.get("ReturnConsumedCapacity", "NONE") == "NONE":
            # moto tells it unasked.
            out.pop("ConsumedCapacity", None)
        out.pop("ConsumedCapacityUnits", None)
        out.pop("ItemCollectionMetrics", None)
        return out


_OPERATIONS = """
    BatchExecuteStatement BatchGetItem BatchWriteItem CreateBackup CreateTable DeleteBackup DeleteItem
    DeleteResourcePolicy DeleteTable DescribeBackup DescribeContinuousBackups DescribeEndpoints DescribeLimits
    DescribeTable DescribeTimeToLive ExecuteStatement ExecuteTransaction GetItem GetResourcePolicy ListBackups
    ListTables ListTagsOfResource PutItem PutResourcePolicy Query RestoreTableFromBackup RestoreTableToPointInTime Scan
    TagResource TransactGetItems TransactWriteItems UntagResource UpdateContinuousBackups UpdateItem
    UpdateTable UpdateTimeToLive
"""
OPERATIONS = frozenset(_OPERATIONS.split())


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\s*(<>|!=|<=|>=|[=<>])\s*")


def partiql_spaced(request: dict[str, Any]) -> dict[str, Any]:
    """The request with spaces around the comparisons of its PartiQL, which moto's parser does not find otherwise."""
    if "Statement" not in request:
        return request
    spaced = _QUOTED.sub(lambda m: f" {m[1]} " if m[1] else m[0], request["Statement"])
    return {**request, "Statement": spaced}


def refusal_of(refused: HTTPException) -> Refusal:
    try:
        body = json.loads(refused.description or "")
    except ValueError:
        return Refusal("InternalServerError", str(refused.description), 500)
    code = body.pop("__type").rpartition("#")[2]
    message = body.pop("message", None) or body.pop("Message", "")
    return Refusal(
        code, message.removeprefix("1 validation error detected: Value provided"), refused.code or 400, **body
    )


def jsonable(value: Any) -> Any:
    """A result of moto's as the JSON of the wire: times in seconds, binary in base64."""
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=value.tzinfo or datetime.UTC).timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
