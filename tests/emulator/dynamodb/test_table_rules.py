"""Tables that AWS refuses: one set of rules for CreateTable, UpdateTable and templates (API reference, CreateTable)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.validation.table_rules import table_problems
from pingbox.templates import TemplateError, read_app

GLOBAL = "GlobalSecondaryIndexes"


def key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": n, "KeyType": kind} for n, kind in zip(names, ("HASH", "RANGE", "RANGE"), strict=False)]


def typed(*names: str, kind: str = "S") -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name in names]


def index(name: str = "byC", keys: list[Any] | None = None, projection: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": key("c") if keys is None else keys,
        "Projection": {"ProjectionType": "ALL"} if projection is None else projection,
        **more,
    }


def table(**changes: Any) -> dict[str, Any]:
    base = {
        "TableName": "Orders",
        "KeySchema": key("p", "r"),
        "AttributeDefinitions": typed("p", "r"),
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def with_index(
    *indexes: Any, kind: str = "GlobalSecondaryIndexes", names: tuple[str, ...] = ("c",), **more: Any
) -> Any:
    return table(**{kind: list(indexes), "AttributeDefinitions": typed("p", "r", *names), **more})


def local(*indexes: Any, **more: Any) -> dict[str, Any]:
    return with_index(*indexes, kind="LocalSecondaryIndexes", **more)


UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
MANY = [f"index{n}" for n in range(21)]

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name of one letter": (table(TableName="T"), "at least 3 characters long and at most 255"),
    "a name of 256 letters": (table(TableName="T" * 256), "at least 3 characters long and at most 255"),
    "a name with a blank": (table(TableName="my table!"), "[a-zA-Z0-9_.-]+"),
    "no name": (table(TableName=None), "ableName'"),
    "no keys": (table(KeySchema=None), "keySchema"),
    "no definitions": (table(AttributeDefinitions=None), "attributeDefinitions"),
    "the RANGE key first": (table(KeySchema=key("p", "r")[::-1]), "first KeySchemaElement is not a HASH"),
    "two HASH keys": (table(KeySchema=[*key("p"), *key("r")]), "second KeySchemaElement is not a RANGE"),
    "one attribute twice": (table(KeySchema=key("p", "p"), AttributeDefinitions=typed("p")), "have the same name"),
    "three keys": (table(KeySchema=key("p", "r", "x"), AttributeDefinitions=typed("p", "r", "x")), "too big"),
    "a key of type M": (table(AttributeDefinitions=typed("p", "r", kind="M")), "enum value set: [B, N, S]"),
    "a key type that is none": (
        table(KeySchema=[{"AttributeName": "p", "KeyType": "MAIN"}], AttributeDefinitions=typed("p")),
        "enum value set: [HASH, RANGE]",
    ),
    "an attribute that is not defined": (table(AttributeDefinitions=typed("p")), "not defined in AttributeDefinitions"),
    "an attribute that no key uses": (table(AttributeDefinitions=typed("p", "r", "x")), "does not exactly match"),
    "an attribute that no index uses": (
        with_index(index(), names=("c", "x")),
        "Some AttributeDefinitions are not used",
    ),
    "an attribute that is defined twice": (table(AttributeDefinitions=typed("p", "r", "p")), "same name"),
    "an index key that is not defined": (with_index(index(), names=()), "not defined in AttributeDefinitions"),
    "an empty list of global indexes": (table(GlobalSecondaryIndexes=[]), "List of GlobalSecondaryIndexes is empty"),
    "an empty list of local indexes": (table(LocalSecondaryIndexes=[]), "List of LocalSecondaryIndexes is empty"),
    "21 global indexes": (with_index(*map(index, MANY)), "per-table limit of 20"),
    "6 local indexes": (local(*(index(n, key("p", "c")) for n in MANY[:6])), "per-table limit of 5"),
    "two indexes of one name": (with_index(index(), index()), "Duplicate index name: byC"),
    "a local and a global index of one name": (
        {**with_index(index()), "LocalSecondaryIndexes": [index(keys=key("p", "c"))]},
        "Duplicate index name: byC",
    ),
    "an index name of one letter": (with_index(index("i")), "greater than or equal to 3"),
    "a local index with another HASH key": (local(index(keys=key("c", "r"))), "same leading hash key"),
    "a local index without a RANGE key": (local(index(keys=key("p")), names=()), "does not have a range key for index"),
    "a local index on a table without a RANGE key": (
        local(index(keys=key("p", "c")), KeySchema=key("p"), AttributeDefinitions=typed("p", "c")),
        "Table KeySchema does not have a range key",
    ),
    "a projection that is none": (
        with_index(index(projection={"ProjectionType": "garbage"})),
        "[ALL, INCLUDE, KEYS_ONLY]",
    ),
    "a projection without a type": (with_index(index(projection={})), "Unknown ProjectionType: null"),
    "INCLUDE without attributes": (with_index(index(projection={"ProjectionType": "INCLUDE"})), "is not specified"),
    "ALL with attributes": (
        with_index(index(projection={"ProjectionType": "ALL", "NonKeyAttributes": ["x"]})),
        "ProjectionType is ALL, but NonKeyAttributes is specified",
    ),
    "an attribute included twice": (
        with_index(index(projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "x"]})),
        "same name",
    ),
    "101 included attributes": (
        with_index(
            *(
                index(
                    name,
                    projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": [f"{name}{n}" for n in range(20)]},
                )
                for name in MANY[:6]
            )
        ),
        "per-table limit of 100",
    ),
    "no capacity": (table(BillingMode=None), "must both be specified when BillingMode is PROVISIONED"),
    "capacity on demand": (table(ProvisionedThroughput=UNITS), "when BillingMode is PAY_PER_REQUEST"),
    "capacity of nothing": (
        table(BillingMode="PROVISIONED", ProvisionedThroughput={**UNITS, "ReadCapacityUnits": 0}),
        "greater than or equal to 1",
    ),
    "a provisioned index without capacity": (
        with_index(index(), BillingMode="PROVISIONED", ProvisionedThroughput=UNITS),
        "ProvisionedThroughput must be specified for index: byC",
    ),
    "an index with capacity on demand": (with_index(index(ProvisionedThroughput=UNITS)), "should not be specified"),
    "a stream without a view": (table(StreamSpecification={"StreamEnabled": True}), "StreamViewType must be specified"),
}

FINE: dict[str, dict[str, Any]] = {
    "the least": table(KeySchema=key("p"), AttributeDefinitions=typed("p")),
    "two keys": table(),
    "provisioned": table(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS),
    "20 global indexes": with_index(*map(index, MANY[:20])),
    "5 local indexes": local(*(index(n, key("p", "c")) for n in MANY[:5])),
    "an index of the table's own keys": with_index(index(keys=key("r", "p")), names=()),
    "several attributes in a key": with_index(
        index(keys=[*key("c"), *key("d"), *key("x", "e")[1:], *key("x", "f")[1:]]), names=("c", "d", "e", "f")
    ),
    "a stream": table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}),
    "a stream that is off": table(StreamSpecification={"StreamEnabled": False}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_create_table_refuses_what_aws_refuses(db: LocalDynamoDB, name: str) -> None:
    parameters, words = REFUSED[name]
    answer = db.call("CreateTable", parameters)
    assert (answer.status, answer.body["__type"].rpartition("#")[2]) == (400, "ValidationException")
    assert words in answer.body["message"]
    assert db.table_names() == []
    assert any(words in problem for problem in table_problems(parameters))


@pytest.mark.parametrize("name", FINE)
def test_create_table_takes_what_aws_takes(db: LocalDynamoDB, name: str) -> None:
    assert table_problems(FINE[name]) == []
    assert db.call("CreateTable", FINE[name]).status == 200


API: dict[str, Any] = {
    "Api": {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {"Name": "a", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"},
    },
    "Mock": {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {"ApiId": {"Ref": "Api"}, "IntegrationType": "MOCK"},
    },
    "Route": {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "RouteKey": "$default",
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Mock"}]]},
        },
    },
    "Stage": {
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "dev", "AutoDeploy": True},
    },
}
CAPACITY = ("no capacity", "capacity", "a provisioned", "an index with capacity", "a stream", "an empty list")


@pytest.mark.parametrize("name", [n for n in REFUSED if not n.startswith((*CAPACITY, "no name"))])
def test_a_template_with_such_a_table_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    """`serve`, `--explain` and `deploy` have one reader; of capacity, which costs nothing here, it only warns."""
    parameters, _ = REFUSED[name]
    file = tmp_path / "template.json"
    orders = {"Type": "AWS::DynamoDB::Table", "Properties": parameters}
    file.write_text(json.dumps({"Resources": {**API, "Orders": orders}}, indent=1))
    with pytest.raises(TemplateError) as refused:
        read_app(file, endpoint="http://127.0.0.1:1")
    assert refused.value.logical_id == "Orders"
    assert refused.value.place is not None


CHANGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing": ({}, "ValidationException", "At least one of"),
    "an index that is not there": (
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "nope"}}]},
        "ResourceNotFoundException",
        "not found",
    ),
    "an index that is there": (
        {"GlobalSecondaryIndexUpdates": [{"Create": index()}]},
        "ValidationException",
        "already exists: byC",
    ),
    "an index without a definition": (
        {"GlobalSecondaryIndexUpdates": [{"Create": index("byD", key("d"))}]},
        "ValidationException",
        "not defined",
    ),
    "an update of nothing": ({"GlobalSecondaryIndexUpdates": [{}]}, "ValidationException", "must not be null"),
    "two indexes at once": (
        {
            "AttributeDefinitions": typed("d"),
            "GlobalSecondaryIndexUpdates": [{"Create": index("byD", key("d"))}, {"Delete": {"IndexName": "byC"}}],
        },
        "LimitExceededException",
        "Only 1 online index",
    ),
    "one index twice": (
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byC"}}, {"Delete": {"IndexName": "byC"}}]},
        "ValidationException",
        "Only one global secondary index update per index",
    ),
    "a projection that is none": (
        {
            "AttributeDefinitions": typed("d"),
            "GlobalSecondaryIndexUpdates": [{"Create": index("byD", key("d"), {"ProjectionType": "SOME"})}],
        },
        "ValidationException",
        "[ALL, INCLUDE, KEYS_ONLY]",
    ),
    "another type for a key": (
        {
            "AttributeDefinitions": typed("c", kind="N"),
            "GlobalSecondaryIndexUpdates": [{"Create": index("byC2")}],
        },
        "ValidationException",
        "is a key already",
    ),
    "capacity on demand": ({"ProvisionedThroughput": UNITS}, "ValidationException", "PAY_PER_REQUEST"),
    "provisioned without capacity": ({"BillingMode": "PROVISIONED"}, "ValidationException", "must be specified"),
    "no stream to end": ({"StreamSpecification": {"StreamEnabled": False}}, "ValidationException", "no stream"),
    "a table that is not there": (
        {"TableName": "nobody", "DeletionProtectionEnabled": True},
        "ResourceNotFoundException",
        "Table: nobody not found",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_update_table_refuses_what_aws_refuses(db: LocalDynamoDB, name: str) -> None:
    assert db.call("CreateTable", with_index(index())).status == 200
    before = db.call("DescribeTable", {"TableName": "Orders"}).body
    changes, code, words = CHANGES[name]
    answer = db.call("UpdateTable", {"TableName": "Orders", **changes})
    assert (answer.status, answer.body["__type"].rpartition("#")[2]) == (400, code)
    assert words in answer.body["message"]
    assert db.call("DescribeTable", {"TableName": "Orders"}).body == before


def test_capacity_that_stays_the_same_is_refused(db: LocalDynamoDB) -> None:
    db.call("CreateTable", FINE["provisioned"])
    answer = db.call("UpdateTable", {"TableName": "Orders", "ProvisionedThroughput": UNITS})
    assert "will not change" in answer.body["message"]


def test_an_index_added_later_leaves_out_what_its_key_does_not_fit(db: LocalDynamoDB) -> None:
    """Guide, GSI.OnlineOps.ViolationDetection: items with a key of a wrong type, empty or too long are not in it."""
    db.call("CreateTable", table())
    keys = {"fine": {"S": "x"}, "number": {"N": "1"}, "empty": {"S": ""}, "long": {"S": "x" * 2049}, "list": {"L": []}}
    for name, value in keys.items():
        put = {"TableName": "Orders", "Item": {"p": {"S": name}, "r": {"S": "a"}, "c": value}}
        assert db.call("PutItem", put).status == 200
    update = {"AttributeDefinitions": typed("c"), "GlobalSecondaryIndexUpdates": [{"Create": index()}]}
    assert db.call("UpdateTable", {"TableName": "Orders", **update}).status == 200
    found = db.call("Scan", {"TableName": "Orders", "IndexName": "byC"}).body["Items"]
    assert [item["p"]["S"] for item in found] == ["fine"]
    # Such an item can still be changed elsewhere; its key can be put right, and then it is in the index.
    for change, count in (("SET n = :v", 1), ("SET c = :v", 2)):
        request = {"UpdateExpression": change, "ExpressionAttributeValues": {":v": {"S": "y"}}}
        where = {"TableName": "Orders", "Key": {"p": {"S": "number"}, "r": {"S": "a"}}}
        assert db.call("UpdateItem", {**where, **request}).status == 200
        assert db.call("Scan", {"TableName": "Orders", "IndexName": "byC"}).body["Count"] == count


names = st.sampled_from(["p", "r", "c", "d"])
key_schemas = st.lists(
    st.fixed_dictionaries({"AttributeName": names, "KeyType": st.sampled_from(["HASH", "RANGE"])}),
    min_size=1,
    max_size=3,
)
projections = st.fixed_dictionaries(
    {},
    optional={
        "ProjectionType": st.sampled_from(["ALL", "KEYS_ONLY", "INCLUDE"]),
        "NonKeyAttributes": st.lists(names, max_size=2),
    },
)
indexes = st.lists(
    st.fixed_dictionaries(
        {"IndexName": st.sampled_from(["one", "two", "x"]), "KeySchema": key_schemas, "Projection": projections}
    ),
    max_size=2,
)
tables = st.fixed_dictionaries(
    {
        "TableName": st.sampled_from(["Orders", "ab", "a b c"]),
        "KeySchema": key_schemas,
        "AttributeDefinitions": st.lists(names, max_size=4).map(lambda chosen: typed(*chosen)),
        "BillingMode": st.sampled_from(["PAY_PER_REQUEST", "PROVISIONED"]),
    },
    optional={"GlobalSecondaryIndexes": indexes, "LocalSecondaryIndexes": indexes},
)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_the_rules_decide_and_nothing_breaks(parameters: dict[str, Any]) -> None:
    """What the rules let in is made; what they name is refused, and no drawn table is answered with a fault."""
    local_one = LocalDynamoDB.open(None, clock=SystemClock())
    answer = local_one.call("CreateTable", parameters)
    assert (answer.status == 200) == (table_problems(parameters) == []), answer
    assert answer.status in (200, 400)
    local_one.close()
