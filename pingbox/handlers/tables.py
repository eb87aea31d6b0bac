"""The two tables, as arguments of boto3's `create_table` (chat.md C1). The deploy's template says the same."""

from __future__ import annotations

from typing import Any, Final

TTL_ATTRIBUTE: Final = "expiresAt"  # seconds since the epoch, in both tables
DIRECTORY: Final = "Directory"  # the index of the public rooms


def connections_table(name: str) -> dict[str, Any]:
    """Connections: everything that dies with a socket."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [_attribute("topic", "S"), _attribute("connectionId", "S")],
        "KeySchema": _keys("topic", "connectionId"),
    }


def messages_table(name: str) -> dict[str, Any]:
    """Messages: the rooms' logs and the users' documents."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [_attribute("roomId", "S"), _attribute("seq", "N"), _attribute("listed", "S")],
        "KeySchema": _keys("roomId", "seq"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": DIRECTORY,
                "KeySchema": _keys("listed", "roomId"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title", "topic", "createdAt"]},
            }
        ],
    }


def tables(connections: str, messages: str) -> list[dict[str, Any]]:
    """Both tables. After creating each, switch on its TTL with `time_to_live(name)`."""
    return [connections_table(connections), messages_table(messages)]


def time_to_live(name: str) -> dict[str, Any]:
    """Arguments of boto3's `update_time_to_live`."""
    return {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}}


def _attribute(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": kind}


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
