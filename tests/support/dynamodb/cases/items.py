"""PutItem, GetItem and DeleteItem."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, N, S, T, case, invalid

NO_MATCH = invalid("The provided key element does not match the schema")
MISSING_TABLE = ("ResourceNotFoundException", "Requested resource not found")


@case("put returns ALL_OLD")
def _(t: Bench) -> Any:
    t.put(x=N(1))
    return [
        t.c.put_item(TableName=T, Item={**t.key(), "x": N(2)}, ReturnValues="ALL_OLD"),
        t.c.put_item(TableName=T, Item=t.key("new"), ReturnValues="ALL_OLD"),
    ]


@case("put replaces the whole item")
def _(t: Bench) -> Any:
    t.put(x=N(1))
    t.put(y=N(2))
    return t.get()


@case("put cannot return ALL_NEW")
def _(t: Bench) -> Any:
    return t.c.put_item(TableName=T, Item=t.key(), ReturnValues="ALL_NEW")


@case(
    "delete returns ALL_OLD, and of nothing nothing",
    aws=[
        {
            "Attributes": {
                "pk": {"S": "delete-returns-all-old-and-of-nothing-nothing"},
                "sk": {"S": "a"},
                "x": {"N": "1"},
            }
        },
        {},
    ],
    why="DynamoDB Local adds a ConsumedCapacity that nobody asked for",
)
def _(t: Bench) -> Any:
    key = t.put(x=N(1))
    return [
        t.c.delete_item(TableName=T, Key=key, ReturnValues="ALL_OLD"),
        t.c.delete_item(TableName=T, Key=key, ReturnValues="ALL_OLD"),
    ]


@case("delete cannot return ALL_NEW")
def _(t: Bench) -> Any:
    return t.c.delete_item(TableName=T, Key=t.key(), ReturnValues="ALL_NEW")


@case("get of nothing")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.key())


@case("get projects, with placeholders, into maps and lists")
def _(t: Bench) -> Any:
    t.put(name=S("z"), x=N(1), m={"M": {"a": {"L": [N(1), N(2), N(3)]}, "b": N(2)}})
    return t.c.get_item(
        TableName=T,
        Key=t.key(),
        ProjectionExpression="#n, m.a[2], m.a[0], m.zz, nope.x",
        ExpressionAttributeNames={"#n": "name"},
    )


@case("get projects nothing that is there")
def _(t: Bench) -> Any:
    t.put(x=N(1))
    return t.c.get_item(TableName=T, Key=t.key(), ProjectionExpression="nope")


@case("overlapping projections")
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1)}})
    return t.c.get_item(TableName=T, Key=t.key(), ProjectionExpression="m, m.a")


@case("the same projection twice")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.put(a=N(1)), ProjectionExpression="a, a")


@case("reserved word in a projection")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.put(), ProjectionExpression="sk,name")


@case("syntax error in a projection")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.put(), ProjectionExpression="a,,b")


@case("empty projection")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.put(), ProjectionExpression="")


@case(
    "put without the sort key",
    error=invalid("One or more parameter values were invalid: Missing the key sk in the item"),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.put_item(TableName=T, Item={"pk": S("x")})


@case(
    "put with a key of the wrong type",
    error=invalid("One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.put_item(TableName=T, Item={"pk": N(1), "sk": S("a")})


@case("get with an extra attribute in the key", error=NO_MATCH, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key={**t.key(), "z": S("q")})


@case("get with half a key", error=NO_MATCH, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key={"pk": S("x")})


@case("get with a key of the wrong type", error=NO_MATCH, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key={"pk": S("x"), "sk": N(1)})


@case("delete with half a key", error=NO_MATCH, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.delete_item(TableName=T, Key={"pk": S("x")})


@case("get from a table that is not there", error=MISSING_TABLE, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.get_item(TableName="nope", Key=t.key())


@case("put into a table that is not there", error=MISSING_TABLE, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.put_item(TableName="nope", Item=t.key())


@case("capacity of puts and gets")
def _(t: Bench) -> Any:
    def units(answer: Any) -> Any:
        return answer["ConsumedCapacity"]["CapacityUnits"]

    total = {"ReturnConsumedCapacity": "TOTAL"}
    return [
        units(t.c.put_item(TableName=T, Item={**t.key(), "d": S("x" * 3000)}, **total)),
        units(t.c.get_item(TableName=T, Key=t.key(), **total)),
        units(t.c.get_item(TableName=T, Key=t.key(), ConsistentRead=True, **total)),
        units(t.c.get_item(TableName=T, Key=t.key("nope"), **total)),
        units(t.c.put_item(TableName=T, Item={**t.key(), "d": S("x")}, **total)),
        units(t.c.delete_item(TableName=T, Key=t.key(), **total)),
    ]


@case("capacity of index entries")
def _(t: Bench) -> Any:
    def units(**item: Any) -> Any:
        answer = t.c.put_item(TableName=T, Item={**t.key(), **item}, ReturnConsumedCapacity="INDEXES")
        told = answer["ConsumedCapacity"]
        return [told["CapacityUnits"], told["Table"]["CapacityUnits"], told.get("GlobalSecondaryIndexes")]

    return [
        units(x=N(1)),
        units(gpk=S(t.pk), gsk=N(1)),
        units(gpk=S(t.pk), gsk=N(1), x=N(2)),
        units(gpk=S(t.pk), gsk=N(2), x=N(2)),
    ]
