"""The moto fallback: moto's own DynamoDB handlers, called directly, over SQLite.

moto knows every operation and every old parameter; its in-memory storage is what does not last and does not scale.
Imported only when an operation needs it: moto takes half a second to load.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from pingbox.emulator.services.dynamodb.answers import Refusal
from pingbox.emulator.services.dynamodb.moto.table_requests import check_table_request
from pingbox.emulator.services.dynamodb.moto.tables import SqlBackend
from pingbox.emulator.services.dynamodb.operations import READS, WRITES, snake
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

    def _validate_table_creation(self, *_: Any, **__: Any) -> None:
        """`table_problems` has looked already, at more than moto does."""

    def describe_limits(self) -> ActionResult:
        """AWS's quotas for a new account (developer guide, ServiceQuotas)."""
        units = ("ReadCapacityUnits", "WriteCapacityUnits")
        account = {f"AccountMax{unit}": 80_000 for unit in units}
        return ActionResult(account | {f"TableMax{unit}": 40_000 for unit in units})


class MotoEngine:
    """Answers any operation with moto's handler of that name."""

    def __init__(self, catalog: Catalog, region: str, account: str) -> None:
        self._catalog = catalog
        self._backend = SqlBackend(catalog, region, account)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The body of the answer. Raises a `Refusal`, with which the caller must roll back."""
        if operation not in OPERATIONS - ITEM_OPERATIONS:
            raise Refusal("UnknownOperationException", f"PingBox does not know the DynamoDB operation {operation}")
        check_table_request(operation, request, self._backend.described)
        method: Callable[[], Any] = getattr(Handler(self._backend, request), snake(operation))
        try:
            result = method()
        except HTTPException as refused:
            raise refusal_of(refused) from refused
        except ServiceException as refused:
            raise Refusal(refused.code, refused.message) from refused
        self._backend.save_changes()
        body = result.result if isinstance(result, ActionResult) else result
        out: dict[str, Any] = jsonable(body or {})
        if operation == "DeleteTable":
            out["TableDescription"]["TableStatus"] = "DELETING"
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
ITEM_OPERATIONS = READS | WRITES


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
