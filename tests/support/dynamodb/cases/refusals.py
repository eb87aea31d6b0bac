"""What is refused: expressions, projections of indexes, transactions; each as AWS words it, or at least codes it."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import Bench, H, L, N, S, T, case

ONE = {":a": N(1)}
LISTS: dict[str, Any] = {":a": {"L": []}, ":b": {"L": []}}

UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("SET c = if_not_exists(c, :a + :a)", ONE),
    ("SET c = list_append(list_append(c, :a), :b)", LISTS),
    ("SET c = if_not_exists(c, list_append(:a, :b))", LISTS),
    ("SET c = if_not_exists(c, if_not_exists(d, :a))", ONE),
    ("SET c = (:a)", ONE),
    ("SET c = ((:a))", ONE),
    ("SET c = (:a + :a)", ONE),
    ("SET c = (:a + :a) + :a", ONE),
    ("SET c = :a + (:a + :a)", ONE),
    ("SET c = :a + (:a)", ONE),
    ("SET _c = :a", ONE),
    ("SET c._d = :a", ONE),
    ("SET c[2147483648] = :a", ONE),
    ("SET c[99999999999999999999] = :a", ONE),
    ("SET c = size(m)", {}),
    ("SET c = contains(m, :a)", ONE),
    ("SET c = nonsense(m, :a)", ONE),
    ("SET c = :a,", ONE),
    ("SET c = :a ADD", ONE),
    ("ADD c :a + :a", ONE),
    ("ADD c d", {}),
    ("REMOVE zz.y", {}),
    ("REMOVE n[1]", {}),
    ("SET q = zz + :a", ONE),
    ("SET " + ".".join(["x"] * 33) + " = :a", ONE),
]


def _update(number: int, expression: str, values: dict[str, Any]) -> None:
    @case(f"refusals, update {number}: {expression[:50]}")
    def _(t: Bench) -> Any:
        t.put(n=N(1), c=N(1))
        return t.updated(expression, values)


for _number, (_expression, _values) in enumerate(UPDATES):
    _update(_number, _expression, _values)

CONDITIONS: list[tuple[str, dict[str, Any]]] = [
    ("size(:a) = :a", ONE),
    ("size(:b) = :a", {**ONE, ":b": {"BOOL": True}}),
    ("size(:b) = :a", {**ONE, ":b": {"NULL": True}}),
    ("size(size(a)) = :a", ONE),
    ("begins_with(a, size(b))", {}),
    ("contains(a, size(b))", {}),
    ("_b = :a", ONE),
    ("a = :a AND _b = :a", ONE),
    ("a[2147483648] = :a", ONE),
    ("attribute_exists(a) = :a", ONE),
    (":a = :a", ONE),
    ("a IN (a, :a)", ONE),
    ("a BETWEEN a AND :a", ONE),
    ("a = a", {}),
    ("contains(a, a)", {}),
    ("(" * 200 + "a = :a" + ")" * 200, ONE),
    ("NOT " * 250 + "a = :a", ONE),
    ("NOT " * 300 + "a = :a", ONE),
    (" AND ".join(["a = :a"] * 150), ONE),
    (" AND ".join(["a = :a"] * 151), ONE),
    (" OR ".join(["(a = :a"] * 150) + ")" * 150, ONE),
    (".".join(["a"] * 33) + " = :a", ONE),
    ("NOT (a = :a OR b = :a) AND c = :a OR attribute_not_exists(a)", ONE),
]


def _condition(number: int, expression: str, values: dict[str, Any]) -> None:
    @case(f"refusals, condition {number}: {expression[:40]}")
    def _(t: Bench) -> Any:
        t.put_if(expression, values)
        return t.get()


for _number, (_expression, _values) in enumerate(CONDITIONS):
    _condition(_number, _expression, _values)


@case("refusals, the first operand behind a placeholder")
def _(t: Bench) -> Any:
    return t.put_if("a = #a", ExpressionAttributeNames={"#a": "a"})


@case("refusals, an empty name behind a placeholder")
def _(t: Bench) -> Any:
    return t.update("SET #e = :a", ONE, ExpressionAttributeNames={"#e": ""})


NUMBERS = [
    "1E1000000",
    "-1E1000000",
    "1E-999999999",
    "0E1000000",
    "1" + "0" * 200,
    "0." + "0" * 200 + "1",
    "1E126",
    "1E-131",
]
NONE_AT_ALL = ["1e99999999999999999999", "Infinity", "NaN", " 1", "2 ", "0x1", "1_0", "--1", "1e", "\u0661"]


def _number_case(text: str, code_only: bool) -> None:
    @case(f"refusals, the number {text[:30]} {len(text)}", code_only=code_only)
    def _(t: Bench) -> Any:
        t.put(n=N(text))
        return t.get()


for _text in NUMBERS:
    _number_case(_text, code_only=False)
for _text in NONE_AT_ALL:
    _number_case(_text, code_only=True)


@case("refusals, sums beyond what a number can be")
def _(t: Bench) -> Any:
    t.put(most=N("9.9E+125"), least=N("1.1E-130"))
    most, least = {":n": N("9.9E+125")}, {":n": N("1E-130")}
    return [
        t.failed(lambda: t.update("ADD most :n", most)),
        t.failed(lambda: t.update("SET most = most + :n", most)),
        t.failed(lambda: t.update("SET least = least - :n", least)),
    ]


@case("refusals, an attribute without a name")
def _(t: Bench) -> Any:
    nested: Any = {"M": {"": S("x")}}
    return [
        t.failed(lambda: t.c.put_item(TableName=T, Item={**t.key(), "": S("x")})),
        t.failed(lambda: t.c.put_item(TableName=T, Item={**t.key(), "m": nested})),
    ]


def _of_an_index(name: str, aws: Any = None, why: str = "", **query: Any) -> None:
    @case(f"index projections, {name}", aws=aws, why=why)
    def _(t: Bench) -> Any:
        item = {"id": S(t.pk), "room": S(t.pk), "name": S("n"), "m": {"M": {"c": N(1)}}}
        t.c.put_item(TableName=H, Item=item)
        values = {":r": S(t.pk), **query.get("ExpressionAttributeValues", {})}
        given = {**query, "ExpressionAttributeValues": values}
        return t.c.query(TableName=H, IndexName="byRoom", KeyConditionExpression="room = :r", **given)["Items"]


_of_an_index("what it holds", ProjectionExpression="id")
_of_an_index("what it does not hold", ProjectionExpression="id, #n", ExpressionAttributeNames={"#n": "name"})
_of_an_index("a path in what it does not hold", ProjectionExpression="m.c")
_of_an_index("a filter", FilterExpression="m.c = :c", ExpressionAttributeValues={":c": N(1)})
_of_an_index("all attributes", Select="ALL_ATTRIBUTES")


def _of_a_local_index(name: str, aws: Any = None, why: str = "", **query: Any) -> None:
    @case(f"local index projections, {name}", aws=aws, why=why)
    def _(t: Bench) -> Any:
        item = {"pk": S(t.pk), "sk": N(1), "at": N(5), "title": S("t"), "d": N(1)}
        t.c.put_item(TableName=L, Item=item)
        values = {":p": S(t.pk), **query.get("ExpressionAttributeValues", {})}
        given = {**query, "ExpressionAttributeValues": values, "ReturnConsumedCapacity": "INDEXES"}
        answer = t.c.query(TableName=L, IndexName="lix", KeyConditionExpression="pk = :p", **given)
        told = answer["ConsumedCapacity"]
        units = [told["CapacityUnits"], told["Table"]["CapacityUnits"], told["LocalSecondaryIndexes"]]
        return [answer["Items"], units]


_of_a_local_index(
    "what it holds",
    aws=[[{"title": S("t")}], [0.5, 0.0, {"lix": {"CapacityUnits": 0.5}}]],
    why="guide, LSI: only what the index lacks is fetched from the table; DynamoDB Local counts a fetch here, too",
    ProjectionExpression="title",
)
_of_a_local_index("what it fetches from the table", ProjectionExpression="title, d")
_of_a_local_index("everything, fetched from the table", Select="ALL_ATTRIBUTES")
_of_a_local_index(
    "a filter on what it does not hold", FilterExpression="d = :d", ExpressionAttributeValues={":d": N(1)}
)


def _member(name: str, code_only: bool, *members: dict[str, Any]) -> None:
    @case(f"transactions refuse, {name}", code_only=code_only)
    def _(t: Bench) -> Any:
        return t.transact(*members)


_member(
    "a wrong type of key",
    True,
    {"Put": {"TableName": H, "Item": {"id": N(1)}}},
    {"Put": {"TableName": H, "Item": {"id": S("tr")}}},
)
_member("a wrong type of key to delete", True, {"Delete": {"TableName": H, "Key": {"id": N(1)}}})
_member("a wrong type of index key", True, {"Put": {"TableName": H, "Item": {"id": S("tr"), "room": N(1)}}})
_member("a missing key", True, {"Put": {"TableName": H, "Item": {"x": S("tr")}}})
_member("a key too many", True, {"Delete": {"TableName": H, "Key": {"id": S("tr"), "x": S("tr")}}})
_member("an empty key", False, {"Put": {"TableName": H, "Item": {"id": S("")}}})
_member("a table that is not there", True, {"Put": {"TableName": "nope", "Item": {"id": S("tr")}}})
_member(
    "more than 4 MB",
    True,
    *({"Put": {"TableName": H, "Item": {"id": S(f"tr{n}"), "d": S("x" * 390_000)}}} for n in range(11)),
)


@case("a transaction of reads refuses a wrong type of key", code_only=True)
def _(t: Bench) -> Any:
    return t.c.transact_get_items(TransactItems=[{"Get": {"TableName": H, "Key": {"id": N(1)}}}])
