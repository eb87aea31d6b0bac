"""The rules of changes: what UpdateTable and UpdateTimeToLive refuse, given the table as it is.

The table is its description, as DescribeTable answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.validation.table_rules import (
    INVALID,
    MAX_GLOBAL_INDEXES,
    NO_THROUGHPUT,
    global_index_problems,
    projected_problems,
    stream_problems,
    throughput_bounds,
)

Description = Mapping[str, Any]

_CHANGES = (
    *("ProvisionedThroughput", "BillingMode", "StreamSpecification", "GlobalSecondaryIndexUpdates", "SSESpecification"),
    *("ReplicaUpdates", "TableClass", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput"),
    *("MultiRegionConsistency", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode"),
)


def check_update_form(request: Request) -> None:
    """Refuse an UpdateTable that is wrong whatever the table is."""
    if not any(request.get(name) not in (None, []) for name in _CHANGES):
        raise invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if request.get("BillingMode") == "PROVISIONED" and not request.get("ProvisionedThroughput"):
        raise invalid(f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    for problem in throughput_bounds(request.get("ProvisionedThroughput") or _NONE):
        raise invalid(problem)
    for problem in stream_problems(request.get("StreamSpecification")):
        raise invalid(problem)
    _check_index_updates_form(request.get("GlobalSecondaryIndexUpdates") or [])


_NONE = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def _check_index_updates_form(updates: Sequence[Mapping[str, Any]]) -> None:
    names = []
    for update in updates:
        if not update:
            raise invalid(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(update) > 1:
            raise invalid(
                f"{INVALID}Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete can be specified in one update"
            )
        (action,) = update.values()
        if action["IndexName"] in names:
            raise invalid(
                f"{INVALID}Only one global secondary index update per index is allowed simultaneously. "
                f"Index: {action['IndexName']}"
            )
        names.append(action["IndexName"])


def check_update(request: Request, table: Description) -> None:
    """Refuse an UpdateTable that this table does not allow; `check_update_form` comes first."""
    billing = request.get("BillingMode") or table.get("BillingModeSummary", {}).get("BillingMode") or "PROVISIONED"
    on_demand = billing == "PAY_PER_REQUEST"
    if on_demand and request.get("ProvisionedThroughput"):
        raise invalid(NO_THROUGHPUT)
    _check_throughput_changes(request, table)
    _check_stream_change(request.get("StreamSpecification"), table)
    updates = request.get("GlobalSecondaryIndexUpdates") or []
    if sum("Create" in update or "Delete" in update for update in updates) > 1:
        raise Refusal(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        )
    for problem in _index_update_problems(updates, request, table, on_demand):
        raise invalid(problem)
    _check_unknown_indexes(updates, table)


def _check_throughput_changes(request: Request, table: Description) -> None:
    wanted, now = request.get("ProvisionedThroughput"), table.get("ProvisionedThroughput") or _NONE
    if not wanted:
        return
    if all(wanted[name] == now.get(name) for name in _NONE):
        raise invalid(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the table: {now['ReadCapacityUnits']}. "
            f"Requested ReadCapacityUnits: {wanted['ReadCapacityUnits']}. "
            f"Current WriteCapacityUnits provisioned for the table: {now['WriteCapacityUnits']}. "
            f"Requested WriteCapacityUnits: {wanted['WriteCapacityUnits']}. "
            "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
        )


def _check_stream_change(wanted: Mapping[str, Any] | None, table: Description) -> None:
    if not wanted:
        return
    enabled = bool(table.get("StreamSpecification", {}).get("StreamEnabled"))
    if wanted["StreamEnabled"] and enabled:
        raise invalid(f"{INVALID}Table already has an enabled stream: {table['LatestStreamArn']}")
    if not wanted["StreamEnabled"] and not enabled:
        raise invalid(f"{INVALID}Table has no stream to disable")


def _index_update_problems(
    updates: Sequence[Mapping[str, Any]], request: Request, table: Description, on_demand: bool
) -> Iterator[str]:
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes") or ()}
    local = {index["IndexName"]: index for index in table.get("LocalSecondaryIndexes") or ()}
    defined = [
        d["AttributeName"] for d in (*table["AttributeDefinitions"], *(request.get("AttributeDefinitions") or ()))
    ]
    for update in updates:
        if (made := update.get("Create")) is None:
            continue
        if made["IndexName"] in indexes or made["IndexName"] in local:
            yield f"{INVALID}Attempting to create an index which already exists: {made['IndexName']}"
        yield from global_index_problems(made, defined, on_demand=on_demand)
        if len(indexes) >= MAX_GLOBAL_INDEXES:
            yield f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL_INDEXES}"
        yield from projected_problems([*indexes.values(), *local.values(), made])
    types = {d["AttributeName"]: d["AttributeType"] for d in table["AttributeDefinitions"]}
    for given in request.get("AttributeDefinitions") or ():
        if types.get(given["AttributeName"], given["AttributeType"]) != given["AttributeType"]:
            yield (
                f"{INVALID}The attribute {given['AttributeName']} is a key already, of type "
                f"{types[given['AttributeName']]}; AttributeDefinitions says {given['AttributeType']}"
            )


def _check_unknown_indexes(updates: Sequence[Mapping[str, Any]], table: Description) -> None:
    there = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes") or ()}
    for update in updates:
        for action in ("Update", "Delete"):
            if action in update and update[action]["IndexName"] not in there:
                raise Refusal("ResourceNotFoundException", "Requested resource not found")


def check_time_to_live(specification: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse an UpdateTimeToLive that changes nothing or names another attribute; `now` is the current description."""
    enabled = now.get("TimeToLiveStatus") == "ENABLED"
    if not specification["Enabled"] and not enabled:
        raise invalid("TimeToLive is already disabled")
    if enabled and specification["AttributeName"] != now.get("AttributeName"):
        raise invalid(
            "TimeToLive is active on a different AttributeName: current AttributeName is " + now["AttributeName"]
        )
    if specification["Enabled"] and enabled:
        raise invalid("TimeToLive is already enabled")
