"""The rules of tables: one set for CreateTable, UpdateTable, and templates that declare tables.

Messages are AWS's (API reference, CreateTable; dynalite's tests against AWS). Each rule yields every problem it finds;
an operation answers with the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pingbox.emulator.services.dynamodb.validation.request_form import constraint_problems

MAX_LOCAL_INDEXES, MAX_GLOBAL_INDEXES = 5, 20
MAX_PROJECTED_PER_INDEX, MAX_PROJECTED = 20, 100
MAX_KEYS_OF_A_KIND = 4  # of a global index (developer guide, multi-attribute keys)
MAX_CAPACITY = 1_000_000_000_000

Parameters = Mapping[str, Any]
Schema = Sequence[Mapping[str, Any]]

INVALID = "One or more parameter values were invalid: "
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def table_problems(parameters: Parameters) -> list[str]:
    """Why AWS refuses a CreateTable with these parameters, one sentence each; empty when it does not.

    `parameters` are those of CreateTable (and, in the same words, of `AWS::DynamoDB::Table`).
    """
    form = [*_name_problems(parameters), *constraint_problems("CreateTable", parameters), *_missing(parameters)]
    if form:
        return form
    return list(
        chain(
            _billing_problems(parameters),
            _definition_problems(parameters),
            key_schema_problems(parameters["KeySchema"], _names(parameters)),
            _index_problems(parameters),
            _unused_definitions(parameters),
            stream_problems(parameters.get("StreamSpecification")),
        )
    )


def table_name_problem(name: object) -> str | None:
    """What is wrong with the name of a table to be made, None when nothing is."""
    if not isinstance(name, str):
        return "The parameter 'TableName' is required but was not present in the request"
    if name.startswith("arn:"):
        name = name.rpartition(":table/")[2]
    if not 3 <= len(name) <= 255:
        return "TableName must be at least 3 characters long and at most 255 characters long"
    if not _NAME.fullmatch(name):
        return (
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}"
        )
    return None


def _name_problems(parameters: Parameters) -> Iterator[str]:
    problem = table_name_problem(parameters.get("TableName"))
    if problem is not None:
        yield problem


def _missing(parameters: Parameters) -> Iterator[str]:
    for name in ("AttributeDefinitions", "KeySchema"):
        if parameters.get(name) is None:
            path = name[0].lower() + name[1:]
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _names(parameters: Parameters) -> list[str]:
    return [definition["AttributeName"] for definition in parameters["AttributeDefinitions"]]


# -- billing ---------------------------------------------------------------------------------------------------------


def _billing_problems(parameters: Parameters) -> Iterator[str]:
    throughput = parameters.get("ProvisionedThroughput")
    if parameters.get("BillingMode") == "PAY_PER_REQUEST":
        if throughput:
            yield NO_THROUGHPUT
    elif not throughput:
        yield (
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    else:
        yield from throughput_bounds(throughput)


NO_THROUGHPUT = (
    f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
)


def throughput_bounds(throughput: Parameters) -> Iterator[str]:
    """Capacity above what AWS can express."""
    for name in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if throughput[name] > MAX_CAPACITY:
            yield f"Given value {throughput[name]} for {name} is out of bounds"


# -- keys ------------------------------------------------------------------------------------------------------------


def _definition_problems(parameters: Parameters) -> Iterator[str]:
    names = _names(parameters)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{INVALID}Cannot have two attributes with the same name: {name}"
    for name in names:
        yield from _attribute_name_problem(name)


def _attribute_name_problem(name: str) -> Iterator[str]:
    if not 1 <= len(name.encode()) <= 255:
        yield (
            f"{INVALID}Names of key attributes and attributes projected into an index must be between 1 and 255 "
            f"characters, inclusive: {name[:40]!r}"
        )


def key_schema_problems(schema: Schema, defined: Sequence[str]) -> Iterator[str]:
    """What is wrong with the key schema of a table or of a local index."""
    names = [key["AttributeName"] for key in schema]
    if len(schema) > 2:
        yield f"{INVALID}Key Schema too big. Key Schema must at most consist of the hash and range key of a table"
        return
    yield from _undefined(names, defined)
    if len(set(names)) != len(names):
        yield "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    if schema[0]["KeyType"] != "HASH":
        yield "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
    if len(schema) > 1 and schema[1]["KeyType"] != "RANGE":
        yield "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"


def _undefined(names: Sequence[str], defined: Sequence[str]) -> Iterator[str]:
    if not set(names) <= set(defined):
        yield (
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(defined)}]"
        )


def _unused_definitions(parameters: Parameters) -> Iterator[str]:
    indexes = [*(parameters.get("LocalSecondaryIndexes") or ()), *(parameters.get("GlobalSecondaryIndexes") or ())]
    schemas = [parameters["KeySchema"], *(index["KeySchema"] for index in indexes)]
    used = {key["AttributeName"] for schema in schemas for key in schema}
    defined = _names(parameters)
    if set(defined) <= used:
        return
    if not indexes:
        yield (
            f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    else:
        yield (
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(defined)}], "
            f"keys used: [{', '.join(sorted(used))}]"
        )


# -- indexes ---------------------------------------------------------------------------------------------------------


def _index_problems(parameters: Parameters) -> Iterator[str]:
    local, both = parameters.get("LocalSecondaryIndexes"), []
    if local is not None:
        yield from _local_index_problems(parameters, local)
        both += local
    indexes = parameters.get("GlobalSecondaryIndexes")
    if indexes is not None:
        if not indexes:
            yield f"{INVALID}List of GlobalSecondaryIndexes is empty"
        if len(indexes) > MAX_GLOBAL_INDEXES:
            yield f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL_INDEXES}"
        on_demand = parameters.get("BillingMode") == "PAY_PER_REQUEST"
        for index in indexes:
            yield from global_index_problems(index, _names(parameters), on_demand=on_demand)
        both += indexes
    names = [index["IndexName"] for index in both]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{INVALID}Duplicate index name: {name}"
    yield from projected_problems(both)


def projected_problems(indexes: Sequence[Parameters]) -> Iterator[str]:
    """More attributes named in the projections of all indexes of a table than AWS takes."""
    count = sum(len(index["Projection"].get("NonKeyAttributes") or ()) for index in indexes)
    if count > MAX_PROJECTED:
        yield f"{INVALID}Number of NonKeyAttributes exceeds the per-table limit of {MAX_PROJECTED}"


def _local_index_problems(parameters: Parameters, indexes: Sequence[Parameters]) -> Iterator[str]:
    if not indexes:
        yield f"{INVALID}List of LocalSecondaryIndexes is empty"
    if len(parameters["KeySchema"]) != 2:
        yield (
            f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    if len(indexes) > MAX_LOCAL_INDEXES:
        yield f"{INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL_INDEXES}"
    table_hash = parameters["KeySchema"][0]["AttributeName"]
    for index in indexes:
        name, schema = index["IndexName"], index["KeySchema"]
        yield from key_schema_problems(schema, _names(parameters))
        if len(schema) < 2:
            yield f"{INVALID}Index KeySchema does not have a range key for index: {name}"
        if (index_hash := schema[0]["AttributeName"]) != table_hash:
            yield (
                f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{name}. index hash key: {index_hash}, table hash key: {table_hash}"
            )
        yield from _projection_problems(index["Projection"])


def global_index_problems(index: Parameters, defined: Sequence[str], *, on_demand: bool) -> Iterator[str]:
    """What is wrong with one global index of a table to be made, or to be added to a table."""
    name, schema, throughput = index["IndexName"], index["KeySchema"], index.get("ProvisionedThroughput")
    yield from _global_key_problems(name, schema, defined)
    yield from _projection_problems(index["Projection"])
    if on_demand and throughput:
        yield (
            f"{INVALID}ProvisionedThroughput should not be specified for index: {name} when BillingMode is "
            "PAY_PER_REQUEST"
        )
    if not on_demand and not throughput:
        yield f"{INVALID}ProvisionedThroughput must be specified for index: {name}"
    if not on_demand and throughput:
        yield from throughput_bounds(throughput)


def _global_key_problems(index: str, schema: Schema, defined: Sequence[str]) -> Iterator[str]:
    kinds = [key["KeyType"] for key in schema]
    if len(schema) <= 2 and kinds.count("HASH") <= 1:
        yield from key_schema_problems(schema, defined)
        return
    names = [key["AttributeName"] for key in schema]
    yield from _undefined(names, defined)
    if len(set(names)) != len(names):
        yield f"{INVALID}Two keys of the index {index} have the same name. Keys: [{', '.join(names)}]"
    if kinds != sorted(kinds):
        yield "Invalid KeySchema: HASH key elements must stand before RANGE key elements"
    if "HASH" not in kinds:
        yield "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > MAX_KEYS_OF_A_KIND:
            yield f"{INVALID}Index {index} has more than {MAX_KEYS_OF_A_KIND} {kind} key attributes"


def _projection_problems(projection: Parameters) -> Iterator[str]:
    kind, named = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        yield f"{INVALID}Unknown ProjectionType: null"
    elif named is not None and kind != "INCLUDE":
        yield f"{INVALID}ProjectionType is {kind}, but NonKeyAttributes is specified"
    elif kind == "INCLUDE" and not named:
        yield f"{INVALID}ProjectionType is {kind}, but NonKeyAttributes is not specified"
    if kind == "INCLUDE" and named:
        yield from _included_problems(named)


def _included_problems(named: Sequence[str]) -> Iterator[str]:
    if len(named) > MAX_PROJECTED_PER_INDEX:
        yield f"{INVALID}Number of NonKeyAttributes exceeds the limit of {MAX_PROJECTED_PER_INDEX} per index"
    if len(set(named)) != len(named):
        yield f"{INVALID}Cannot have two attributes with the same name in NonKeyAttributes: [{', '.join(named)}]"
    for name in named:
        yield from _attribute_name_problem(name)


def stream_problems(specification: Parameters | None) -> Iterator[str]:
    """What is wrong with a StreamSpecification."""
    if not specification:
        return
    enabled, view = specification.get("StreamEnabled"), specification.get("StreamViewType")
    if enabled and not view:
        yield f"{INVALID}StreamViewType must be specified when StreamEnabled is true"
    if not enabled and view:
        yield f"{INVALID}StreamViewType must not be specified when StreamEnabled is false"
