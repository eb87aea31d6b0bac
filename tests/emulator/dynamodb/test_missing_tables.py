"""AWS's words for a table that is not there do not name it; the log does."""

from __future__ import annotations

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB


def create(dynamodb: LocalDynamoDB, name: str) -> None:
    key = {"AttributeName": "id"}
    dynamodb.call(
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [{**key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{**key, "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )


def test_a_missing_table_is_named_once_with_those_that_exist(caplog: pytest.LogCaptureFixture) -> None:
    dynamodb = LocalDynamoDB.open(None, clock=SystemClock())
    create(dynamodb, "Rooms")
    create(dynamodb, "Connections")
    for _ in range(3):
        answer = dynamodb.call("GetItem", {"TableName": "Conections", "Key": {"id": {"S": "1"}}})
        assert answer.status == 400
    dynamodb.close()
    [line] = [record.getMessage() for record in caplog.records]
    assert line == "there is no table 'Conections'; there are: Connections, Rooms"


def test_an_index_that_is_missing_is_no_missing_table(caplog: pytest.LogCaptureFixture) -> None:
    dynamodb = LocalDynamoDB.open(None, clock=SystemClock())
    create(dynamodb, "Rooms")
    dynamodb.call("DescribeTable", {"TableName": "Rooms"})
    dynamodb.call("PutItem", {"TableName": "Rooms", "Item": {}})
    dynamodb.close()
    assert caplog.records == []
