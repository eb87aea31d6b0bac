"""DynamoDB tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pingbox.chat.model import ChatIndex, ChatKey, ChatTable
from pingbox.chat.template.entries import ResourceEntry


def table_resource(table: ChatTable, *, retain: bool) -> ResourceEntry:
    """One table. It has no physical name, so that CloudFormation may replace it and stages never collide.

    A retained table is also protected against deletion by hand. A table that only mirrors open sockets never is.
    """
    keep = retain and table.durable
    properties: dict[str, Any] = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(table),
        "KeySchema": _key_schema(table.partition, table.sort),
        "TimeToLiveSpecification": {"AttributeName": table.ttl, "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": table.durable},
        "DeletionProtectionEnabled": keep,
    }
    if table.indexes:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in table.indexes]
    return ResourceEntry(table.name, "AWS::DynamoDB::Table", properties, keep=keep)


def _attributes(table: ChatTable) -> list[dict[str, str]]:
    """Every key attribute once, sorted: an attribute that is no key must not be declared."""
    keys = [table.partition, table.sort, *_index_keys(table.indexes)]
    types = {key.name: key.type for key in keys}
    return [{"AttributeName": name, "AttributeType": types[name]} for name in sorted(types)]


def _index_keys(indexes: Iterable[ChatIndex]) -> Iterable[ChatKey]:
    for index in indexes:
        yield from (index.partition, index.sort)


def _key_schema(partition: ChatKey, sort: ChatKey) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition.name, "KeyType": "HASH"},
        {"AttributeName": sort.name, "KeyType": "RANGE"},
    ]


def _index(index: ChatIndex) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition, index.sort),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)},
    }
