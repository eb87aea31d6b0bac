"""The engine as a whole: many threads, no leaks, one port, and errors that say what happened."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import uuid
import zlib
from typing import Any

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import DynamoDBService
from pingbox.emulator.services.port import AwsRequest, AwsResponse

TABLE = {
    "TableName": "TTT",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(autouse=True)
def _table(db: LocalDynamoDB) -> None:
    assert db.call("CreateTable", TABLE).status == 200


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": name}, **more}


def test_sixteen_threads_lose_no_update_and_have_one_winner(db: LocalDynamoDB) -> None:
    """Counts add up, and one put-if-absent wins; plain moto loses both."""
    winners: list[int] = []

    def work(number: int) -> None:
        add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        for _ in range(25):
            assert db.call("UpdateItem", {"TableName": "TTT", "Key": item("counter"), **add}).status == 200
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        if db.call("PutItem", {"TableName": "TTT", "Item": item("slot"), **absent}).status == 200:
            winners.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.call("GetItem", {"TableName": "TTT", "Key": item("counter")}).body["Item"]["n"] == {"N": "400"}
    assert len(winners) == 1


def test_nothing_piles_up_in_memory(db: LocalDynamoDB) -> None:
    """moto keeps every item it ever made; here none stays, by operations on items or by PartiQL."""
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.dynamo_type import Item as MotoItem

    def round_trip() -> None:
        for _ in range(20):
            db.call("PutItem", {"TableName": "TTT", "Item": item("a", n={"N": "1"})})
            db.call("PutItem", {"TableName": "TTT", "Item": item("a"), "Expected": {}})
            db.call("GetItem", {"TableName": "TTT", "Key": item("a"), "AttributesToGet": ["n"]})

    def alive() -> int:
        gc.collect()
        return sum(isinstance(thing, MotoItem | DynamoType) for thing in gc.get_objects())

    round_trip()
    before = alive()
    round_trip()
    assert alive() <= before


def test_tokens_are_forgotten_after_ten_minutes(db: LocalDynamoDB, clock: WoundClock) -> None:
    """The same token means the same request for ten minutes (API reference); after that it is free."""
    add = {
        "Update": {
            "TableName": "TTT",
            "Key": item("n"),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }

    def transact() -> int:
        return db.call("TransactWriteItems", {"TransactItems": [add], "ClientRequestToken": "t"}).status

    assert [transact(), transact()] == [200, 200]
    clock.advance(minutes=9)
    assert transact() == 200
    assert db.call("GetItem", {"TableName": "TTT", "Key": item("n")}).body["Item"]["n"] == {"N": "1"}
    clock.advance(minutes=2)
    assert transact() == 200
    assert db.call("GetItem", {"TableName": "TTT", "Key": item("n")}).body["Item"]["n"] == {"N": "2"}


def test_the_service_speaks_dynamodbs_protocol(db: LocalDynamoDB) -> None:
    """SDKs verify x-amz-crc32 and show x-amzn-RequestId."""
    body = json.dumps({"TableName": "TTT", "Item": item("grüße")}).encode()

    service = DynamoDBService(db)

    async def answers() -> list[AwsResponse]:
        asked = [
            ("PutItem", body),
            ("GetItem", json.dumps({"TableName": "TTT", "Key": item("grüße")}).encode()),
            ("GetItem", b"{"),
            ("NoSuchThing", b"{}"),
        ]
        headers = [{"X-Amz-Target": f"DynamoDB_20120810.{operation}"} for operation, _ in asked]
        requests = [
            AwsRequest("POST", "", "/", headers=its, body=body) for its, (_, body) in zip(headers, asked, strict=True)
        ]
        assert all(service.matches(request) for request in requests)
        return [await service.handle(request) for request in requests]

    put, got, broken, unknown = asyncio.run(answers())
    service.close()
    assert put.status == 200
    assert put.body == b"{}"
    assert json.loads(got.body) == {"Item": item("grüße")}
    assert got.headers["x-amz-crc32"] == str(zlib.crc32(got.body))
    assert len(got.headers["x-amzn-RequestId"]) == 52
    assert (broken.status, json.loads(broken.body)["__type"].rpartition("#")[2]) == (400, "SerializationException")
    assert (unknown.status, json.loads(unknown.body)["__type"].rpartition("#")[2]) == (
        400,
        "UnknownOperationException",
    )


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("PutItem", {"TableName": "TTT"}, "ValidationException"),
        ("GetItem", {"Key": item("a")}, "ValidationException"),
        ("GetItem", {"TableName": "TTT", "Key": {"pk": {"S": 5}}}, "SerializationException"),
        ("GetItem", {"TableName": "TTT", "Key": {"pk": "a"}}, "SerializationException"),
        ("PutItem", {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "x": {}}}, "ValidationException"),
        ("PutItem", {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "x": {"S": "a", "N": "1"}}}, "ValidationException"),
        ("PutItem", {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "x": {"Q": "a"}}}, "ValidationException"),
        (
            "PutItem",
            {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "x": {"B": "no base64"}}},
            "SerializationException",
        ),
        ("PutItem", {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "x": {"N": 5}}}, "SerializationException"),
        ("Scan", {"TableName": "TTT", "Limit": 0}, "ValidationException"),
        ("BatchWriteItem", {"RequestItems": {}}, "ValidationException"),
        ("BatchWriteItem", {"RequestItems": {"TTT": []}}, "ValidationException"),
        ("BatchGetItem", {"RequestItems": {"TTT": {"Keys": []}}}, "ValidationException"),
        ("TransactWriteItems", {"TransactItems": []}, "ValidationException"),
        ("TransactWriteItems", {"TransactItems": [{}]}, "ValidationException"),
        ("DescribeTable", {}, "ValidationException"),
    ],
)
def test_bare_clients_are_told_what_an_sdk_would_not_send(
    db: LocalDynamoDB, operation: str, request_: dict[str, Any], code: str
) -> None:
    answer = db.call(operation, request_)
    assert answer.status == 400
    assert answer.body["__type"].rpartition("#")[2] == code


def test_a_fault_of_ours_is_logged_whole_and_told_in_general_words(
    db: LocalDynamoDB, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> Any:
        raise ZeroDivisionError

    secret = uuid.uuid4().hex
    monkeypatch.setattr(db._catalog, "table", broken)  # a fault that no caller can make
    answer = db.call("PutItem", {"TableName": "TTT", "Item": {"pk": {"S": secret}}})
    assert answer.status == 500
    assert answer.body["__type"].endswith("InternalServerError")
    assert "DynamoDB PutItem failed" in caplog.text
    assert secret not in caplog.text
    assert secret not in json.dumps(answer.body)


def test_tables_can_be_named_by_their_arn(db: LocalDynamoDB) -> None:
    arn = db.call("DescribeTable", {"TableName": "TTT"}).body["Table"]["TableArn"]
    assert db.call("PutItem", {"TableName": arn, "Item": item("a")}).status == 200
    assert db.call("GetItem", {"TableName": arn, "Key": item("a")}).body == {"Item": item("a")}


def test_backups_are_restored_into_tables_like_any_other(db: LocalDynamoDB) -> None:
    db.call("PutItem", {"TableName": "TTT", "Item": item("a", n={"N": "1"})})
    arn = db.call("CreateBackup", {"TableName": "TTT", "BackupName": "before"}).body["BackupDetails"]["BackupArn"]
    db.call("DeleteItem", {"TableName": "TTT", "Key": item("a")})
    assert db.call("RestoreTableFromBackup", {"TargetTableName": "Restored", "BackupArn": arn}).status == 200
    assert db.call("GetItem", {"TableName": "Restored", "Key": item("a")}).body == {"Item": item("a", n={"N": "1"})}
    assert db.call("GetItem", {"TableName": "TTT", "Key": item("a")}).body == {}


def test_a_deleted_table_is_gone_with_its_items(db: LocalDynamoDB) -> None:
    db.call("PutItem", {"TableName": "TTT", "Item": item("a")})
    assert db.call("DeleteTable", {"TableName": "TTT"}).body["TableDescription"]["TableName"] == "TTT"
    assert (
        db.call("GetItem", {"TableName": "TTT", "Key": item("a")}).body["__type"].endswith("ResourceNotFoundException")
    )
    db.call("CreateTable", TABLE)
    assert db.call("GetItem", {"TableName": "TTT", "Key": item("a")}).body == {}


def test_a_guarded_table_is_not_deleted(db: LocalDynamoDB) -> None:
    db.call("UpdateTable", {"TableName": "TTT", "DeletionProtectionEnabled": True})
    assert db.call("DeleteTable", {"TableName": "TTT"}).body["__type"].endswith("ValidationException")
    assert db.table_names() == ["TTT"]


def test_lists_of_tables_come_in_order_and_in_pages(db: LocalDynamoDB) -> None:
    for name in ("CCC", "AAA", "BBB"):
        db.call("CreateTable", {**TABLE, "TableName": name})
    first = db.call("ListTables", {"Limit": 2}).body
    assert first == {"TableNames": ["AAA", "BBB"], "LastEvaluatedTableName": "BBB"}
    assert db.call("ListTables", {"ExclusiveStartTableName": "BBB"}).body == {"TableNames": ["CCC", "TTT"]}


def test_work_does_not_grow_with_the_table(db: LocalDynamoDB) -> None:
    """SQLite answers every item operation by seeking: its plans name no scan of a table."""
    db.call(
        "CreateTable",
        {
            "TableName": "Mmm",
            "KeySchema": [{"AttributeName": "r", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
            "AttributeDefinitions": [
                {"AttributeName": n, "AttributeType": t} for n, t in (("r", "S"), ("s", "N"), ("g", "S"))
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "gix",
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        },
    )
    statements: list[str] = []
    connection = db._store.db
    key = {"r": {"S": "a"}, "s": {"N": "1"}}
    connection.set_trace_callback(statements.append)
    for n in (1, 2):
        db.call("PutItem", {"TableName": "Mmm", "Item": {**key, "g": {"S": f"g{n}"}}})
    db.call("UpdateItem", {"TableName": "Mmm", "Key": key, "UpdateExpression": "REMOVE g"})
    for backwards in (True, False):
        for name, index in (("r", {}), ("g", {"IndexName": "gix"})):
            start = {**key, **({"g": {"S": "a"}} if index else {})}
            query = {"KeyConditionExpression": f"{name} = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}, **index}
            more = {"ScanIndexForward": not backwards, "ExclusiveStartKey": start, "Limit": 5}
            assert db.call("Query", {"TableName": "Mmm", **query, **more}).status == 200
    db.call("DeleteItem", {"TableName": "Mmm", "Key": key})
    connection.set_trace_callback(None)
    asked = {s for s in statements if s.startswith(("SELECT", "UPDATE", "DELETE"))}
    assert len(asked) > 6
    for statement in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], (statement, plan)
