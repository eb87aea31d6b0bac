"""DynamoDB over HTTP, as every worker process and Node reach it: PingBox on disk, beside DynamoDB Local in memory.

One keep-alive connection sends prepared bytes, so that no client's own work is measured; both servers are pinned to
one core, the client to another. Medians of wall time, and the server's CPU per call.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.dynamodb import ROOMS, _create, _key, _member, _message
from benchmarks.serving import cpu, pingbox

SIZES = (1_000, 100_000)
TIMES = 400
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, "
    "Signature=s",
}


@dataclass(frozen=True)
class Row:
    """One engine with `items` messages: (median ms, CPU ms) of each operation."""

    engine: str
    items: int
    figures: dict[str, tuple[float, float]]


class Connection:
    """Calls over one connection; also what creates the tables, in the place of a boto3 client."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port)

    def call(self, operation: str, body: bytes) -> bytes:
        self._http.request("POST", "/", body, {**_HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = self._http.getresponse()
        out = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation} was answered {answer.status}: {out[:300]!r}")
        return out

    def create_table(self, **parameters: Any) -> None:
        self.call("CreateTable", json.dumps(parameters).encode())


def run(quick: bool = False) -> list[Row]:
    """Measure both engines at each size; quick takes the smallest."""
    os.sched_setaffinity(0, {0})
    rows = []
    for items in SIZES[:1] if quick else SIZES:
        for name, engine in (("PingBox, on disk", _pingbox), ("DynamoDB Local, in memory", _dynamodb_local)):
            with engine() as (port, pid):
                os.sched_setaffinity(pid, {1 % (os.cpu_count() or 1)})
                connection = Connection(port)
                _create(connection)
                _fill(connection, items)
                rows.append(Row(name, items, _measure(connection, pid, items)))
    return rows


@contextmanager
def _pingbox() -> Iterator[tuple[int, int]]:
    with pingbox() as server:
        yield server.port, server.pid


@contextmanager
def _dynamodb_local() -> Iterator[tuple[int, int]]:
    with importlib.import_module("support.dynamodb.dynamodb_local").DynamoDBLocal() as local:
        yield local.port, local._process.pid


def _fill(connection: Connection, items: int) -> None:
    for table, make, count in (("messages", _message, items), ("members", _member, 1_000)):
        for first in range(0, count, 25):
            batch = [{"PutRequest": {"Item": make(n)}} for n in range(first, min(first + 25, count))]
            connection.call("BatchWriteItem", json.dumps({"RequestItems": {table: batch}}).encode())


def _measure(connection: Connection, pid: int, items: int) -> dict[str, tuple[float, float]]:
    figures = {}
    for name, (operation, request) in _calls(items).items():
        bodies = [json.dumps(request(n)).encode() for n in range(TIMES * 2)]
        for body in bodies[:TIMES]:  # until the JVM has compiled what it does
            connection.call(operation, body)
        used, taken = cpu(pid), []
        for body in bodies[TIMES:]:
            begin = time.perf_counter()
            connection.call(operation, body)
            taken.append((time.perf_counter() - begin) * 1000)
        figures[name] = statistics.median(taken), (cpu(pid) - used) * 1000 / TIMES
    return figures


def _calls(items: int) -> dict[str, tuple[str, Callable[[int], dict[str, Any]]]]:
    spread = max(items // 211, 1)

    def query(n: int) -> dict[str, Any]:
        values = {":r": {"S": f"room-{n % ROOMS}"}, ":s": {"N": str(n * spread % items // 3)}}
        condition = {"KeyConditionExpression": "roomId=:r AND seq >= :s", "ExpressionAttributeValues": values}
        return {"TableName": "messages", **condition, "Limit": 50}

    def index_query(n: int) -> dict[str, Any]:
        values = {":u": {"S": f"u-{n % ROOMS}"}}
        condition = {"KeyConditionExpression": "userId=:u", "ExpressionAttributeValues": values}
        return {"TableName": "messages", "IndexName": "byUser", **condition, "ScanIndexForward": False, "Limit": 50}

    return {
        "put": ("PutItem", lambda n: {"TableName": "messages", "Item": _message(10_000_000 + n)}),
        "get": ("GetItem", lambda n: {"TableName": "messages", "Key": _key(n * spread % items)}),
        "query 50": ("Query", query),
        "index query 50": ("Query", index_query),
    }


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table, each figure as wall time, and CPU in brackets; all in ms."""
    operations = list(rows[0].figures)
    lines = [f"| ms, wall (CPU) | items | {' | '.join(operations)} |", "|--|--:|" + "--:|" * len(operations)]
    for row in rows:
        cells = [f"{wall:.2f} ({used:.2f})" for wall, used in row.figures.values()]
        lines.append(f"| {row.engine} | {row.items:,} | {' | '.join(cells)} |")
    return "\n".join(lines)
