"""TransactWriteItems and TransactGetItems."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, N, S, T, case, invalid

CANCELLED = "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]"
MISMATCH = "The request uses the same client token as a previous, but non-identical request."


def invalid_member(message: str) -> Any:
    return {
        "error": "TransactionCanceledException",
        "message": CANCELLED.format("ValidationError"),
        "CancellationReasons": [{"Code": "ValidationError", "Message": message}],
    }


REASONS = "API reference, TransactWriteItems: such errors are cancellation reasons; DynamoDB Local raises them bare"


@case("one of two conditions fails: nothing is written, the reasons tell")
def _(t: Bench) -> Any:
    t.put("x", v=N(1))
    failed = t.failed(
        lambda: t.transact(
            t.to_put("new"),
            t.to_put(
                "x", ConditionExpression="attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD"
            ),
        )
    )
    return [failed, t.get("new")]


@case("both conditions fail")
def _(t: Bench) -> Any:
    absent = {"ConditionExpression": "attribute_exists(pk)"}
    return t.transact(t.to_put("x", **absent), t.to_put("y", **absent))


@case("check, update and delete together")
def _(t: Bench) -> Any:
    t.put("x", v=N(1))
    t.put("y")
    answer = t.transact(
        {
            "ConditionCheck": {
                "TableName": T,
                "Key": t.key("x"),
                "ConditionExpression": "v=:1",
                "ExpressionAttributeValues": {":1": N(1)},
            }
        },
        t.to_update("ADD n :1", {":1": N(1)}, "z"),
        {"Delete": {"TableName": T, "Key": t.key("y")}},
    )
    return [answer, t.get("z"), t.get("y"), t.get("x")]


@case("an edit: the target on conditions, the event into a free slot")
def _(t: Bench) -> Any:
    t.put("58", userId=S("ana"), kind=S("message"), ts=N(100))
    values = {":me": S("ana"), ":k": S("message"), ":dayAgo": N(50), ":text": S("new"), ":rev": N(1)}
    edit = t.to_update(
        "SET #t=:text, rev=:rev REMOVE mentions",
        values,
        "58",
        ConditionExpression="userId=:me AND kind=:k AND attribute_not_exists(deleted) AND ts > :dayAgo",
        ExpressionAttributeNames={"#t": "text"},
    )
    event = t.to_put("59", ConditionExpression="attribute_not_exists(pk)")
    first = t.transact(edit, event)
    second = t.failed(lambda: t.transact(edit, event))
    return [first, second, t.get("58")]


@case("one item twice in a transaction")
def _(t: Bench) -> Any:
    return t.transact(t.to_put(), t.to_put())


@case(
    "101 members",
    error=invalid(
        "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
        "Member must have length less than or equal to 100"
    ),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.transact(*[t.to_put(str(i)) for i in range(101)])


@case("100 members")
def _(t: Bench) -> Any:
    t.transact(*[t.to_put(str(i)) for i in range(100)])
    return len(t.sks())


@case("the same token applies once")
def _(t: Bench) -> Any:
    for _ in range(3):
        t.transact(t.to_update("ADD n :1", {":1": N(1)}), ClientRequestToken=f"{t.pk}"[:36])
    return t.get()


@case("another request under the same token", error=("IdempotentParameterMismatchException", MISMATCH), why=FULLER)
def _(t: Bench) -> Any:
    t.transact(t.to_put(), ClientRequestToken=t.pk[:36])
    return t.transact(t.to_put("b"), ClientRequestToken=t.pk[:36])


@case("a token is free again after a failure")
def _(t: Bench) -> Any:
    token = {"ClientRequestToken": t.pk[:36]}
    member = t.to_put("new", ConditionExpression="attribute_not_exists(pk)")
    t.put("new")
    failed = t.failed(lambda: t.transact(member, **token))
    t.c.delete_item(TableName=T, Key=t.key("new"))
    t.transact(member, **token)
    return [failed["error"], t.get("new")]


@case(
    "an operand of the wrong type in a member",
    aws=invalid_member("An operand in the update expression has an incorrect data type"),
    why=REASONS,
)
def _(t: Bench) -> Any:
    t.put("x", n=S("str"))
    return t.transact(t.to_update("ADD n :1", {":1": N(1)}, "x"))


@case("a bad expression in a member")
def _(t: Bench) -> Any:
    return t.transact(t.to_update("SET n==:1", {":1": N(1)}, "x"))


@case("an unused value in a member")
def _(t: Bench) -> Any:
    return t.transact(t.to_update("SET n=:1", {":1": N(1), ":2": N(2)}, "x"))


@case(
    "a member for a table that is not there",
    error=("ResourceNotFoundException", "Requested resource not found"),
    why=FULLER,
)
def _(t: Bench) -> Any:
    return t.transact({"Put": {"TableName": "nope", "Item": {"pk": S("a")}}})


@case("transact get of 30 items, some missing, projected")
def _(t: Bench) -> Any:
    t.put("0", x=N(1), y=N(2))
    get = [{"Get": {"TableName": T, "Key": t.key(str(i)), "ProjectionExpression": "sk,x"}} for i in range(30)]
    responses = t.c.transact_get_items(TransactItems=get)["Responses"]
    return [len(responses), responses[0], responses[1]]


@case(
    "capacity of a transaction",
    aws=[2.0, 6.0, 2.0],
    why="guide, transactions: two units for each KB written and each 4 KB read; DynamoDB Local counts 4 for the first",
)
def _(t: Bench) -> Any:
    total = {"ReturnConsumedCapacity": "TOTAL"}
    get = [{"Get": {"TableName": T, "Key": t.key("t1")}}]
    return [
        t.transact(t.to_put("t1"), **total)["ConsumedCapacity"][0]["CapacityUnits"],
        t.transact(t.to_put("t2"), t.to_update("SET d=:d", {":d": S("x" * 1500)}, "t3"), **total)["ConsumedCapacity"][
            0
        ]["CapacityUnits"],
        t.c.transact_get_items(TransactItems=get, **total)["ConsumedCapacity"][0]["CapacityUnits"],
    ]
