"""Conditions: what holds, what does not, and what is no condition."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, H, N, S, T, case, invalid

BOOL = {"BOOL": True}


def holds(name: str, condition: str, values: dict[str, Any], names: dict[str, str] | None = None) -> None:
    """A case that says whether a condition holds for one rich item."""

    @case(f"condition: {name}")
    def _(t: Bench) -> Any:
        t.put(
            l={"L": [N(1), N(2)]}, s={"SS": ["a", "b"]}, t=S("hello"), n=N(5), m={"M": {"x": {"L": [N(1), N(9)]}}},
            b={"B": b"\x01\x02\x03"}, ns={"NS": ["1", "2.50"]}, nul={"NULL": True}, flag=BOOL, u=S("grüße"), e=S(""),
        )  # fmt: skip
        more: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        return t.updated("SET ok=:ok", {":ok": BOOL, **values}, ConditionExpression=condition, **more)["ok"]


holds("size of a list", "size(l)=:2", {":2": N(2)})
holds("size of a string", "size(t)=:5", {":5": N(5)})
holds("size of a string counts letters", "size(u)=:5", {":5": N(5)})
holds("size of a string does not count bytes", "size(u)=:7", {":7": N(7)})
holds(
    "size of a binary, a map, a set", "size(b)=:3 AND size(m)=:1 AND size(s)=:2", {":3": N(3), ":1": N(1), ":2": N(2)}
)
holds("size of a number is none", "size(n)>:0", {":0": N(0)})
holds("contains in a set", "contains(s,:a)", {":a": S("a")})
holds("contains in a string", "contains(t,:a)", {":a": S("ell")})
holds("contains in a list", "contains(l,:a)", {":a": N("2.0")})
holds("contains in a number set", "contains(ns,:a)", {":a": N("2.5")})
holds("contains in a binary", "contains(b,:a)", {":a": {"B": b"\x02\x03"}})
holds("contains of another type", "contains(s,:a)", {":a": N(1)})
holds("begins_with", "begins_with(t,:h)", {":h": S("hel")})
holds("begins_with on a number attribute", "begins_with(n,:h)", {":h": S("5")})
holds("begins_with of a number value", "begins_with(t,:h)", {":h": N(5)})
holds("IN", "n IN (:5,:6)", {":5": N("5.0"), ":6": N(6)})
holds("BETWEEN includes its bounds", "n BETWEEN :5 AND :6", {":5": N(5), ":6": N(6)})
holds("BETWEEN on strings goes by bytes", "t BETWEEN :a AND :z", {":a": S("a"), ":z": S("z")})
holds("BETWEEN of unlike types", "n BETWEEN :a AND :z", {":a": S("a"), ":z": S("z")})
holds("BETWEEN reversed", "n BETWEEN :6 AND :5", {":5": N(5), ":6": N(6)})
holds("NOT", "NOT n=:7", {":7": N(7)})
holds("NOT binds closer than AND", "NOT n=:7 AND n=:5", {":7": N(7), ":5": N(5)})
holds("AND binds closer than OR", "n=:5 OR n=:6 AND t=:x", {":5": N(5), ":6": N(6), ":x": S("x")})
holds("brackets", "(n=:5 OR n=:6) AND t=:x", {":5": N(5), ":6": N(6), ":x": S("x")})
holds("redundant brackets", "((n=:5))", {":5": N(5)})
holds("brackets around one side", "((n=:5) AND (t=:h))", {":5": N(5), ":h": S("hello")})
holds(
    "keywords in small letters",
    "not n=:7 and (n=:5 or n=:7) and n between :5 and :7 and n in (:5)",
    {":5": N(5), ":7": N(7)},
)
holds("function names have a case", "Contains(s,:a)", {":a": S("a")})
holds("attribute_type", "attribute_type(l,:L) AND attribute_type(nul,:N)", {":L": S("L"), ":N": S("NULL")})
holds("attribute_type that does not exist", "attribute_type(l,:L)", {":L": S("X")})
holds("nested path", "m.x[1]=:9", {":9": N(9)})
holds("nested path through a placeholder", "#m.#x[1]=:9", {":9": N(9)}, {"#m": "m", "#x": "x"})
holds("path that leads nowhere", "attribute_not_exists(m.x[7]) AND attribute_not_exists(n.z)", {})
holds("equality of unlike types", "n=:s", {":s": S("5")})
holds("inequality of unlike types", "n<>:s", {":s": S("5")})
holds("order of unlike types", "n<:s", {":s": S("6")})
holds("order of booleans", "flag>:f", {":f": {"BOOL": False}})
holds("sets are equal in any order", "s=:s", {":s": {"SS": ["b", "a"]}})
holds("number sets are equal by value", "ns=:s", {":s": {"NS": ["2.5", "1.0"]}})
holds("maps are equal by content", "m=:m", {":m": {"M": {"x": {"L": [N("1.0"), N(9)]}}}})
holds("numbers are equal by value", "n=:n", {":n": N("5.00")})
holds("a missing attribute is not equal", "nope=:n", {":n": N(5)})
holds("a missing attribute is different", "nope<>:n", {":n": N(5)})
holds("a missing attribute is in no order", "nope<:n", {":n": N(5)})
holds("two attributes", "n>m.x[0]", {})
holds("two attributes, nothing unused", "n<>t", {})
holds("an attribute with itself", "n=n", {})
holds("a value with a value", ":a=:b", {":a": N(1), ":b": N(1)})
holds("an empty string begins every string", "begins_with(t,:e) AND e=:e", {":e": S("")})
holds("attribute_exists on a value", "attribute_exists(:a)", {":a": N(1)})
holds("too few operands", "contains(s)", {})
holds("too many operands", "attribute_exists(s,t)", {})
holds("size by itself", "size(s)", {})
holds("function as an operand", "n=contains(s,:a)", {":a": S("a")})
holds("a chain of comparisons", "n<:9<:8", {":9": N(9), ":8": N(8)})
holds("an unknown function", "length(t)=:5", {":5": N(5)})


@case("put if absent: the second put fails")
def _(t: Bench) -> Any:
    t.put_if("attribute_not_exists(pk)")
    return t.put_if("attribute_not_exists(pk)")


@case("put if absent tells the winner (ALL_OLD on failure)")
def _(t: Bench) -> Any:
    t.put(x=N(1))
    return t.put_if("attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")


@case("failed condition of an update tells the item")
def _(t: Bench) -> Any:
    t.put(x=N(1))
    return t.update("SET x=:a", {":a": N(2)}, ConditionExpression="x=:a", ReturnValuesOnConditionCheckFailure="ALL_OLD")


@case("failed condition of a delete tells the item")
def _(t: Bench) -> Any:
    return t.c.delete_item(
        TableName=T,
        Key=t.put(x=N(1)),
        ConditionExpression="x>:a",
        ExpressionAttributeValues={":a": N(2)},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


@case("failed condition on an item that is not there tells nothing")
def _(t: Bench) -> Any:
    return t.update(
        "SET x=:a",
        {":a": N(2)},
        ConditionExpression="attribute_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


@case("a gate: two-part condition with contains, ALL_NEW")
def _(t: Bench) -> Any:
    t.put(tat=N(100), rooms={"SS": ["general", "random"]})
    return t.update(
        "SET lastSeen=:now, tat=:new",
        {":now": N(150), ":new": N(160), ":r": S("general")},
        ConditionExpression="attribute_exists(pk) AND tat <= :now AND contains(rooms,:r)",
        ReturnValues="ALL_NEW",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


@case("a gate that is shut: not in the room")
def _(t: Bench) -> Any:
    t.put(tat=N(100), rooms={"SS": ["general", "random"]})
    return t.update(
        "SET lastSeen=:now",
        {":now": N(150), ":r": S("secret")},
        ConditionExpression="attribute_exists(pk) AND tat <= :now AND contains(rooms,:r)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def refused(
    name: str,
    condition: str,
    values: dict[str, Any] | None = None,
    *,
    aws: Any = None,
    counted: bool = False,
    **more: Any,
) -> None:
    @case(f"refused condition: {name}", error=aws, why=FULLER if aws else "", counted=counted)
    def _(t: Bench) -> Any:
        return t.put_if(condition, values, **more)


refused("undefined value", "a=:v")
refused("undefined name", "#a=:v", {":v": N(1)}, ExpressionAttributeNames={"#b": "b"})
refused("unused value", "attribute_not_exists(pk)", {":q": N(1)}, counted=True)
refused("unused name", "attribute_not_exists(pk)", counted=True, ExpressionAttributeNames={"#q": "q"})
refused("double equals", "a==:v", {":v": N(1)})
refused("double equals with spaces", "a = = :v", {":v": N(1)})
refused("no operand at the end", "a =", {})
refused("bad character", "a = ?", {})
refused("bad character in the middle", "a & b", {})
refused("empty", "", counted=True)
refused("two words", "a b", {})
refused("closing bracket missing", "(a=:v", {":v": N(1)})
refused("reserved word", "status=:v", {":v": N(1)})
refused("reserved word in a function", "attribute_not_exists(name)")
refused("reserved word, nested", "a.name=:v", {":v": N(1)})
refused("value without a colon", "a=:v", {"v": N(1)})
refused("name without a hash", "a=:v", {":v": N(1)}, ExpressionAttributeNames={"a": "b"})
refused("longer than 4 KB", " OR ".join(f"attribute_not_exists(aaaaaaaaaaaaaaaa{i:03})" for i in range(110)))
refused("IN with 101 values", f"n IN ({','.join(f':v{i}' for i in range(101))})", {f":v{i}": N(i) for i in range(101)})
refused("order of a set value", "n < :s", {":s": {"SS": ["a"]}})
refused(
    "a bad number value", "n = :s", {":s": N("x")},
    aws=invalid(
        "ExpressionAttributeValues contains invalid value: "
        "The parameter cannot be converted to a numeric value: x for key :s"
    ),
)  # fmt: skip
refused(
    "an empty set value", "n = :s", {":s": {"SS": []}},
    aws=invalid(
        "1 validation error detected: "
        "One or more parameter values were invalid: An string set  may not be empty"
    ),
)  # fmt: skip


@case("no values at all is not the same as none", counted=True)
def _(t: Bench) -> Any:
    return t.c.put_item(
        TableName=T, Item=t.key(), ConditionExpression="attribute_not_exists(pk)", ExpressionAttributeValues={}
    )


@case("values without an expression")
def _(t: Bench) -> Any:
    return t.c.put_item(TableName=T, Item=t.key(), ExpressionAttributeValues={":v": N(1)})


@case("names without an expression")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key=t.key(), ExpressionAttributeNames={"#v": "v"})


@case("a scan finds by begins_with on a key and by order")
def _(t: Bench) -> Any:
    for i in range(4):
        t.c.put_item(TableName=H, Item={"id": S(f"{t.pk}#{i}"), "lastSeen": N(i * 10)})
    return t.c.scan(
        TableName=H,
        FilterExpression="begins_with(id,:c) AND lastSeen < :t",
        ExpressionAttributeValues={":c": S(t.pk), ":t": N(15)},
    )["Count"]
