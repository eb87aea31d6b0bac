"""The tables of an app under test, made anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pingbox.emulator.clock import Clock
from pingbox.emulator.services.dynamodb import Answer, LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import DynamoDBService
from pingbox.model.app import Table
from pingbox.testing.apps.tested import AppError
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.faults.tables import FaultyTables

_ABOUT_ITEMS = frozenset(
    {
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "BatchWriteItem",
        "TransactGetItems",
        "TransactWriteItems",
        "DescribeTable",
        "DescribeTimeToLive",
        "ListTables",
    }
)
"""What leaves the tables themselves as they are."""


class Store:
    """DynamoDB for one emulator; `service` is what boto3 and HTTP reach of it."""

    def __init__(
        self,
        plan: FaultPlan,
        *,
        clock: Clock,
        triggered: Callable[[str], None],
        region: str,
    ) -> None:
        self._declared: tuple[Table, ...] = ()
        # An item is deleted at the very second it expires: a test winds the clock on and looks.
        self.tables = LocalDynamoDB.open(None, clock=clock, region=region, ttl_lag=0.0)
        self._as_made = True
        self._faulty = FaultyTables(self.tables, plan, clock=clock, triggered=triggered, region=region)
        self.service = DynamoDBService(self)

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """As `LocalDynamoDB.call` has it."""
        if operation not in _ABOUT_ITEMS:
            self._as_made = False
        return self._faulty.call(operation, request)

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        """Make the app's tables. Raises `AppError` for one that DynamoDB refuses."""
        self._declared = tuple(tables)
        for table in tables:
            self._ask("CreateTable", dict(table.parameters))
            if table.ttl_attribute is not None:
                self._ask("UpdateTimeToLive", table.time_to_live)
        self._as_made = True

    def make_anew(self) -> None:
        """The app's tables, empty, and none that a test made."""
        self._faulty.clear(tables_kept=self._as_made)
        if self._as_made:
            self.tables.empty()
            return
        self.tables.reset()
        self.create(self._declared, "")

    def close(self) -> None:
        """Forget everything."""
        self.service.close()
        self._faulty.clear()
        self.tables.close()

    def _ask(self, operation: str, request: Mapping[str, Any]) -> None:
        answer = self.call(operation, request)
        if answer.status != 200:
            raise AppError(f"DynamoDB refused {operation} of {request['TableName']}: {answer.body.get('message')}")
