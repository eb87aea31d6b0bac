"""BatchWriteItem and BatchGetItem."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, H, N, S, T, case, invalid

MISSING_TABLE = ("ResourceNotFoundException", "Requested resource not found")


def _put(t: Bench, sk: str, **attributes: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {**t.key(sk), **attributes}}}


def _delete(t: Bench, sk: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": t.key(sk)}}


@case("a batch writes and deletes over two tables")
def _(t: Bench) -> Any:
    t.put("gone")
    answer = t.c.batch_write_item(
        RequestItems={
            T: [_put(t, "a", x=N(1)), _put(t, "b"), _delete(t, "gone"), _delete(t, "never")],
            H: [{"PutRequest": {"Item": {"id": S(t.pk)}}}],
        }
    )
    return [answer, t.sks(), "Item" in t.c.get_item(TableName=H, Key={"id": S(t.pk)})]


@case("a batch of 26 writes")
def _(t: Bench) -> Any:
    return t.c.batch_write_item(RequestItems={T: [_put(t, str(i)) for i in range(26)]})


@case("a batch with the same put twice")
def _(t: Bench) -> Any:
    return t.c.batch_write_item(RequestItems={T: [_put(t, "1", x=N(1)), _put(t, "1", x=N(2))]})


@case("a batch that puts and deletes one item")
def _(t: Bench) -> Any:
    return t.c.batch_write_item(RequestItems={T: [_put(t, "1"), _delete(t, "1")]})


@case("a bad item in a batch writes none of it")
def _(t: Bench) -> Any:
    failed = t.failed(lambda: t.c.batch_write_item(RequestItems={T: [_put(t, "1"), _put(t, "2", x=N("zz"))]}))
    return [failed["error"], t.get("1")]


@case("a batch into a table that is not there", error=MISSING_TABLE, why=FULLER)
def _(t: Bench) -> Any:
    return t.c.batch_write_item(RequestItems={"nope": [_put(t, "1")]})


@case("batch get finds what is there")
def _(t: Bench) -> Any:
    for sk in ("a", "b"):
        t.put(sk, x=N(1), y=N(2))
    found = t.c.batch_get_item(
        RequestItems={T: {"Keys": [t.key(sk) for sk in ("a", "b", "c")], "ProjectionExpression": "sk, x"}}
    )
    return [sorted(found["Responses"][T], key=lambda item: item["sk"]["S"]), found["UnprocessedKeys"]]


@case(
    "batch get of 101 keys",
    error=invalid(
        f"1 validation error detected: Value at 'requestItems.{T}.member.keys' failed to satisfy constraint: "
        "Member must have length less than or equal to 100"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.c.batch_get_item(RequestItems={T: {"Keys": [t.key(str(i)) for i in range(101)]}})


@case("batch get of one key twice")
def _(t: Bench) -> Any:
    return t.c.batch_get_item(RequestItems={T: {"Keys": [t.key()] * 2}})


@case(
    "capacity of batches",
    aws=[3.0, 1.5],
    why="guide, CapacityUnitCalculations: reading an item that is not there costs, too; not in DynamoDB Local",
)
def _(t: Bench) -> Any:
    total = {"ReturnConsumedCapacity": "TOTAL"}
    wrote = t.c.batch_write_item(RequestItems={T: [_put(t, "a", d=S("x" * 2000)), _put(t, "b")]}, **total)
    read = t.c.batch_get_item(RequestItems={T: {"Keys": [t.key("a"), t.key("b"), t.key("c")]}}, **total)
    return [answer["ConsumedCapacity"][0]["CapacityUnits"] for answer in (wrote, read)]
