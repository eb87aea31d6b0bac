"""Streams: what changed, in order, once, with what the view shows, for 24 hours, durable with the items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import DynamoDBService
from pingbox.emulator.services.registry import ServiceRegistry
from support.dynamodb.redirected import ENDPOINT

NOW = 1_764_000_000
LATEST = "LATEST"
VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")


def table(view: str | None, name: str = "Orders") -> dict[str, Any]:
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        **({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}),
    }


class Bench:
    """A DynamoDB, with boto3 clients of its tables and of its streams."""

    def __init__(self, local: LocalDynamoDB, clock: WoundClock) -> None:
        self.local, self.clock = local, clock
        redirect = Boto3Redirect(ENDPOINT, ServiceRegistry([DynamoDBService(local)]))
        self.tables = redirect.client("dynamodb")
        self.streams = redirect.client("dynamodbstreams")

    def create(self, view: str | None, name: str = "Orders") -> str:
        described = self.tables.create_table(**table(view, name))["TableDescription"]
        return str(described.get("LatestStreamArn"))

    def put(self, name: str, **attributes: Any) -> None:
        self.tables.put_item(TableName="Orders", Item={"id": {"S": name}, **attributes})

    def iterator(self, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        answer = self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)
        return str(answer["ShardIterator"])

    def records(self, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> list[dict[str, Any]]:
        answer = self.streams.get_records(ShardIterator=self.iterator(arn, kind, **more))
        return list(answer["Records"])


@pytest.fixture
def bench(db: LocalDynamoDB, clock: WoundClock) -> Bench:
    return Bench(db, clock)


@pytest.fixture
def on_disk(tmp_path: Path, clock: WoundClock) -> Iterator[Callable[[], Bench]]:
    benches: list[Bench] = []

    def opened() -> Bench:
        benches.append(Bench(LocalDynamoDB.open(tmp_path, clock=clock), clock))
        return benches[-1]

    yield opened
    for one in benches:
        one.local.close()


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_shows_what_it_says(bench: Bench, view: str) -> None:
    arn = bench.create(view)
    bench.put("a", n={"N": "1"})
    bench.put("a", n={"N": "2"})
    bench.tables.delete_item(TableName="Orders", Key={"id": {"S": "a"}})
    key, one, two = {"id": {"S": "a"}}, {"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "a"}, "n": {"N": "2"}}
    images = [(None, one), (one, two), (two, None)]
    records = bench.records(arn)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    for record, (old, new) in zip(records, images, strict=True):
        told = record["dynamodb"]
        assert told["Keys"] == key
        assert told["StreamViewType"] == view
        assert told.get("OldImage") == (old if view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") else None)
        assert told.get("NewImage") == (new if view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES") else None)


def test_a_record_has_the_form_that_aws_documents(bench: Bench) -> None:
    """API reference, Streams: Record and StreamRecord; the sizes are those of its example."""
    arn = bench.create("NEW_AND_OLD_IMAGES")
    bench.clock.advance(0.7)
    bench.tables.put_item(
        TableName="Orders", Item={"id": {"S": "101"}, "Message": {"S": "New item!"}, "b": {"B": b"\xff"}}
    )
    (record,) = bench.records(arn)
    assert record["eventSource"] == "aws:dynamodb"
    assert record["eventVersion"] == "1.1"
    assert record["awsRegion"] == "us-east-1"
    assert len(record["eventID"]) == 32
    assert "userIdentity" not in record
    told = record["dynamodb"]
    assert told["ApproximateCreationDateTime"].timestamp() == NOW
    assert told["SizeBytes"] == (2 + 3) + (2 + 3) + (7 + 9) + (1 + 1)
    assert told["NewImage"]["b"] == {"B": b"\xff"}
    assert len(told["SequenceNumber"]) >= 21
    assert told["SequenceNumber"].isdecimal()


def test_a_write_that_changes_nothing_leaves_no_record(bench: Bench) -> None:
    """Developer guide, Streams: a PutItem or UpdateItem that leaves the data as it is writes no record."""
    arn = bench.create("KEYS_ONLY")
    bench.put("a", s={"SS": ["x", "y"]})
    bench.put("a", s={"SS": ["y", "x"]})
    key = {"id": {"S": "a"}}
    add = {"UpdateExpression": "ADD s :s", "ExpressionAttributeValues": {":s": {"SS": ["x"]}}}
    bench.tables.update_item(TableName="Orders", Key=key, **add)
    bench.tables.delete_item(TableName="Orders", Key={"id": {"S": "nobody"}})
    with pytest.raises(bench.tables.exceptions.ConditionalCheckFailedException):
        bench.tables.delete_item(TableName="Orders", Key=key, ConditionExpression="attribute_not_exists(id)")
    assert len(bench.records(arn)) == 1


def test_a_transaction_leaves_one_record_of_each_item_or_none(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    puts: list[dict[str, Any]] = [{"Put": {"TableName": "Orders", "Item": {"id": {"S": n}}}} for n in ("a", "b", "c")]
    bench.tables.transact_write_items(TransactItems=puts)
    puts[2]["Put"]["ConditionExpression"] = "attribute_not_exists(id)"
    puts[0]["Put"]["Item"]["n"] = {"N": "1"}
    with pytest.raises(bench.tables.exceptions.TransactionCanceledException):
        bench.tables.transact_write_items(TransactItems=puts)
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in bench.records(arn)] == ["a", "b", "c"]


def test_batches_and_partiql_leave_records_too(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    batch = [{"PutRequest": {"Item": {"id": {"S": n}}}} for n in ("a", "b")]
    bench.tables.batch_write_item(RequestItems={"Orders": batch})
    bench.tables.execute_statement(Statement="UPDATE Orders SET n = 1 WHERE id = 'a'")
    bench.tables.execute_statement(Statement="DELETE FROM Orders WHERE id = 'b'")
    assert [record["eventName"] for record in bench.records(arn)] == ["INSERT", "INSERT", "MODIFY", "REMOVE"]


def test_time_to_live_deletes_in_the_name_of_dynamodb(bench: Bench) -> None:
    arn = bench.create("OLD_IMAGE")
    bench.tables.update_time_to_live(
        TableName="Orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    bench.put("a", until={"N": str(NOW + 5)})
    bench.clock.advance(hours=1)
    bench.local.expire()
    removed = bench.records(arn)[-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert removed["dynamodb"]["OldImage"]["id"] == {"S": "a"}


def test_the_four_kinds_of_iterator(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    for name in ("a", "b", "c"):
        bench.put(name)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in bench.records(arn)]
    assert numbers == sorted(numbers)
    latest = bench.iterator(arn, "LATEST")
    bench.put("d")

    def names(records: list[dict[str, Any]]) -> list[str]:
        return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]

    assert names(bench.records(arn)) == ["a", "b", "c", "d"]
    assert names(bench.records(arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == ["b", "c", "d"]
    assert names(bench.records(arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == ["c", "d"]
    assert names(bench.streams.get_records(ShardIterator=latest)["Records"]) == ["d"]


def test_records_come_in_pages_without_a_gap(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    for number in range(7):
        bench.put(str(number))
    iterator, found = bench.iterator(arn), []
    while len(found) < 7:
        page = bench.streams.get_records(ShardIterator=iterator, Limit=3)
        assert len(page["Records"]) <= 3
        found += [record["dynamodb"]["Keys"]["id"]["S"] for record in page["Records"]]
        iterator = page["NextShardIterator"]
    assert found == [str(number) for number in range(7)]
    assert bench.streams.get_records(ShardIterator=iterator)["Records"] == []


def test_records_are_kept_for_24_hours(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    bench.put("old")
    first = bench.records(arn)[0]["dynamodb"]["SequenceNumber"]
    bench.clock.advance(hours=12)
    bench.put("new")
    bench.clock.advance(hours=12, seconds=10)
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in bench.records(arn)] == ["new"]
    with pytest.raises(bench.streams.exceptions.TrimmedDataAccessException):
        bench.iterator(arn, "AT_SEQUENCE_NUMBER", SequenceNumber=first)


def test_an_iterator_ends_after_15_minutes(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    iterator = bench.iterator(arn)
    bench.clock.advance(minutes=15, seconds=1)
    with pytest.raises(bench.streams.exceptions.ExpiredIteratorException):
        bench.streams.get_records(ShardIterator=iterator)


def test_a_stream_that_is_switched_off_can_still_be_read_and_a_new_one_is_another(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    bench.put("a")
    bench.tables.update_table(TableName="Orders", StreamSpecification={"StreamEnabled": False})
    bench.put("nobody sees this")
    described = bench.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in described["Shards"][0]["SequenceNumberRange"]
    page = bench.streams.get_records(ShardIterator=bench.iterator(arn))
    assert len(page["Records"]) == 1
    assert "NextShardIterator" not in page
    bench.tables.update_table(
        TableName="Orders", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    )
    again = bench.tables.describe_table(TableName="Orders")["Table"]["LatestStreamArn"]
    assert again != arn
    assert bench.local.stream_arn("Orders") == again
    bench.put("b")
    assert [record["dynamodb"]["NewImage"]["id"]["S"] for record in bench.records(again)] == ["b"]
    bench.clock.advance(hours=25)
    assert [one["StreamArn"] for one in bench.streams.list_streams(TableName="Orders")["Streams"]] == [again]


def test_streams_are_listed_in_pages(bench: Bench) -> None:
    arns = [bench.create("KEYS_ONLY", name) for name in ("Orders", "Others", "Thirds")]
    bench.create(None, "Without")
    first = bench.streams.list_streams(Limit=2)
    assert [one["StreamArn"] for one in first["Streams"]] == arns[:2]
    rest = bench.streams.list_streams(ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])
    assert [one["TableName"] for one in rest["Streams"]] == ["Thirds"]
    assert "LastEvaluatedStreamArn" not in rest


def test_the_stream_of_a_deleted_table_can_still_be_read(bench: Bench) -> None:
    arn = bench.create("KEYS_ONLY")
    bench.put("a")
    bench.tables.delete_table(TableName="Orders")
    assert len(bench.records(arn)) == 1
    bench.create("KEYS_ONLY")
    assert len(bench.streams.list_streams(TableName="Orders")["Streams"]) == 2


def test_records_and_their_order_outlast_the_process(on_disk: Callable[[], Bench]) -> None:
    bench = on_disk()
    arn = bench.create("NEW_IMAGE")
    bench.put("a")
    before = bench.records(arn)
    bench.local.close()
    bench = on_disk()
    assert bench.records(arn) == before
    bench.put("b")
    after = bench.records(arn)
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in after] == ["a", "b"]
    assert after[0]["dynamodb"]["SequenceNumber"] < after[1]["dynamodb"]["SequenceNumber"]


def test_a_sequence_number_is_never_given_twice(on_disk: Callable[[], Bench]) -> None:
    bench = on_disk()
    arn = bench.create("KEYS_ONLY")
    bench.put("a")
    given = bench.records(arn)[0]["dynamodb"]["SequenceNumber"]
    bench.clock.advance(hours=25)
    assert bench.records(arn) == []
    bench.local.close()
    bench = on_disk()
    bench.put("b")
    assert bench.records(arn)[0]["dynamodb"]["SequenceNumber"] > given


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda s, arn: s.describe_stream(StreamArn=arn + "1"), "ResourceNotFoundException"),
        (lambda s, arn: s.get_records(ShardIterator="nonsense"), "ValidationException"),
        (
            lambda s, arn: s.get_shard_iterator(
                StreamArn=arn, ShardId="shardId-" + "0" * 30, ShardIteratorType="LATEST"
            ),
            "ResourceNotFoundException",
        ),
    ],
)
def test_what_the_streams_api_refuses(bench: Bench, ask: Callable[[Any, str], Any], code: str) -> None:
    arn = bench.create("KEYS_ONLY")
    with pytest.raises(bench.streams.exceptions.ClientError) as refused:
        ask(bench.streams, arn)
    assert refused.value.response["Error"]["Code"] == code


def test_the_form_of_a_request_is_checked(bench: Bench) -> None:
    for operation, request in (("ListStreams", {"Limit": 0}), ("GetRecords", {}), ("GetRecords", {"ShardIterator": 5})):
        assert bench.local.call(operation, request).status == 400


@pytest.mark.parametrize(
    "specification",
    [
        {"StreamEnabled": True},
        {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
        {"StreamEnabled": True, "StreamViewType": "EVERYTHING"},
        {"StreamViewType": "KEYS_ONLY"},
    ],
)
def test_a_stream_that_aws_refuses_is_refused(bench: Bench, specification: dict[str, Any]) -> None:
    answer = bench.local.call("CreateTable", {**table(None), "StreamSpecification": specification})
    assert (answer.status, answer.body["__type"].rpartition("#")[2]) == (400, "ValidationException")
    assert bench.local.table_names() == []


def test_switching_twice_is_refused(bench: Bench) -> None:
    bench.create("KEYS_ONLY")
    on = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    for name, specification in (("Orders", on), ("Without", {"StreamEnabled": False})):
        if name == "Without":
            bench.create(None, name)
        answer = bench.local.call("UpdateTable", {"TableName": name, "StreamSpecification": specification})
        assert answer.body["__type"].endswith("ValidationException")


def test_event_sources_read_on_and_are_woken(bench: Bench) -> None:
    arn = bench.create("NEW_IMAGE")
    bench.create(None, "Without")
    woken = threading.Event()
    end = bench.local.on_records(woken.set)
    start = bench.local.newest_sequence()
    bench.tables.put_item(TableName="Without", Item={"id": {"S": "x"}})
    assert not woken.is_set()
    bench.put("a")
    assert woken.is_set()
    ((sequence, record),) = bench.local.records_since(arn, start)
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "a"}}
    assert bench.local.records_since(arn, sequence) == []
    woken.clear()
    end()
    bench.put("b")
    assert not woken.is_set()
    with pytest.raises(LookupError):
        bench.local.records_since(arn + "x", 0)


changes = st.lists(
    st.tuples(st.sampled_from(["put", "update", "delete", "fail"]), st.sampled_from("abc"), st.integers(0, 2)),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(changes)
def test_a_stream_played_back_gives_the_table(sequence: list[tuple[str, str, int]]) -> None:
    """In order, once, complete: whoever applies every record to nothing has what the table has."""
    local = LocalDynamoDB.open(None, clock=WoundClock(lambda: float(NOW)))
    local.call("CreateTable", table("NEW_AND_OLD_IMAGES"))
    arn = local.stream_arn("Orders")
    assert arn is not None
    for kind, name, number in sequence:
        key, value = {"id": {"S": name}}, {"N": str(number)}
        condition = (
            {"ConditionExpression": "attribute_exists(id) AND attribute_not_exists(id)"} if kind == "fail" else {}
        )
        if kind == "update":
            change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": value}}
            local.call("UpdateItem", {"TableName": "Orders", "Key": key, **change})
        elif kind == "delete":
            local.call("DeleteItem", {"TableName": "Orders", "Key": key})
        else:
            local.call("PutItem", {"TableName": "Orders", "Item": {**key, "n": value}, **condition})
    played: dict[str, Any] = {}
    for _, record in local.records_since(arn, 0):
        told = record["dynamodb"]
        name = told["Keys"]["id"]["S"]
        assert played.get(name) == told.get("OldImage")
        assert told.get("OldImage") != told.get("NewImage")
        played.pop(name, None)
        if "NewImage" in told:
            played[name] = told["NewImage"]
    stored = {item["id"]["S"]: item for item in local.call("Scan", {"TableName": "Orders"}).body["Items"]}
    local.close()
    assert played == stored
