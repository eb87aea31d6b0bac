"""Tables: made, described, and told apart."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, H, N, S, T, case


@case("a table that exists already", error=("ResourceInUseException", f"Table already exists: {H}"), why=FULLER)
def _(t: Bench) -> Any:
    return t.c.create_table(
        TableName=H,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@case("describe: status, keys, indexes, billing, counts")
def _(t: Bench) -> Any:
    t.c.put_item(TableName=H, Item={"id": S(t.pk), "room": S(t.pk)})
    told = t.c.describe_table(TableName=H)["Table"]
    index = told["GlobalSecondaryIndexes"][0]
    return [
        told["TableStatus"], told["KeySchema"], told["BillingModeSummary"]["BillingMode"], told["ItemCount"] > 0,
        told["TableSizeBytes"] > 0, told["TableArn"].endswith(f":table/{H}"), index["IndexName"], index["IndexStatus"],
        index["Projection"], index["ItemCount"] > 0,
    ]  # fmt: skip


@case("describe a table that is not there")
def _(t: Bench) -> Any:
    return t.failed(lambda: t.c.describe_table(TableName="nope"))["error"]


@case("attribute definitions that no key uses")
def _(t: Bench) -> Any:
    return t.failed(
        lambda: t.c.create_table(
            TableName="unused-definition",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "other")],
            BillingMode="PAY_PER_REQUEST",
        )
    )["error"]


@case(
    "an index added later finds what was there before",
    aws=1,
    why="guide, GSI: UpdateTable backfills; this DynamoDB Local answers InternalFailure to an on-demand index",
)
def _(t: Bench) -> Any:
    name = "index-added-later"
    t.c.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    t.c.put_item(TableName=name, Item={"id": S("1"), "room": S("r")})
    create = {
        "IndexName": "byRoom",
        "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    t.c.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "room")],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    found = t.query("room=:p", {":p": S("r")}, TableName=name, IndexName="byRoom")["Count"]
    t.c.delete_table(TableName=name)
    return found


@case("time to live: switched on and described")
def _(t: Bench) -> Any:
    t.c.update_time_to_live(TableName=H, TimeToLiveSpecification={"Enabled": True, "AttributeName": "exp"})
    t.c.put_item(TableName=H, Item={"id": S(t.pk), "exp": N(4_000_000_000)})
    told = t.c.describe_time_to_live(TableName=H)["TimeToLiveDescription"]
    return [told, "Item" in t.c.get_item(TableName=H, Key={"id": S(t.pk)})]


@case("PartiQL finds by key")
def _(t: Bench) -> Any:
    t.put(x=N(1), y=S("z"))
    return t.c.execute_statement(Statement=f"SELECT x FROM \"{T}\" WHERE pk=? AND sk='a'", Parameters=[S(t.pk)])[
        "Items"
    ]
