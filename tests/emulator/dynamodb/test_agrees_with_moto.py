"""The operations on items answer what moto answers: the same random requests to both."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import Answer, LocalDynamoDB
from support.dynamodb.plain_moto import PlainMoto

TABLE = {
    "TableName": "TTT",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
        {"AttributeName": "g", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gix",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}

key = st.fixed_dictionaries(
    {"pk": st.sampled_from(["a", "b"]).map(lambda s: {"S": s}), "sk": st.integers(-2, 3).map(lambda n: {"N": str(n)})}
)
member = st.sampled_from(["x", "y", "z"])
number = st.integers(-5, 20).map(lambda n: {"N": str(n)})
attributes = st.fixed_dictionaries(
    {},
    optional={
        "n": number,
        "t": st.sampled_from(["", "hello", "grüße", "help"]).map(lambda s: {"S": s}),
        "s": st.sets(member, min_size=1).map(lambda s: {"SS": sorted(s)}),
        "l": st.lists(number, max_size=3).map(lambda e: {"L": e}),
        "m": st.fixed_dictionaries({"c": number}).map(lambda m: {"M": m}),
        "g": st.sampled_from(["g1", "g2"]).map(lambda s: {"S": s}),
    },
)
condition = st.sampled_from(
    [
        {},
        {"ConditionExpression": "attribute_not_exists(pk)"},
        {"ConditionExpression": "attribute_exists(pk)"},
        {
            "ConditionExpression": "attribute_exists(pk) AND #n <= :five",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":five": {"N": "5"}},
        },
        {
            "ConditionExpression": "contains(s, :x) OR NOT begins_with(t, :hel)",
            "ExpressionAttributeValues": {":x": {"S": "x"}, ":hel": {"S": "hel"}},
        },
        {
            "ConditionExpression": "n BETWEEN :five AND :nine OR (attribute_exists(l) AND size(l)>:one) OR m.c = :one",
            "ExpressionAttributeValues": {":five": {"N": "5"}, ":nine": {"N": "9"}, ":one": {"N": "1"}},
        },
    ]
)
told = st.sampled_from([{}, {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}])


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """One request from parts; the placeholders of all of them together."""
    out: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            out[name] = {**out[name], **value} if isinstance(value, dict) and name in out else value
    return out


change = st.sampled_from(
    [
        {"UpdateExpression": "SET n = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}},
        {"UpdateExpression": "SET t = :t REMOVE n", "ExpressionAttributeValues": {":t": {"S": "hello"}}},
        {"UpdateExpression": "ADD n :two", "ExpressionAttributeValues": {":two": {"N": "2"}}},
        {"UpdateExpression": "ADD s :xy", "ExpressionAttributeValues": {":xy": {"SS": ["x", "y"]}}},
        {
            "UpdateExpression": "SET o = :o DELETE s :xy",
            "ExpressionAttributeValues": {":xy": {"SS": ["x", "y"]}, ":o": {"N": "1"}},
        },
        {
            "UpdateExpression": "SET n = if_not_exists(n, :zero) + :one, g = :g",
            "ExpressionAttributeValues": {":zero": {"N": "0"}, ":one": {"N": "1"}, ":g": {"S": "g1"}},
        },
        {
            "UpdateExpression": "SET l = list_append(if_not_exists(l, :none), :some)",
            "ExpressionAttributeValues": {":none": {"L": []}, ":some": {"L": [{"N": "7"}]}},
        },
        {
            "UpdateExpression": "SET m = :m REMOVE g, l",
            "ExpressionAttributeValues": {":m": {"M": {"c": {"N": "1"}}}},
        },
        {"UpdateExpression": "SET o = :o REMOVE nope", "ExpressionAttributeValues": {":o": {"N": "1"}}},
    ]
)

put = st.builds(
    lambda k, a, c, t, r: ("PutItem", merged({"TableName": "TTT", "Item": {**k, **a}}, c, t, r)),
    *(key, attributes, condition, told, st.sampled_from([{}, {"ReturnValues": "ALL_OLD"}])),
)
update = st.builds(
    lambda k, u, c, t, r: ("UpdateItem", merged({"TableName": "TTT", "Key": k}, u, c, t, {"ReturnValues": r})),
    *(key, change, condition, told, st.sampled_from(["NONE", "ALL_OLD", "ALL_NEW"])),
)
delete = st.builds(
    lambda k, c, t, r: ("DeleteItem", merged({"TableName": "TTT", "Key": k}, c, t, r)),
    *(key, condition, told, st.sampled_from([{}, {"ReturnValues": "ALL_OLD"}])),
)
shown = st.sampled_from(
    [
        {},
        {"ProjectionExpression": "sk, t, m.c"},
        {"ProjectionExpression": "#n", "ExpressionAttributeNames": {"#n": "n"}},
    ]
)
get = st.builds(lambda k, p: ("GetItem", merged({"TableName": "TTT", "Key": k}, p)), key, shown)
ranges = st.sampled_from(
    [
        {"KeyConditionExpression": "pk = :p"},
        {"KeyConditionExpression": "pk = :p AND sk >= :s", "ExpressionAttributeValues": {":s": {"N": "0"}}},
        {"KeyConditionExpression": "pk = :p AND sk < :s", "ExpressionAttributeValues": {":s": {"N": "2"}}},
        {"KeyConditionExpression": "pk = :p AND sk = :s", "ExpressionAttributeValues": {":s": {"N": "1"}}},
        {
            "KeyConditionExpression": "pk = :p AND sk BETWEEN :s AND :e",
            "ExpressionAttributeValues": {":s": {"N": "-1"}, ":e": {"N": "1"}},
        },
        {"KeyConditionExpression": "g = :p", "IndexName": "gix"},
        {
            "KeyConditionExpression": "g = :p AND sk > :s",
            "IndexName": "gix",
            "ExpressionAttributeValues": {":s": {"N": "0"}},
        },
    ]
)


def a_query(within: dict[str, Any], partition: str, shows: dict[str, Any], more: dict[str, Any]) -> Any:
    value = partition if "IndexName" not in within else {"a": "g1", "b": "g2"}[partition]
    # A limit that nothing reaches, or one item: a page that is exactly full ends differently in plain moto.
    return "Query", merged({"TableName": "TTT", "ExpressionAttributeValues": {":p": {"S": value}}}, within, shows, more)


query = st.builds(
    a_query,
    *(ranges, st.sampled_from(["a", "b"]), shown),
    st.fixed_dictionaries({}, optional={"ScanIndexForward": st.booleans(), "Limit": st.sampled_from([1, 2, 100])}),
)
batch = st.lists(
    st.tuples(key, attributes, st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda m: str(sorted(m[0].items(), key=str)),
).map(
    lambda members: (
        "BatchWriteItem",
        {
            "RequestItems": {
                "TTT": [
                    {"PutRequest": {"Item": {**k, **a}}} if puts else {"DeleteRequest": {"Key": k}}
                    for k, a, puts in members
                ]
            }
        },
    )
)
transaction = st.builds(
    lambda keys, a, c, t, u: (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": merged({"TableName": "TTT", "Item": {**keys[0], **a}}, c, t)},
                {"Update": merged({"TableName": "TTT", "Key": keys[1]}, u)},
            ]
        },
    ),
    st.lists(key, min_size=2, max_size=2, unique_by=lambda k: str(sorted(k.items(), key=str))),
    *(attributes, condition, told, change),
)
requests = st.lists(st.one_of(put, update, delete, get, query, batch, transaction), min_size=1, max_size=15)


def comparable(operation: str, request: dict[str, Any], answer: Answer) -> Any:
    """An answer without what nobody asked for, sets in order; of an error its code, item and reasons."""
    body = answer.body
    if answer.status != 200:
        kept = {n: body[n] for n in ("Item", "CancellationReasons") if n in body}
        body = {"code": body["__type"].rpartition("#")[2], **kept}
    else:
        body = {
            n: v
            for n, v in body.items()
            if n not in ("ConsumedCapacity", "ConsumedCapacityUnits", "ItemCollectionMetrics")
        }
        if operation == "Query" and body["ScannedCount"] == request.get("Limit"):
            # A page that is exactly full: DynamoDB always gives a last key, plain moto only when more follows.
            body.pop("LastEvaluatedKey", None)
        if body.get("Attributes") == {}:
            del body["Attributes"]
    return json.loads(json.dumps(body), object_hook=sorted_sets)


def sorted_sets(value: dict[str, Any]) -> dict[str, Any]:
    return {n: sorted(v) if n in ("SS", "NS") and isinstance(v, list) else v for n, v in value.items()}


def fresh() -> LocalDynamoDB:
    local = LocalDynamoDB.open(None, clock=SystemClock())
    assert local.call("CreateTable", TABLE).status == 200
    return local


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_the_operations_answer_as_plain_moto_does(sequence: list[tuple[str, dict[str, Any]]]) -> None:
    ours, plain = fresh(), PlainMoto()
    plain.call("CreateTable", TABLE)
    try:
        for operation, request in sequence:
            answers = [comparable(operation, request, e.call(operation, request)) for e in (ours, plain)]
            assert answers[0] == answers[1], (operation, request)
        whole = ("Scan", {"TableName": "TTT"})
        stored = [e.call(*whole).body["Items"] for e in (ours, plain)]
        by_key = [sorted(json.dumps(sorted_sets_deep(i), sort_keys=True) for i in items) for items in stored]
        assert by_key[0] == by_key[1]
    finally:
        ours.close()


def sorted_sets_deep(item: dict[str, Any]) -> Any:
    return json.loads(json.dumps(item), object_hook=sorted_sets)


def test_old_parameters_work_beside_new_ones() -> None:
    """The parameters from before there were expressions are translated, and work on the same items."""
    local = fresh()
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": "5"}, "t": {"S": "x"}}
    assert (
        local.call("PutItem", {"TableName": "TTT", "Item": item, "Expected": {"pk": {"Exists": False}}}).status == 200
    )
    again = local.call("PutItem", {"TableName": "TTT", "Item": item, "Expected": {"pk": {"Exists": False}}})
    assert again.body["__type"].endswith("ConditionalCheckFailedException")
    found = local.call(
        "Query",
        {
            "TableName": "TTT",
            "KeyConditions": {
                "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
                "sk": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "0"}, {"N": "2"}]},
            },
            "Limit": 1,
        },
    ).body
    assert found["Items"] == [item]
    assert found["LastEvaluatedKey"] == {"pk": {"S": "a"}, "sk": {"N": "1"}}
    local.call(
        "UpdateItem",
        {
            "TableName": "TTT",
            "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}},
            "AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "2"}}},
        },
    )
    assert local.call("GetItem", {"TableName": "TTT", "Key": {"pk": {"S": "a"}, "sk": {"N": "1.0"}}}).body["Item"][
        "n"
    ] == {"N": "7"}
    local.close()
