"""Updates: what they do, what they return, and what they refuse."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, N, S, T, case, invalid

NESTED = "API reference, UpdateItem, ReturnValues: only the updated attributes; DynamoDB Local returns the whole root"


@case("SET n=if_not_exists(n,:0)+:1 twice")
def _(t: Bench) -> Any:
    t.put()
    t.update("SET n=if_not_exists(n,:0)+:1", {":0": N(0), ":1": N(1)})
    return t.updated("SET n=if_not_exists(n,:0)+:1", {":0": N(0), ":1": N(1)})


@case("list_append to a list that may be missing")
def _(t: Bench) -> Any:
    t.put()
    for i in (1, 2):
        t.update("SET l=list_append(if_not_exists(l,:e),:v)", {":e": {"L": []}, ":v": {"L": [N(i)]}})
    return t.updated("SET l=list_append(:v,l)", {":v": {"L": [N(0)]}})


@case("list_append of no list")
def _(t: Bench) -> Any:
    t.put(l=N(1))
    return t.update("SET l=list_append(l,:v)", {":v": {"L": [N(1)]}})


@case("list_append of a value that is no list")
def _(t: Bench) -> Any:
    t.put(l={"L": []})
    return t.update("SET l=list_append(l,:v)", {":v": N(1)})


@case("ADD to a missing number, decimals exact")
def _(t: Bench) -> Any:
    t.put()
    t.update("ADD n :a", {":a": N("0.1")})
    return t.updated("ADD n :a", {":a": N("0.2")})


@case("ADD keeps 38 digits")
def _(t: Bench) -> Any:
    t.put(n=N("12345678901234567890123456789012345678"))
    return t.updated("ADD n :1", {":1": N(1)})


@case(
    "ADD beyond 38 digits",
    error=("ValidationException", "Attempting to store more than 38 significant digits in a Number"),
    why=FULLER,
)
def _(t: Bench) -> Any:
    t.put(n=N("9" * 38))
    return t.update("ADD n :1", {":1": N("0.1")})


@case("ADD a number to a string")
def _(t: Bench) -> Any:
    t.put(n=S("x"))
    return t.update("ADD n :a", {":a": N(1)})


@case("ADD a string")
def _(t: Bench) -> Any:
    t.put()
    return t.update("ADD n :a", {":a": S("x")})


@case("DELETE a string")
def _(t: Bench) -> Any:
    t.put()
    return t.update("DELETE n :a", {":a": S("x")})


@case("DELETE of members of another type")
def _(t: Bench) -> Any:
    t.put(s={"SS": ["a"]})
    return t.update("DELETE s :a", {":a": {"NS": ["1"]}})


@case("a failed update leaves nothing of itself behind")
def _(t: Bench) -> Any:
    t.put(a=S("old"), n=S("x"))
    failed = t.failed(lambda: t.update("SET a=:new ADD n :a", {":a": N(1), ":new": S("NEW")}))
    return [failed["error"], t.get()]


@case("ADD and DELETE on a set; an emptied set disappears")
def _(t: Bench) -> Any:
    t.put()
    t.update("ADD s :s", {":s": {"SS": ["a", "b"]}})
    t.update("ADD s :s", {":s": {"SS": ["b", "c"]}})
    before = t.get()
    t.update("DELETE s :s", {":s": {"SS": ["a", "c", "zz"]}})
    return [before, t.get(), t.updated("DELETE s :s", {":s": {"SS": ["b"]}})]


@case("ADD to a number set by value")
def _(t: Bench) -> Any:
    t.put(s={"NS": ["1", "2"]})
    return t.updated("ADD s :s", {":s": {"NS": ["2.0", "3"]}})


@case("ADD inside a map: reactions")
def _(t: Bench) -> Any:
    t.put(rx={"M": {}})
    more = {"ExpressionAttributeNames": {"#e": "👍"}}
    t.update("ADD rx.#e :me", {":me": {"SS": ["ana"]}}, **more)
    again = t.failed(
        lambda: t.update(
            "ADD rx.#e :me",
            {":me": {"SS": ["ana"]}, ":a": S("ana")},
            ConditionExpression="NOT contains(rx.#e,:a)",
            **more,
        )
    )
    return [again["error"], t.updated("ADD rx.#e :me", {":me": {"SS": ["bo"]}}, **more)]


@case("SET into a map by a placeholder, if_not_exists beside it")
def _(t: Bench) -> Any:
    t.put(rooms={"M": {}})
    more = {"ExpressionAttributeNames": {"#r": "dm:a:b"}}
    t.update("SET rooms.#r = if_not_exists(rooms.#r, :m)", {":m": {"M": {"s": N(1)}}}, **more)
    t.update("SET rooms.#r = if_not_exists(rooms.#r, :m)", {":m": {"M": {"s": N(9)}}}, **more)
    return t.updated("SET rooms.#r.n = :n", {":n": N(4)}, ConditionExpression="rooms.#r.s < :n", **more)


@case("REMOVE and SET of list elements")
def _(t: Bench) -> Any:
    t.put(l={"L": [N(1), N(2), N(3)]})
    return t.updated("REMOVE l[0] SET l[10]=:v", {":v": N(9)})


@case("REMOVE of several elements means the list as it was")
def _(t: Bench) -> Any:
    t.put(l={"L": [N(i) for i in range(5)]})
    return t.updated("REMOVE l[0], l[2], l[9]")


@case("SET of several elements beyond the end")
def _(t: Bench) -> Any:
    t.put(l={"L": [N(0)]})
    return t.updated("SET l[5]=:a, l[3]=:b", {":a": N(5), ":b": N(3)})


@case("REMOVE of nested attributes, one missing")
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1), "b": N(2)}})
    return t.updated("REMOVE m.a, m.zz, q")


@case("REMOVE below a missing attribute")
def _(t: Bench) -> Any:
    t.put()
    return t.update("REMOVE m.a")


@case("SET into a missing map")
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET m.a=:v", {":v": N(9)})


@case("SET into a number")
def _(t: Bench) -> Any:
    t.put(m=N(1))
    return t.update("SET m.a=:v", {":v": N(9)})


@case("SET an element of a map")
def _(t: Bench) -> Any:
    t.put(m={"M": {}})
    return t.update("SET m[0]=:v", {":v": N(9)})


@case("overlapping paths", counted=True)
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1)}})
    return t.update("SET m.a=:v, m=:w", {":v": N(9), ":w": {"M": {}}})


@case("conflicting paths", counted=True)
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1)}})
    return t.update("SET m.a=:v, m[0]=:v", {":v": N(9)})


@case("the same path twice", counted=True)
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET a=:v, a=:w", {":v": N(9), ":w": N(1)})


@case("the same path in two sections, one behind a placeholder", counted=True)
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET a=:v REMOVE #a", {":v": N(9)}, ExpressionAttributeNames={"#a": "a"})


@case("a section twice", counted=True)
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET a=:v SET b=:v", {":v": N(9)})


@case("SET from a missing attribute")
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET a=b")


@case("subtraction from a missing attribute")
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET n=n-:1", {":1": N(1)})


@case("arithmetic with a string attribute")
def _(t: Bench) -> Any:
    t.put(n=S("x"))
    return t.update("SET n=n+:1", {":1": N(1)})


@case("arithmetic with a string value")
def _(t: Bench) -> Any:
    t.put(n=N(1))
    return t.update("SET n=n+:1", {":1": S("x")})


@case("sum of three")
def _(t: Bench) -> Any:
    t.put(n=N(1))
    return t.update("SET n=n+:1+:1", {":1": N(1)})


@case("a swap uses the old values")
def _(t: Bench) -> Any:
    t.put(a=N(1), b=N(2))
    return t.updated("SET a=b, b=a")


@case("difference of two attributes")
def _(t: Bench) -> Any:
    t.put(a=N("1.5"), b=N("2.25"))
    return t.updated("SET c=a-b")


@case("an update cannot touch the key")
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET sk=:v", {":v": S("z")})


@case("UPDATED_NEW tells what was named, changed or not")
def _(t: Bench) -> Any:
    t.put(a=N(1), b=N(2))
    return t.update("SET a=:v", {":v": N(1)}, ReturnValues="UPDATED_NEW")


@case("UPDATED_OLD tells what was named, when it was there")
def _(t: Bench) -> Any:
    t.put(a=N(1), b=N(2))
    return t.update("SET a=:v, c=:v REMOVE b", {":v": N(7)}, ReturnValues="UPDATED_OLD")


@case("UPDATED_NEW of removed attributes")
def _(t: Bench) -> Any:
    t.put(a=N(1), b=N(2))
    return t.update("REMOVE a", ReturnValues="UPDATED_NEW")


@case("UPDATED_NEW of a nested path", aws={"Attributes": {"m": {"M": {"a": {"N": "7"}}}}}, why=NESTED)
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1), "b": N(2)}})
    return t.update("SET m.a=:v", {":v": N(7)}, ReturnValues="UPDATED_NEW")


@case("UPDATED_OLD of a nested path", aws={"Attributes": {"m": {"M": {"a": {"N": "1"}}}}}, why=NESTED)
def _(t: Bench) -> Any:
    t.put(m={"M": {"a": N(1), "b": N(2)}})
    return t.update("SET m.a=:v", {":v": N(7)}, ReturnValues="UPDATED_OLD")


@case("ALL_NEW, ALL_OLD and NONE")
def _(t: Bench) -> Any:
    t.put(a=N(1))
    return [t.update("SET a=:v", {":v": N(i)}, ReturnValues=rv) for i, rv in enumerate(("ALL_NEW", "ALL_OLD", "NONE"))]


@case("ALL_OLD of an item that was not there")
def _(t: Bench) -> Any:
    return t.update("SET a=:v", {":v": N(1)}, ReturnValues="ALL_OLD")


@case("an update creates the item")
def _(t: Bench) -> Any:
    return t.updated("SET a=:v ADD n :v", {":v": N(1)})


@case("an update without an expression creates the item")
def _(t: Bench) -> Any:
    t.update(None)
    return t.get()


NO_GHOST = "guide, UpdateItem: there is nothing to take away, and no item is made; DynamoDB Local makes one of the key"


@case("REMOVE on an item that is not there makes none", aws=[None], why=NO_GHOST)
def _(t: Bench) -> Any:
    return [t.updated("REMOVE a")]


@case("REMOVE of a nested path on an item that is not there", aws=[None], why=NO_GHOST)
def _(t: Bench) -> Any:
    return [t.updated("REMOVE a.b, c[0]")]


@case("DELETE from a set on an item that is not there makes none", aws=[{}, None], why=NO_GHOST)
def _(t: Bench) -> Any:
    return [t.update("DELETE s :s", {":s": {"SS": ["a"]}}, ReturnValues="ALL_NEW"), t.get()]


@case("REMOVE beside SET on an item that is not there")
def _(t: Bench) -> Any:
    return [t.updated("SET b = :b REMOVE a", {":b": N(1)})]


@case("an update past 400 KB")
def _(t: Bench) -> Any:
    t.put(d=S("x" * 300_000))
    return t.update("SET e=:v", {":v": S("y" * 150_000)})


@case(
    "an update gives an index key the wrong type",
    error=(
        "ValidationException",
        "One or more parameter values were invalid: "
        "Type mismatch for Index Key gsk Expected: N Actual: S IndexName: gix",
    ),
    why="AWS checks index keys on every write (guide, GSI); DynamoDB Local lets this one through",
)
def _(t: Bench) -> Any:
    t.put()
    return t.update("SET gsk=:s", {":s": S("x")})


def refused(
    name: str,
    expression: str,
    values: dict[str, Any] | None = None,
    *,
    aws: Any = None,
    counted: bool = False,
    **more: Any,
) -> None:
    @case(f"refused update: {name}", error=aws, why=FULLER if aws else "", counted=counted)
    def _(t: Bench) -> Any:
        t.put(a=N(1))
        return t.update(expression, values, **more)


refused("unused value", "SET a=:v", {":v": N(9), ":w": N(1)}, counted=True)
refused("unused name", "SET a=:v", {":v": N(9)}, counted=True, ExpressionAttributeNames={"#z": "z"})
refused("undefined value", "SET a=:v, b=:zz", {":v": N(9)})
refused("undefined name", "SET a=:v, #b=:v", {":v": N(9)})
refused("reserved word", "SET status=:v", {":v": N(9)})
refused("reserved word ttl", "SET ttl=:v", {":v": N(9)})
refused("empty", "", {":v": N(9)}, counted=True)
refused("no section", "a=:v", {":v": N(9)})
refused("comma at the end", "SET a=:v,", {":v": N(9)})
refused("two sets without a comma", "SET a=:v b=:v", {":v": N(9)})
refused("an unknown function", "SET a=max(a,:v)", {":v": N(9)})
refused("if_not_exists of a value", "SET a=if_not_exists(:v,:v)", {":v": N(9)})
refused("if_not_exists with three operands", "SET a=if_not_exists(a,:v,:v)", {":v": N(9)})
refused("ADD without a value", "ADD a b", {})
refused(
    "a bad number", "SET a=:v", {":v": N("x")},
    aws=invalid(
        "ExpressionAttributeValues contains invalid value: "
        "The parameter cannot be converted to a numeric value: x for key :v"
    ),
)  # fmt: skip
refused(
    "unknown ReturnValues", "SET a=:v", {":v": N(1)}, ReturnValues="ALL",
    aws=invalid(
        "1 validation error detected: Value 'ALL' at 'returnValues' failed to satisfy constraint: Member must satisfy "
        "enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
    ),
)  # fmt: skip


@case(
    "an update with only part of the key",
    error=invalid("The provided key element does not match the schema"),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.update_item(
        TableName=T, Key={"pk": S("x")}, UpdateExpression="SET a=:v", ExpressionAttributeValues={":v": N(1)}
    )
