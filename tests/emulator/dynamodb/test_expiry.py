"""Time to live deletes: after its time, late, out of order, and the same way every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.expiry import DEFAULT_LAG_SECONDS, TOO_OLD_SECONDS

NOW = 1_764_000_000


@pytest.fixture
def table(client: Any) -> Any:
    client.create_table(
        TableName="Connections",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "room", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byRoom",
                "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def switch(client: Any, on: bool) -> None:
    client.update_time_to_live(
        TableName="Connections", TimeToLiveSpecification={"Enabled": on, "AttributeName": "expiresAt"}
    )


def put(client: Any, name: str, expires: object) -> None:
    item = {"id": {"S": name}, "room": {"S": "general"}, "expiresAt": {"N": str(expires)}}
    client.put_item(TableName="Connections", Item=item)


def there(client: Any) -> set[str]:
    return {item["id"]["S"] for item in client.scan(TableName="Connections")["Items"]}


def test_an_item_is_deleted_after_its_time_and_from_its_indexes(table: Any, clock: WoundClock) -> None:
    switch(table, on=True)
    put(table, "soon", NOW + 60)
    put(table, "later", NOW + 86400)
    clock.advance(60 + DEFAULT_LAG_SECONDS)
    assert there(table) == {"later"}
    found = table.query(
        TableName="Connections",
        IndexName="byRoom",
        KeyConditionExpression="room=:r",
        ExpressionAttributeValues={":r": {"S": "general"}},
    )
    assert [item["id"]["S"] for item in found["Items"]] == ["later"]


def test_deletion_is_late_and_out_of_order(table: Any, clock: WoundClock) -> None:
    """Readers that trust deletion to be prompt, or in order of expiry, are found out."""
    switch(table, on=True)
    names = [f"c{i:02}" for i in range(40)]
    for i, name in enumerate(names):
        put(table, name, NOW + i)
    clock.advance(40)
    assert len(there(table)) > 30, "nothing expires on the second"
    gone_in_order: list[str] = []
    left = there(table)
    for _ in range(130):
        clock.advance(5)
        now_left = there(table)
        gone_in_order += sorted(left - now_left)
        left = now_left
    assert left == set()
    assert gone_in_order != sorted(gone_in_order)


def test_the_same_seed_deletes_in_the_same_order(clock: WoundClock) -> None:
    def left_after(seconds: float, seed: int) -> list[str]:
        own = WoundClock(lambda: float(NOW))
        local = LocalDynamoDB.open(None, clock=own, seed=seed)
        local.call(
            "CreateTable",
            {
                "TableName": "TTT",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )
        spec = {"Enabled": True, "AttributeName": "e"}
        local.call("UpdateTimeToLive", {"TableName": "TTT", "TimeToLiveSpecification": spec})
        for i in range(50):
            local.call("PutItem", {"TableName": "TTT", "Item": {"id": {"S": str(i)}, "e": {"N": str(NOW)}}})
        own.advance(seconds)
        items = local.call("Scan", {"TableName": "TTT"}).body["Items"]
        local.close()
        return sorted(item["id"]["S"] for item in items)

    assert left_after(300, seed=1) == left_after(300, seed=1) != left_after(300, seed=2)


def test_what_is_no_time_is_never_deleted(table: Any, clock: WoundClock) -> None:
    switch(table, on=True)
    table.put_item(TableName="Connections", Item={"id": {"S": "text"}, "expiresAt": {"S": str(NOW - 10)}})
    table.put_item(TableName="Connections", Item={"id": {"S": "none"}})
    put(table, "ages ago", NOW - TOO_OLD_SECONDS - 10)
    put(table, "milliseconds", (NOW + 60) * 1000)
    clock.advance(days=2)
    assert there(table) == {"text", "none", "ages ago", "milliseconds"}


def test_switched_on_late_it_deletes_what_was_there_before(table: Any, clock: WoundClock, db: LocalDynamoDB) -> None:
    put(table, "old", NOW - 60)
    clock.advance(days=1)
    assert db.expire() == 0
    switch(table, on=True)
    assert db.expire() == 1
    assert there(table) == set()


def test_switched_off_it_deletes_no_more(table: Any, clock: WoundClock) -> None:
    switch(table, on=True)
    put(table, "kept", NOW + 60)
    switch(table, on=False)
    clock.advance(days=1)
    assert there(table) == {"kept"}


def test_a_renewed_item_lives_on(table: Any, clock: WoundClock) -> None:
    switch(table, on=True)
    put(table, "renewed", NOW + 60)
    clock.advance(30)
    table.update_item(
        TableName="Connections",
        Key={"id": {"S": "renewed"}},
        UpdateExpression="SET expiresAt = :later",
        ExpressionAttributeValues={":later": {"N": str(NOW + 86400)}},
    )
    clock.advance(hours=2)
    assert there(table) == {"renewed"}


def test_time_to_live_goes_on_after_a_restart(
    opened: Callable[[], LocalDynamoDB], client_of: Any, clock: WoundClock
) -> None:
    local = opened()
    client = client_of(local)
    client.create_table(
        TableName="Connections",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    switch(client, on=True)
    put(client, "soon", NOW + 60)
    local.close()
    clock.advance(hours=1)
    assert there(client_of(opened())) == set()


def test_a_great_many_are_deleted_a_few_at_a_time(table: Any, clock: WoundClock, db: LocalDynamoDB) -> None:
    """One unlucky call does not pay for all; asking for it deletes all."""
    switch(table, on=True)
    for first in range(0, 1200, 25):
        members = [
            {"PutRequest": {"Item": {"id": {"S": str(n)}, "expiresAt": {"N": str(NOW + 60)}}}}
            for n in range(first, first + 25)
        ]
        table.batch_write_item(RequestItems={"Connections": members})
    clock.advance(hours=1)
    assert table.scan(TableName="Connections", Select="COUNT")["Count"] == 700
    assert table.scan(TableName="Connections", Select="COUNT")["Count"] == 200
    assert db.expire() == 200
