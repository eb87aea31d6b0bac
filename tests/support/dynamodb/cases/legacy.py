"""The parameters from before there were expressions (guide, LegacyConditionalParameters)."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import Bench, N, S, T, case, plain


def c(operator: str, *values: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


EXPECTED: dict[str, dict[str, Any]] = {
    "that it is not there": {"n": {"Exists": False}},
    "that nothing is there": {"zz": {"Exists": False}},
    "a value": {"n": {"Value": N(5)}},
    "another value": {"n": {"Value": N(6)}},
    "Exists true": {"n": {"Value": N(5), "Exists": True}},
    **{f"n {o}": {"n": c(o, N(4))} for o in ("EQ", "NE", "LT", "LE", "GT", "GE")},
    **{f"missing {o}": {"zz": c(o, N(4))} for o in ("EQ", "NE", "LT", "CONTAINS", "NOT_CONTAINS")},
    "BETWEEN": {"n": c("BETWEEN", N(4), N(6))},
    "IN": {"n": c("IN", N(4), N(5))},
    "BEGINS_WITH": {"t": c("BEGINS_WITH", S("he"))},
    "BEGINS_WITH of bytes": {"b": c("BEGINS_WITH", {"B": b"\x01"})},
    "CONTAINS": {"s": c("CONTAINS", S("x"))},
    "NOT_CONTAINS": {"s": c("NOT_CONTAINS", S("y"))},
    "NULL": {"n": {"ComparisonOperator": "NULL"}},
    "NOT_NULL": {"n": {"ComparisonOperator": "NOT_NULL"}},
    "EQ of bytes": {"b": c("EQ", {"B": b"\x01\x02"})},
    "EQ of a map": {"m": c("EQ", {"M": {"c": N(1)}})},
    "two": {"n": c("EQ", N(5)), "t": c("EQ", S("hello"))},
    "Value and AttributeValueList": {"n": {"Value": N(5), "AttributeValueList": [N(5)]}},
    "Exists and ComparisonOperator": {"n": {"Exists": True, "ComparisonOperator": "EQ", "Value": N(5)}},
    "no value": {"n": {"ComparisonOperator": "EQ"}},
    "no operator": {"n": {"AttributeValueList": [N(5)]}},
    "nothing": {"n": {}},
    "Exists without a value": {"n": {"Exists": True}},
    "a value that is not there": {"n": {"Exists": False, "Value": N(5)}},
    "two values for one": {"n": c("EQ", N(5), N(6))},
    "a prefix of a number": {"n": c("BEGINS_WITH", N(5))},
    "bounds the wrong way round": {"n": c("BETWEEN", N(6), N(4))},
    "choices of two types": {"n": c("IN", N(5), S("a"))},
    "order of a set": {"s": c("LT", {"SS": ["a"]})},
    "a value for NULL": {"n": c("NULL", N(5))},
}


def _expected(name: str, condition: dict[str, Any]) -> None:
    @case(f"Expected, {name}")
    def _(t: Bench) -> Any:
        t.put(n=N(5), t=S("hello"), s={"SS": ["x"]}, b={"B": b"\x01\x02"}, m={"M": {"c": N(1)}})
        t.c.delete_item(TableName=T, Key=t.key(), Expected=condition)
        return [t.get()]


for _name, _condition in EXPECTED.items():
    _expected(_name, _condition)


@case("ConditionalOperator OR")
def _(t: Bench) -> Any:
    t.put(n=N(5))
    either = {"n": c("EQ", N(9)), "zz": {"Exists": False}}
    t.c.put_item(TableName=T, Item={**t.key(), "n": N(6)}, Expected=either, ConditionalOperator="OR")
    both = t.failed(lambda: t.c.put_item(TableName=T, Item=t.key(), Expected=either))
    alone = t.failed(lambda: t.c.put_item(TableName=T, Item=t.key(), ConditionalOperator="OR"))
    one = {"n": c("EQ", N(6))}
    single = t.failed(lambda: t.c.put_item(TableName=T, Item=t.key(), Expected=one, ConditionalOperator="OR"))
    return [t.get(), both, alone, single]


UPDATES: dict[str, dict[str, Any]] = {
    "PUT": {"n": {"Value": N(9), "Action": "PUT"}},
    "no action": {"n": {"Value": N(9)}},
    "ADD": {"n": {"Value": N(2), "Action": "ADD"}},
    "ADD to nothing": {"zz": {"Value": N(2), "Action": "ADD"}},
    "ADD to a set": {"s": {"Value": {"SS": ["y"]}, "Action": "ADD"}},
    "ADD to a list": {"l": {"Value": {"L": [N(2)]}, "Action": "ADD"}},
    "ADD a text": {"t": {"Value": S("x"), "Action": "ADD"}},
    "DELETE": {"n": {"Action": "DELETE"}},
    "DELETE from a set": {"s": {"Value": {"SS": ["x"]}, "Action": "DELETE"}},
    "DELETE a text": {"t": {"Value": S("x"), "Action": "DELETE"}},
    "PUT without a value": {"n": {"Action": "PUT"}},
    "a name with a dot": {"a.b": {"Value": N(1)}},
    "a reserved word": {"name": {"Value": S("x")}},
    "bytes": {"b": {"Value": {"B": b"\x01\xff"}}},
    "a key": {"pk": {"Value": S("x")}},
    "ADD of unlike types": {"t": {"Value": N(1), "Action": "ADD"}},
}


def _updates(name: str, updates: dict[str, Any]) -> None:
    @case(f"AttributeUpdates, {name}")
    def _(t: Bench) -> Any:
        t.put(n=N(5), t=S("hello"), s={"SS": ["x", "z"]}, l={"L": [N(1)]})
        answer = t.c.update_item(TableName=T, Key=t.key(), AttributeUpdates=updates, ReturnValues="UPDATED_NEW")
        return [answer.get("Attributes"), t.get()]


for _name, _change in UPDATES.items():
    _updates(_name, _change)


@case("AttributeUpdates beside an UpdateExpression")
def _(t: Bench) -> Any:
    return t.update("REMOVE a", AttributeUpdates={"n": {"Value": N(1)}})


@case("AttributeUpdates on a condition")
def _(t: Bench) -> Any:
    t.put(n=N(5))
    change: Any = {"n": {"Value": N(6)}}
    expected = {"n": {"Value": N(7)}}
    return t.c.update_item(TableName=T, Key=t.key(), AttributeUpdates=change, Expected=expected)


KEYS: dict[str, dict[str, Any]] = {
    "the partition": {},
    **{f"sk {o}": {"sk": c(o, S("001"))} for o in ("EQ", "LT", "LE", "GT", "GE", "BEGINS_WITH", "NE", "CONTAINS")},
    "BETWEEN": {"sk": c("BETWEEN", S("000"), S("001"))},
    "another attribute": {"n": c("EQ", N(1))},
    "of another type": {"sk": c("EQ", N(1))},
}


FAULT = "DynamoDB Local answers InternalFailure; the comparison is no indexable operation"


def _keys(name: str, conditions: dict[str, Any]) -> None:
    error = ("ValidationException", "") if name == "sk NE" else None

    @case(f"KeyConditions, {name}", code_only=True, error=error, why=FAULT if error else "")
    def _(t: Bench) -> Any:
        t.fill(3)
        found = t.c.query(TableName=T, KeyConditions={"pk": c("EQ", S(t.pk)), **conditions})
        return [item["sk"]["S"] for item in found["Items"]]


for _name, _condition in KEYS.items():
    _keys(_name, _condition)


@case("QueryFilter, and pages of a query with it")
def _(t: Bench) -> Any:
    t.fill(5)
    keys = {"pk": c("EQ", S(t.pk))}
    odd = {"n": c("GE", N(3))}
    page = t.c.query(TableName=T, KeyConditions=keys, QueryFilter=odd, Limit=4, AttributesToGet=["n"])
    rest = t.c.query(TableName=T, KeyConditions=keys, ExclusiveStartKey=page["LastEvaluatedKey"], ScanIndexForward=True)
    return [plain(page), rest["Count"]]


@case("QueryFilter on a key")
def _(t: Bench) -> Any:
    return t.c.query(TableName=T, KeyConditions={"pk": c("EQ", S(t.pk))}, QueryFilter={"sk": c("EQ", S("a"))})


@case("ScanFilter")
def _(t: Bench) -> Any:
    t.fill(3)
    mine = {"pk": c("EQ", S(t.pk)), "n": c("NE", N(1))}
    either = t.c.scan(TableName=T, ScanFilter={"pk": c("EQ", S(t.pk)), "zz": c("EQ", N(1))}, ConditionalOperator="OR")
    both = t.c.scan(TableName=T, ScanFilter=mine)
    return [sorted(item["sk"]["S"] for item in answer["Items"]) for answer in (both, either)]


@case("AttributesToGet in all reads")
def _(t: Bench) -> Any:
    t.put(n=N(1), name=S("x"))
    names = ["name", "zz"]
    batch = t.c.batch_get_item(RequestItems={T: {"Keys": [t.key()], "AttributesToGet": names}})
    return [
        plain(t.c.get_item(TableName=T, Key=t.key(), AttributesToGet=names)["Item"]),
        plain(t.c.query(TableName=T, KeyConditions={"pk": c("EQ", S(t.pk))}, AttributesToGet=names)["Items"]),
        plain(batch["Responses"]),
        t.failed(lambda: t.c.get_item(TableName=T, Key=t.key(), AttributesToGet=["n", "n"]))["error"],
        t.failed(lambda: t.c.get_item(TableName=T, Key=t.key(), AttributesToGet=["n"], ProjectionExpression="n")),
    ]
