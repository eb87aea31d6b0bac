"""Query and Scan: what they find, in which order, on which pages."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, H, L, N, S, T, case, invalid


@case("pages of 5 over 12 items")
def _(t: Bench) -> Any:
    t.fill(12)
    return t.pages(Limit=5)


@case("a last page that is exactly full is followed by an empty one")
def _(t: Bench) -> Any:
    t.fill(8)
    return t.pages(Limit=4)


@case("pages backwards")
def _(t: Bench) -> Any:
    t.fill(7)
    return t.pages(Limit=3, ScanIndexForward=False)


@case("pages through an index with equal sort keys miss nothing and repeat nothing")
def _(t: Bench) -> Any:
    t.fill(12)
    forward = [sk for page in t.pages("gpk=:p", IndexName="gix", Limit=3) for sk in page]
    backward = [sk for page in t.pages("gpk=:p", IndexName="gix", Limit=3, ScanIndexForward=False) for sk in page]
    return [sorted(forward) == sorted(set(forward)), len(forward), len(set(backward)), len(backward)]


@case("the last key of an index page has both keys")
def _(t: Bench) -> Any:
    t.fill(4)
    return sorted(t.query("gpk=:p", IndexName="gix", Limit=2)["LastEvaluatedKey"])


@case("an index without a sort key, keys only, in pages")
def _(t: Bench) -> Any:
    for i in range(6):
        t.c.put_item(TableName=H, Item={"id": S(t.pk + str(i)), "room": S(t.pk), "x": N(i)})
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = t.query("room=:p", TableName=H, IndexName="byRoom", Limit=2, **more)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return [len({i["id"]["S"] for i in found}), len(found), sorted({name for i in found for name in i})]
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@case("filter: counts and last key")
def _(t: Bench) -> Any:
    t.fill(10)
    page = t.query("pk=:p", {":n": N(7)}, FilterExpression="n>:n", Limit=5)
    return [page["Count"], page["ScannedCount"], "LastEvaluatedKey" in page, page["Items"]]


@case("a page ends at 1 MB")
def _(t: Bench) -> Any:
    for i in range(15):
        t.put(f"{i:03}", d=S("x" * 100_000))
    return [len(page) for page in t.pages()]


@case("a page ends at 1 MB, projected or counted")
def _(t: Bench) -> Any:
    for i in range(12):
        t.put(f"{i:03}", d=S("ü" * 50_000))
    projected = [len(page) for page in t.pages(ProjectionExpression="sk")]
    return [projected, t.query(Select="COUNT")["Count"]]


@case("key conditions")
def _(t: Bench) -> Any:
    for sk in ("a#1", "a#2", "b#1", "c#1"):
        t.put(sk)
    return [
        t.sks("pk = :p AND begins_with(sk, :a)", {":a": S("a#")}),
        t.sks("pk=:p and sk BETWEEN :a AND :b", {":a": S("a#2"), ":b": S("b#9")}),
        t.sks("(pk=:p) AND (sk>=:a)", {":a": S("b#1")}),
        t.sks("sk<:a AND pk=:p", {":a": S("b#1")}),
        t.sks("pk=:p AND sk=:a", {":a": S("b#1")}),
        t.sks("pk=:p AND sk<=:a", {":a": S("a#2")}, ScanIndexForward=False),
        t.sks("pk=:p AND sk>:a", {":a": S("c#1")}),
        t.sks(":p=pk AND :a<sk", {":a": S("a#2")}),
    ]


@case("number sort keys sort by value")
def _(t: Bench) -> Any:
    for n in ("10", "9", "-1", "-20", "0", "1.5", "1e2", "0.001", "-0.5", "123456789012345678901234567890"):
        t.c.put_item(TableName=L, Item={"pk": S(t.pk), "sk": N(n)})
    return [item["sk"]["N"] for item in t.query(TableName=L)["Items"]]


@case("string sort keys sort by UTF-8 bytes")
def _(t: Bench) -> Any:
    for sk in ("b", "B", "a", "ä", "", "😀", "aa", "~"):
        if sk:
            t.put(sk)
    return t.sks()


@case("a number key is found under every spelling")
def _(t: Bench) -> Any:
    t.put(gpk=S(t.pk), gsk=N("1.0"))
    return t.query("gpk=:p AND gsk=:n", {":n": N("01")}, IndexName="gix")["Count"]


@case("slot append: the tail of a log, strong, from where one stands")
def _(t: Bench) -> Any:
    for i in range(5):
        t.c.put_item(TableName=L, Item={"pk": S(t.pk), "sk": N(i), "text": S("x")})
    found = t.query("pk=:p AND sk >= :s", {":s": N(3)}, TableName=L, ConsistentRead=True, Limit=101)
    newest = t.query(TableName=L, ConsistentRead=True, ScanIndexForward=False, Limit=1)
    return [found["Count"], "LastEvaluatedKey" in found, newest["Items"][0]["sk"], newest["LastEvaluatedKey"]]


@case("a local index shows what it includes")
def _(t: Bench) -> Any:
    for i in range(3):
        t.c.put_item(TableName=L, Item={"pk": S(t.pk), "sk": N(i), "at": N(10 - i), "title": S("t"), "body": S("b")})
    t.c.put_item(TableName=L, Item={"pk": S(t.pk), "sk": N(9), "title": S("not indexed")})
    by = {"TableName": L, "IndexName": "lix"}
    return [t.query(**by)["Items"], t.query(ConsistentRead=True, Select="ALL_ATTRIBUTES", Limit=1, **by)["Items"]]


@case("an item without the index's sort key is not in the index")
def _(t: Bench) -> Any:
    t.put(gpk=S(t.pk))
    return t.query("gpk=:p", IndexName="gix")["Count"]


@case("an item leaves and changes its place in an index")
def _(t: Bench) -> Any:
    t.put(gpk=S(t.pk), gsk=N(1))
    t.update("SET gsk=:n", {":n": N(5)})
    moved = t.query("gpk=:p AND gsk>:n", {":n": N(1)}, IndexName="gix")["Count"]
    t.update("REMOVE gpk")
    return [moved, t.query("gpk=:p", IndexName="gix")["Count"]]


@case("projection of nested paths and of what is missing")
def _(t: Bench) -> Any:
    t.put(a={"M": {"b": N(1), "c": N(2)}}, l={"L": [N(7), N(8)]})
    t.put("b", a=N(1))
    return t.query(ProjectionExpression="a.b,l[0],zz")["Items"]


@case("Select COUNT gives no items")
def _(t: Bench) -> Any:
    t.fill(3)
    page = t.query(Select="COUNT")
    return [page["Count"], "Items" in page]


@case("Select COUNT with a projection", counted=True)
def _(t: Bench) -> Any:
    return t.query(Select="COUNT", ProjectionExpression="a")


@case(
    "Select that does not exist",
    error=invalid(
        "1 validation error detected: Value 'EVERYTHING' at 'select' failed to satisfy constraint: Member must satisfy "
        "enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.query(Select="EVERYTHING")["Count"]


@case("Select ALL_PROJECTED_ATTRIBUTES without an index", counted=True)
def _(t: Bench) -> Any:
    return t.query(Select="ALL_PROJECTED_ATTRIBUTES")["Count"]


@case(
    "capacity of queries",
    aws=[1.5, 3.0, 0.5, 0.5],
    why="guide, CapacityUnitCalculations: a query that finds nothing costs the least; DynamoDB Local says nothing",
)
def _(t: Bench) -> Any:
    t.fill(10, d=S("x" * 1000))
    total = {"ReturnConsumedCapacity": "TOTAL"}
    return [
        t.query(**total)["ConsumedCapacity"]["CapacityUnits"],
        t.query(ConsistentRead=True, **total)["ConsumedCapacity"]["CapacityUnits"],
        t.query(Limit=1, **total)["ConsumedCapacity"]["CapacityUnits"],
        t.query("pk=:p AND sk=:s", {":s": S("zzz")}, **total)["ConsumedCapacity"]["CapacityUnits"],
    ]


@case(
    "a segment beyond its total",
    error=invalid(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
        "Segment: 3 is not less than TotalSegments: 3"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.scan(TableName=T, Segment=3, TotalSegments=3)


def refused(name: str, condition: str, values: dict[str, Any] | None = None, *, aws: Any = None, **more: Any) -> None:
    @case(f"refused query: {name}", error=aws, why=FULLER if aws else "")
    def _(t: Bench) -> Any:
        return t.query(condition, values, **more)["Count"]


MISSED = "Query condition missed key schema element: {}"
refused("begins_with on a number key", "gpk=:p AND begins_with(gsk,:n)", {":n": N(1)}, IndexName="gix")
refused("without the partition key", "sk=:s", {":s": S("x")}, aws=invalid(MISSED.format("pk")))
refused("a range of partition keys", "pk>:p")
refused("unequal partition key", "pk<>:p")
refused("a non-key attribute", "pk=:p AND n=:n", {":n": N(1)}, aws=invalid(MISSED.format("sk")))
refused("OR", "pk=:p OR pk=:q", {":q": S("y")})
refused("NOT", "NOT pk=:p")
refused("IN", "pk IN (:p)")
refused("a function for conditions", "pk=:p AND contains(sk,:q)", {":q": S("y")})
refused("three conditions", "pk=:p AND sk>:a AND sk<:b", {":a": S("a"), ":b": S("b")})
refused("a path into the key", "pk=:p AND sk.a=:a", {":a": S("a")})
refused("wrong type of value", "pk=:n", {":n": N(1)})
refused("wrong type of value for the sort key", "pk=:p AND sk=:n", {":n": N(1)})
refused("empty value for a key", "pk=:e", {":e": S("")})
refused("filter on a key", "pk=:p", {":s": S("y")}, FilterExpression="sk=:s")
refused("reserved word in a filter", "pk=:p", {":u": S("y")}, FilterExpression="user=:u")
refused("BETWEEN reversed", "pk=:p AND sk BETWEEN :b AND :a", {":a": S("a"), ":b": S("b")})
refused("unused value", "pk=:p", {":q": N(1)})
refused("syntax error", "pk=:p AND")
refused("unknown index", "gpk=:p", IndexName="nope")
refused(
    "consistent read on a global index", "gpk=:p", IndexName="gix", ConsistentRead=True,
    aws=invalid("Consistent reads are not supported on global secondary indexes"),
)  # fmt: skip
refused(
    "half a start key", "pk=:p", ExclusiveStartKey={"pk": S("x")}, aws=invalid("The provided starting key is invalid")
)
refused(
    "start key of another type", "pk=:p", ExclusiveStartKey={"pk": S("x"), "sk": N(1)},
    aws=invalid("The provided starting key is invalid: The provided key element does not match the schema"),
)  # fmt: skip
refused(
    "start key of another partition", "pk=:p", ExclusiveStartKey={"pk": S("x"), "sk": S("a")},
    aws=invalid("The provided starting key is outside query boundaries based on provided conditions"),
)  # fmt: skip


@case("no key condition at all")
def _(t: Bench) -> Any:
    return t.c.query(TableName=T)["Count"]


@case("parallel segments find everything once, pages too")
def _(t: Bench) -> Any:
    for i in range(20):
        t.c.put_item(TableName=H, Item={"id": S(f"{t.pk}-{i}")})
    own = {"FilterExpression": "begins_with(id,:p)", "ExpressionAttributeValues": {":p": S(t.pk + "-")}}
    found: list[str] = []
    for segment in range(3):
        more: dict[str, Any] = {}
        while True:
            page = t.c.scan(TableName=H, Segment=segment, TotalSegments=3, Limit=4, **own, **more)
            found += [item["id"]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    return [len(found), len(set(found))]


@case(
    "a segment without its total",
    error=invalid(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.scan(TableName=H, Segment=0)["Count"]


@case(
    "a total without its segment",
    error=invalid(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.scan(TableName=H, TotalSegments=2)["Count"]
