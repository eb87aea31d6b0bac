"""Faults of DynamoDB: throttled calls, and eventually consistent reads that really lag."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.emulator.clock import Clock
from pingbox.emulator.services.dynamodb import Answer, LocalDynamoDB
from pingbox.testing.faults.kinds import DynamoDBThrottled
from pingbox.testing.faults.plan import FaultPlan

_THROTTLED = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
_DECLARING = ("Table", "TimeToLive")
_READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem"})
_OTHER_READS = frozenset({"TransactGetItems", "DescribeTable", "ListTables", "DescribeTimeToLive", "DescribeLimits"})


class FaultyTables:
    """Calls for `tables`, some of which go wrong. `call` from any thread.

    Every write since the tables were empty is kept; a lagging read is answered by a second copy to which they are
    applied late. The copy costs nothing until the first lagging read.
    """

    def __init__(
        self, tables: LocalDynamoDB, plan: FaultPlan, *, clock: Clock, triggered: Callable[[str], None], region: str
    ) -> None:
        self._tables = tables
        self._plan = plan
        self._clock = clock
        self._triggered = triggered
        self._region = region
        self._lock = threading.Lock()
        self._log: deque[tuple[float, str, Mapping[str, Any]]] = deque()
        # Tables themselves are there at once: a new table is not what eventual consistency is about.
        self._declared: list[tuple[str, Mapping[str, Any]]] = []
        self._late: LocalDynamoDB | None = None

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """As `LocalDynamoDB.call` has it."""
        if self._throttled(operation, request):
            return Answer(400, {"__type": _THROTTLED, "message": "The level of configured throughput was exceeded."})
        lag = self._plan.lag
        if operation in _READS:
            if lag is not None and _is_eventual(operation, request):
                return self._stale(operation, request, lag)
            return self._tables.call(operation, request)
        if operation in _OTHER_READS:
            return self._tables.call(operation, request)
        return self._written(operation, request)

    def clear(self, *, tables_kept: bool = False) -> None:
        """The tables are empty again, or gone."""
        with self._lock:
            self._log.clear()
            if not tables_kept:
                self._declared.clear()
            if self._late is not None:
                self._late.close()
                self._late = None

    def _throttled(self, operation: str, request: Mapping[str, Any]) -> bool:
        tables = _tables_of(request)
        fault = self._plan.strikes(
            DynamoDBThrottled,
            lambda fault: fault.operation in (None, operation) and (fault.table is None or fault.table in tables),
        )
        if fault is not None:
            self._triggered(f"dynamodb.{operation} throttled")
        return fault is not None

    def _written(self, operation: str, request: Mapping[str, Any]) -> Answer:
        with self._lock:  # the copy must see the writes in the order in which they were made
            answer = self._tables.call(operation, request)
            if answer.status == 200 and operation.endswith(_DECLARING):
                self._declared.append((operation, request))
                if self._late is not None:
                    self._late.call(operation, request)
            elif answer.status == 200:
                self._log.append((self._clock.now(), operation, request))
        return answer

    def _stale(self, operation: str, request: Mapping[str, Any], lag: float) -> Answer:
        with self._lock:
            if self._late is None:
                self._late = LocalDynamoDB.open(None, clock=self._clock, region=self._region, ttl_lag=0.0)
                for declaring, table in self._declared:
                    self._late.call(declaring, table)
            seen = self._clock.now() - lag
            while self._log and self._log[0][0] <= seen:
                _, write, written = self._log.popleft()
                self._late.call(write, written)
            # Without a write that it misses, this read is as good as a consistent one.
            if any(_tables_of(written) & _tables_of(request) for _, _, written in self._log):
                self._triggered(f"dynamodb.{operation} answered as of {lag:g} s ago")
            return self._late.call(operation, request)


def _is_eventual(operation: str, request: Mapping[str, Any]) -> bool:
    if operation == "BatchGetItem":
        wanted = request.get("RequestItems", {}).values()
        return not all(keys.get("ConsistentRead") for keys in wanted)
    return not request.get("ConsistentRead")


def _tables_of(request: Mapping[str, Any]) -> set[str]:
    named = {str(request["TableName"])} if "TableName" in request else set()
    named.update(request.get("RequestItems", {}))
    for item in request.get("TransactItems", ()):
        named.update(str(part.get("TableName", "")) for part in item.values())
    return named
