"""PartiQL: the statements of the guide (ql-reference), and what they refuse."""

from __future__ import annotations

import re
from typing import Any

from support.dynamodb.cases.bench import Bench, N, S, T, case, plain

_TABLE = re.compile(r"\b(FROM|from|INTO|UPDATE) T\b")

FAULT = "DynamoDB Local answers InternalFailure now and then"
DUPLICATE = "API reference, ExecuteStatement: DuplicateItemException; DynamoDB Local leaves out `Exception`"


def _do(t: Bench, statement: str, *parameters: Any, **more: Any) -> Any:
    text = _TABLE.sub(lambda found: f'{found[1]} "{T}"', statement).replace("$k", f"pk = '{t.pk}'")
    given = {"Parameters": list(parameters)} if parameters else {}
    answer = plain(t.c.execute_statement(Statement=text, **given, **more))
    return [{n: v for n, v in item.items() if n not in ("pk", "gpk")} for item in answer["Items"]]


SELECTS: list[str] = [
    "SELECT * FROM T WHERE $k",
    "SELECT * FROM T WHERE $k AND sk = '001'",
    "SELECT sk, n FROM T WHERE $k AND begins_with(sk, '00')",
    "SELECT sk FROM T WHERE $k AND begins_with(\"sk\", '000')",
    "SELECT sk FROM T WHERE $k AND sk BETWEEN '001' AND '002'",
    "SELECT sk FROM T WHERE $k AND sk > '000' AND sk < '003'",
    "SELECT sk FROM T WHERE $k AND n IN [1, 2]",
    "SELECT sk FROM T WHERE $k AND n IN (1, 2)",
    "SELECT sk FROM T WHERE $k AND (n = 1 OR n = 3)",
    "SELECT sk FROM T WHERE $k AND NOT n = 1",
    "SELECT sk FROM T WHERE $k AND n <> 1 AND n != 2",
    "SELECT sk FROM T WHERE $k AND zz IS MISSING",
    "SELECT sk FROM T WHERE $k AND zz IS NOT MISSING",
    "SELECT sk FROM T WHERE $k AND m.c = 1",
    "SELECT m.c, l[0] FROM T WHERE $k AND sk = '001'",
    "SELECT sk FROM T WHERE $k AND nul IS NULL",
    "SELECT sk FROM T WHERE $k AND nul IS NOT NULL",
    "SELECT sk FROM T WHERE $k AND contains(s, 'x')",
    "SELECT sk FROM T WHERE $k AND size(s) = 1",
    "SELECT sk FROM T WHERE $k AND attribute_type(n, 'N')",
    "SELECT sk FROM T WHERE $k AND 1 = n",
    "SELECT sk FROM T WHERE $k ORDER BY sk DESC",
    "SELECT sk FROM T WHERE $k ORDER BY pk, sk",
    "SELECT sk FROM T.gix WHERE g$k",
    "SELECT sk FROM T.gix WHERE g$k AND gsk = 0",
    "SELECT sk FROM T WHERE $k;",
    "select sk from T where $k and sk = '001'",
    # refused
    "SELECT sk FROM T ORDER BY sk",
    "SELECT sk FROM T WHERE n = 1 ORDER BY sk",
    "SELECT sk FROM T WHERE $k ORDER BY n",
    "SELECT sk FROM T.nope WHERE $k",
    "SELECT sk FROM nope WHERE $k",
    "SELECT sk FRM T WHERE $k",
    "SELECT sk, sk FROM T WHERE $k",
    "SELECT *, n FROM T WHERE $k",
    "SELECT sk AS x FROM T WHERE $k",
    "SELECT sk FROM T WHERE $k LIMIT 1",
    "SELECT sk FROM T WHERE pk = 1",
    "SELECT sk FROM T WHERE $k AND n LIKE 'x'",
    "SELECT sk FROM T WHERE $k AND n + 1 = 2",
    "SELECT count(*) FROM T WHERE $k",
    "NONSENSE",
]


def _select(number: int, statement: str) -> None:
    aws = ["003", "002", "001", "000"] if statement.endswith("DESC") and "$k" in statement else None

    @case(f"PartiQL {number}: {statement[:70]}", code_only=True, aws=aws, why=FAULT if aws else "")
    def _(t: Bench) -> Any:
        t.fill(4, m={"M": {"c": N(1)}}, l={"L": [N(7)]}, s={"SS": ["x"]}, nul={"NULL": True})
        found = _do(t, statement)
        if "gix" in statement:  # items of one key of an index have no order
            return sorted(item["sk"]["S"] for item in found)
        return [item["sk"]["S"] for item in found] if "ORDER" in statement else found


for _number, _statement in enumerate(SELECTS):
    _select(_number, _statement)

UPDATES: list[str] = [
    "UPDATE T SET n = n + 1 WHERE $k AND sk = 'a' RETURNING MODIFIED NEW *",
    "UPDATE T SET n = n - 1, x = 'y' WHERE $k AND sk = 'a' RETURNING ALL NEW *",
    "UPDATE T SET n = 1 SET x = [1, 'a', {'b': null}] REMOVE t WHERE $k AND sk = 'a' RETURNING ALL NEW *",
    "UPDATE T SET s = set_add(s, <<'y'>>) WHERE $k AND sk = 'a' RETURNING MODIFIED NEW *",
    "UPDATE T SET s = set_delete(s, <<'x'>>) WHERE $k AND sk = 'a' RETURNING ALL OLD *",
    "UPDATE T SET l = list_append(l, [2]) WHERE $k AND sk = 'a' RETURNING MODIFIED OLD *",
    "UPDATE T SET m.c = 5 REMOVE l[0] WHERE $k AND sk = 'a' RETURNING ALL NEW *",
    "UPDATE T SET n = 9 WHERE $k AND sk = 'a' AND n = 1",
    "UPDATE T SET n = 9 WHERE $k AND sk = 'a' AND n = 5 AND t IS NOT MISSING",
    "UPDATE T SET n = 9 WHERE $k AND sk = 'nope'",
    "UPDATE T SET n = 9 WHERE $k",
    "UPDATE T SET n = 9",
    "UPDATE T SET n = 9 WHERE $k AND sk > 'a'",
    "UPDATE T SET sk = 'b' WHERE $k AND sk = 'a'",
    "UPDATE T SET n = 1, n = 2 WHERE $k AND sk = 'a'",
    "UPDATE T SET n = t + 1 WHERE $k AND sk = 'a'",
    "DELETE FROM T WHERE $k AND sk = 'a' RETURNING ALL OLD *",
    "DELETE FROM T WHERE $k AND sk = 'a' AND n = 1",
    "DELETE FROM T WHERE $k AND sk = 'nope'",
    "DELETE FROM T WHERE $k AND sk = 'nope' AND n = 1",
    "DELETE FROM T WHERE $k AND sk = 'a' RETURNING ALL NEW *",
    "DELETE FROM T WHERE $k",
]


def _change(number: int, statement: str) -> None:
    @case(f"PartiQL change {number}: {statement[:70]}", code_only=True)
    def _(t: Bench) -> Any:
        t.put(n=N(5), t=S("t"), s={"SS": ["x", "z"]}, l={"L": [N(1)]}, m={"M": {}})
        return [_do(t, statement), t.get()]


for _number, _statement in enumerate(UPDATES):
    _change(_number, _statement)


@case("PartiQL INSERT, and again", aws=None)
def _(t: Bench) -> Any:
    values = "'n': 1.50, 'e': 1e3, 'neg': -5, 'q': 'it''s', 'b': true, 'l': [1, {'z': null}], 's': <<1, 2>>"
    _do(t, f"INSERT INTO T VALUE {{'pk': '{t.pk}', 'sk': 'a', {values}}}")
    return t.get()


@case(
    "PartiQL INSERT over an item",
    error=("DuplicateItemException", "Duplicate primary key exists in table"),
    why=DUPLICATE,
)
def _(t: Bench) -> Any:
    t.put(n=N(5))
    return _do(t, f"INSERT INTO T VALUE {{'pk': '{t.pk}', 'sk': 'a'}}")


INSERTS = [
    "{'pk': 'x'}",
    "{'pk': 1, 'sk': 'a'}",
    "{'pk': 'x', 'sk': 'a', 's': <<>>}",
    "{'pk': 'x', 'sk': 'a', 's': <<'a', 1>>}",
    "{'pk': 'x', 'sk': 'a', 's': <<'a', 'a'>>}",
    "{\"pk\": 'x', 'sk': 'a'}",
    "{'pk': 'x', 'sk': 'a'} RETURNING ALL OLD *",
    "?",
]


def _insert(number: int, item: str) -> None:
    @case(f"PartiQL INSERT {number} of {item}", code_only=True)
    def _(t: Bench) -> Any:
        return _do(t, f"INSERT INTO T VALUE {item}")


for _number, _item in enumerate(INSERTS):
    _insert(_number, _item)


@case("PartiQL with parameters")
def _(t: Bench) -> Any:
    _do(t, "INSERT INTO T VALUE {'pk': ?, 'sk': ?, 'b': ?}", S(t.pk), S("a"), {"B": b"\xff"})
    _do(t, "UPDATE T SET n = ? WHERE $k AND sk = ?", N(3), S("a"))
    nested = t.failed(lambda: _do(t, "UPDATE T SET n = [?] WHERE $k AND sk = 'a'", N(1)))["error"]
    few = t.failed(lambda: _do(t, "SELECT * FROM T WHERE $k AND sk = ? AND n = ?", S("a")))
    return [_do(t, "SELECT * FROM T WHERE $k AND sk = ? AND n = ?", S("a"), N(3)), few, nested]


@case("PartiQL pages")
def _(t: Bench) -> Any:
    t.fill(5)
    statement = f"SELECT sk FROM \"{T}\" WHERE pk = '{t.pk}'"
    pages: list[Any] = []
    more: dict[str, Any] = {}
    while len(pages) < 10:
        answer = t.c.execute_statement(Statement=statement, Limit=2, **more)
        pages.append([item["sk"]["S"] for item in answer["Items"]])
        if "NextToken" not in answer:
            break
        more = {"NextToken": answer["NextToken"]}
    wrong = t.failed(lambda: t.c.execute_statement(Statement=statement, NextToken="abc"))
    return [pages, wrong["error"]]


@case(
    "PartiQL of several partitions, in pages",
    aws=["x1", "x2", "y1", "y2"],
    why="guide, ql-reference.select: IN on the partition key is as many queries; DynamoDB Local scans the table",
)
def _(t: Bench) -> Any:
    for partition in ("x", "y"):
        for n in range(3):
            t.c.put_item(TableName=T, Item={"pk": S(t.pk + partition), "sk": S(str(n))})
    statement = f"SELECT pk, sk FROM \"{T}\" WHERE pk IN ['{t.pk}x', '{t.pk}y'] AND sk >= '1'"
    found: list[Any] = []
    more: dict[str, Any] = {}
    for _ in range(12):
        answer = t.c.execute_statement(Statement=statement, Limit=1, **more)
        found += [item["pk"]["S"][-1] + item["sk"]["S"] for item in answer["Items"]]
        if "NextToken" not in answer:
            break
        more = {"NextToken": answer["NextToken"]}
    return sorted(found)


def _key(t: Bench, sk: str = "a") -> str:
    return f"pk = '{t.pk}' AND sk = '{sk}'"


@case(
    "PartiQL in a batch",
    aws=[
        [
            {"TableName": T, "Item": {"n": {"N": "5"}}},
            {"TableName": T},
            {"Error": "ValidationError", "TableName": T},
            {"Error": "ResourceNotFound", "TableName": "nope"},
        ],
        [
            {"Error": "DuplicateItem", "TableName": T},
            {"Error": "ConditionalCheckFailed", "TableName": T},
            {"TableName": T},
        ],
        "ValidationException",
    ],
    why="API reference, BatchStatementError: the codes; DynamoDB Local answers an unknown table without a code of it",
)
def _(t: Bench) -> Any:
    t.put(n=N(5))

    def batch(*statements: str) -> Any:
        answer = t.c.batch_execute_statement(Statements=[{"Statement": one} for one in statements])
        return [{**one, "Error": one["Error"]["Code"]} if "Error" in one else one for one in plain(answer["Responses"])]

    reads = batch(
        f'SELECT n FROM "{T}" WHERE {_key(t)}',
        f'SELECT n FROM "{T}" WHERE {_key(t, "nope")}',
        f"SELECT n FROM \"{T}\" WHERE pk = '{t.pk}'",
        "SELECT n FROM nope WHERE pk = 'x'",
    )
    writes = batch(
        f"INSERT INTO \"{T}\" VALUE {{'pk': '{t.pk}', 'sk': 'a'}}",
        f'UPDATE "{T}" SET n = 1 WHERE {_key(t, "nope")}',
        f'DELETE FROM "{T}" WHERE {_key(t)}',
    )
    mixed = t.failed(lambda: batch(f'SELECT * FROM "{T}" WHERE {_key(t)}', f'DELETE FROM "{T}" WHERE {_key(t)}'))
    return [reads, writes, mixed["error"]]


@case("PartiQL in a transaction", code_only=True)
def _(t: Bench) -> Any:
    t.put(n=N(5))

    def transaction(*statements: str) -> Any:
        answer = t.c.execute_transaction(TransactStatements=[{"Statement": one} for one in statements])
        return plain(answer.get("Responses"))

    delete = f'DELETE FROM "{T}" WHERE {_key(t)}'
    insert = f"INSERT INTO \"{T}\" VALUE {{'pk': '{t.pk}', 'sk': 'b', 'n': 1}}"
    read = f'SELECT n FROM "{T}" WHERE {_key(t)}'
    return [
        transaction(read, f'SELECT n FROM "{T}" WHERE {_key(t, "b")}'),
        t.failed(lambda: transaction(insert, f'UPDATE "{T}" SET n = 1 WHERE {_key(t, "nope")}'))["error"],
        t.get("b"),
        t.failed(lambda: transaction(f'EXISTS(SELECT * FROM "{T}" WHERE {_key(t)} AND n = 4)', insert))["error"],
        t.failed(lambda: transaction(read, delete))["error"],
        t.failed(lambda: transaction(delete, delete))["error"],
        t.failed(lambda: transaction(f"SELECT n FROM \"{T}\" WHERE pk = '{t.pk}'"))["error"],
        t.get(),
    ]
