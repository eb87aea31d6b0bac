"""Requests that no SDK sends: each is refused in AWS's words, none is answered with 500, none reaches a table."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import DynamoDBService
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from support.dynamodb.input_model import FILE, input_model

TABLE: dict[str, Any] = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY = {"id": {"S": "a"}}
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"


@pytest.fixture(autouse=True)
def _table(db: LocalDynamoDB) -> None:
    assert db.call("CreateTable", TABLE).status == 200


def asked(db: LocalDynamoDB, operation: str, body: bytes) -> AwsResponse:
    """The answer to bytes, as HTTP brings them."""
    service = DynamoDBService(db)
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    answer = asyncio.run(service.handle(AwsRequest("POST", "", "/", headers=headers, body=body)))
    service.close()
    return answer


def code(body: dict[str, Any]) -> str:
    return str(body["__type"]).rpartition("#")[2]


def test_several_problems_are_told_in_one_message(db: LocalDynamoDB) -> None:
    answer = db.call("UpdateItem", {"ReturnValues": "SOME", "ReturnConsumedCapacity": "ALL"})
    assert code(answer.body) == "ValidationException"
    assert answer.body["message"] == (
        "4 validation errors detected: "
        "Value 'ALL' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: "
        "[INDEXES, TOTAL, NONE]; "
        "Value null at 'tableName' failed to satisfy constraint: Member must not be null; "
        "Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: "
        "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; "
        "Value null at 'key' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("PutItem", {"Item": KEY, "ReturnValuesOnConditionCheckFailure": "DOG"}, "returnValuesOnConditionCheckFailure"),
        ("Query", {"IndexName": "x"}, "at 'indexName'"),
        ("Query", {"Limit": 0}, "greater than or equal to 1"),
        ("Scan", {"TotalSegments": 0, "Segment": -1}, "2 validation errors detected"),
        ("GetItem", {"TableName": "a!", "Key": KEY}, "[a-zA-Z0-9_.-]+"),
        (
            "TransactWriteItems",
            {"TransactItems": [{"ConditionCheck": {"TableName": "t", "Key": KEY}}]},
            "conditionExpression",
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Delete": {"TableName": "t", "Key": KEY}}], "ClientRequestToken": "x" * 37},
            "less than or equal to 36",
        ),
        ("TransactWriteItems", {"TransactItems": [None]}, "transactItems.1.member"),
        ("TagResource", {"ResourceArn": ARN, "Tags": [{"Key": "k" * 129, "Value": ""}]}, "tags.1.member.key"),
    ],
)
def test_constraints_of_the_model_are_told_with_their_path(
    db: LocalDynamoDB, operation: str, request_: dict[str, Any], words: str
) -> None:
    """And before the table is looked up: this one is not there."""
    answer = db.call(operation, {"TableName": "nobody", **request_})
    assert code(answer.body) == "ValidationException"
    assert words in answer.body["message"]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetItem", {"TableName": 5, "Key": KEY}),
        ("GetItem", {"TableName": "Orders", "Key": [KEY]}),
        ("GetItem", {"TableName": "Orders", "Key": "a"}),
        ("GetItem", {"TableName": "Orders", "Key": {"id": "a"}}),
        ("GetItem", {"TableName": "Orders", "Key": {"id": {"S": 5}}}),
        ("GetItem", {"TableName": "Orders", "Key": KEY, "ConsistentRead": "maybe"}),
        ("Query", {"TableName": "Orders", "Limit": "5"}),
        ("PutItem", {"TableName": "Orders", "Item": KEY, "ConditionExpression": {}}),
        ("PutItem", {"TableName": "Orders", "Item": {**KEY, "b": {"B": "AR=="}}}),
        ("PutItem", {"TableName": "Orders", "Item": {**KEY, "l": {"L": {}}}}),
        ("PutItem", {"TableName": "Orders", "Item": {**KEY, "s": {"SS": "x"}}}),
        ("BatchWriteItem", {"RequestItems": {"Orders": {}}}),
        ("CreateTable", {**TABLE, "KeySchema": {}}),
        ("UpdateTimeToLive", {"TableName": "Orders", "TimeToLiveSpecification": []}),
    ],
)
def test_json_of_the_wrong_type_is_a_serialization_exception(
    db: LocalDynamoDB, operation: str, request_: dict[str, Any]
) -> None:
    answer = db.call(operation, request_)
    assert (answer.status, code(answer.body)) == (400, "SerializationException")


NESTED = b'{"L":[' * 100_000 + b"]}" * 100_000
TOO_DEEP = (
    b'{"TableName":"Orders","Item":{"id":{"S":"a"},"l":' + NESTED + b"}}",
    b"[" * 100_000,
    b'{"TableName":"Orders","Item":{"id":{"S":"a"},"l":' + b'{"L":[' * 40 + b"]}" * 40 + b"}}",
)


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"", b"null", b"\xff\xfe", *TOO_DEEP])
def test_bytes_that_are_no_request_are_refused(db: LocalDynamoDB, body: bytes) -> None:
    answer = asked(db, "PutItem", body)
    assert answer.status == 400
    assert code(json.loads(answer.body)) in ("SerializationException", "ValidationException")


def test_members_that_are_null_are_members_that_are_not_there(db: LocalDynamoDB) -> None:
    put = {"TableName": "Orders", "Item": KEY, "ConditionExpression": None, "ExpressionAttributeNames": None}
    assert db.call("PutItem", put).status == 200
    assert db.call("GetItem", {"TableName": "Orders", "Key": {"id": {"S": "a", "N": None}}}).body == {"Item": KEY}
    for value in (None, {"S": None}, {"L": [None]}, {"M": {"a": None}}):
        answer = db.call("PutItem", {"TableName": "Orders", "Item": {**KEY, "x": value}})
        assert code(answer.body) == "ValidationException"


def test_unknown_members_are_ignored(db: LocalDynamoDB) -> None:
    assert db.call("GetItem", {"TableName": "Orders", "Key": KEY, "Unknown": 5}).status == 200
    assert (
        db.call("GetItem", {"TableName": "Orders", "Key": KEY, "ExpressionAttributeValues": {":a": KEY}}).status == 200
    )


def test_time_to_live_is_not_switched_twice(db: LocalDynamoDB) -> None:
    def switch(on: bool, attribute: str = "until", table: str = "Orders") -> Any:
        specification = {"Enabled": on, "AttributeName": attribute}
        return db.call("UpdateTimeToLive", {"TableName": table, "TimeToLiveSpecification": specification}).body

    assert "already disabled" in switch(False)["message"]
    assert switch(True)["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "until"}
    assert "already enabled" in switch(True)["message"]
    assert "active on a different AttributeName" in switch(True, "other")["message"]
    assert "active on a different AttributeName" in switch(False, "other")["message"]
    assert switch(False)["TimeToLiveSpecification"]["Enabled"] is False
    described = db.call("DescribeTimeToLive", {"TableName": "Orders"}).body["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "DISABLED"}
    assert code(switch(True, table="nobody")) == "ResourceNotFoundException"
    assert code(db.call("DescribeTimeToLive", {"TableName": "nobody"}).body) == "ResourceNotFoundException"


def test_tags_are_checked(db: LocalDynamoDB) -> None:
    def tag(*keys: str, arn: str = ARN) -> Any:
        return db.call("TagResource", {"ResourceArn": arn, "Tags": [{"Key": k, "Value": "v"} for k in keys]})

    assert tag("team").status == 200
    assert tag("team").status == 200, "a tag that is there is replaced"
    assert db.call("ListTagsOfResource", {"ResourceArn": ARN}).body["Tags"] == [{"Key": "team", "Value": "v"}]
    assert code(tag("aws:x").body) == "ValidationException"
    assert code(tag("a", "a").body) == "ValidationException"
    assert code(tag().body) == "ValidationException"
    assert code(tag(*(f"k{n}" for n in range(50))).body) == "ValidationException"
    assert code(tag("a", arn="Orders").body) == "ValidationException"
    assert code(tag("a", arn=f"{ARN}x").body) == "ResourceNotFoundException"
    assert code(db.call("ListTagsOfResource", {"ResourceArn": f"{ARN}x"}).body) == "ResourceNotFoundException"


def test_tables_are_described_as_aws_does(db: LocalDynamoDB) -> None:
    described = db.call("DescribeTable", {"TableName": "Orders"}).body["Table"]
    assert len(described["TableId"]) == 36
    assert described["TableId"] == db.call("DescribeTable", {"TableName": ARN}).body["Table"]["TableId"]
    assert "GlobalSecondaryIndexes" not in described
    assert db.call("DescribeLimits", {}).body == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }
    assert db.call("DeleteTable", {"TableName": "Orders"}).body["TableDescription"]["TableStatus"] == "DELETING"
    assert code(db.call("DescribeTable", {"TableName": "Orders"}).body) == "ResourceNotFoundException"


def test_the_model_is_the_one_that_botocore_has() -> None:
    """What this botocore knows more is no fault; what it says otherwise: `python -m support.dynamodb.input_model`."""
    ours, theirs = json.loads(FILE.read_text()), input_model()
    for name, shape in ours["shapes"].items():
        assert name in theirs["shapes"], name
        for told in ("type", "min", "max", "pattern", "required"):
            assert shape.get(told) == theirs["shapes"][name].get(told), (name, told)
        assert set(shape.get("members", ())) <= set(theirs["shapes"][name].get("members", ()))


words = st.sampled_from(["Orders", "id", ":a", "#a"])
scalars: Any = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4) | words
names = st.sampled_from(["S", "N", "M", "L", "id", "Key", "Item", "Put", "Orders", ":a", "TableName"])
values: Any = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)
MODEL = json.loads(FILE.read_text())


@st.composite
def requests(draw: Any) -> tuple[str, dict[str, Any]]:
    operation = draw(st.sampled_from(sorted(MODEL["operations"])))
    members = sorted(MODEL["shapes"][MODEL["operations"][operation]]["members"])
    chosen = draw(st.lists(st.sampled_from(members), max_size=4)) if members else []
    request = {name: draw(values) for name in chosen}
    return operation, {**({"TableName": "Orders"} if "TableName" in members else {}), **request}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_no_request_is_answered_with_a_fault(asked_for: tuple[str, dict[str, Any]]) -> None:
    """Whatever JSON comes: an answer or a refusal, never a traceback that makes an SDK try again."""
    local = LocalDynamoDB.open(None, clock=SystemClock())
    local.call("CreateTable", TABLE)
    answer = local.call(*asked_for)
    local.close()
    assert answer.status in (200, 400), (asked_for, answer)
