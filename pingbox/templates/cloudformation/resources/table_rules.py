"""What DynamoDB demands of a table's keys, indexes and capacity beyond the shape of the values.

Source: the API reference of CreateTable, and the table `AWS::DynamoDB::Table` of the CloudFormation guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pingbox.templates.cloudformation.stack import Resource
from pingbox.templates.findings import Findings

_TYPES = ("S", "N", "B")
_PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")
_MOST = {"GlobalSecondaryIndexes": 20, "LocalSecondaryIndexes": 5}


def check_indexes(resource: Resource, parameters: Mapping[str, Any]) -> None:
    """Raise TemplateError for keys or indexes that CreateTable refuses."""
    _check_types(resource, parameters["AttributeDefinitions"])
    _check_schema(resource, "KeySchema", parameters["KeySchema"])
    names: set[str] = set()
    for kind, most in _MOST.items():
        indexes = parameters.get(kind, ())
        if len(indexes) > most:
            raise resource.wrong(kind, f"{len(indexes)} indexes", f"at most {most}")
        for index in indexes:
            if index["IndexName"] in names:
                raise resource.wrong(kind, index["IndexName"], "a name that no other index of the table has")
            names.add(index["IndexName"])
            if kind == "LocalSecondaryIndexes" or len(index.get("KeySchema", ())) < 2:
                _check_schema(resource, kind, index.get("KeySchema", ()))
            _check_projection(resource, kind, index["Projection"])
    for index in parameters.get("LocalSecondaryIndexes", ()):
        _check_local(resource, parameters["KeySchema"], index.get("KeySchema", ()))


def check_rules(resource: Resource, parameters: Mapping[str, Any]) -> None:
    """Raise TemplateError for whatever else the local DynamoDB, and AWS's, refuse: they have one set of rules."""
    # Loads the engine's package: only templates with tables pay for it.
    from pingbox.emulator.services.dynamodb.validation.table_rules import table_problems

    named = parameters if resource.has("TableName") else {**parameters, "TableName": "generated-by-aws"}
    for problem in table_problems(named):
        about = _property_of(problem, parameters)
        raise resource.wrong(about, _shown(parameters.get(about)), f"a table that AWS makes; it answers: {problem}")


def _property_of(problem: str, parameters: Mapping[str, Any]) -> str:
    """The property that a sentence of DynamoDB's is about."""
    lower = problem.lower()
    for words, name in (
        ("tablename", "TableName"),
        ("stream", "StreamSpecification"),
        ("attributedefinitions", "AttributeDefinitions"),
        ("local", "LocalSecondaryIndexes"),
        ("index", "GlobalSecondaryIndexes"),
        ("projection", "GlobalSecondaryIndexes"),
        ("nonkeyattributes", "GlobalSecondaryIndexes"),
    ):
        if words in lower and name in parameters:
            return name
    return "KeySchema"


def _shown(value: Any) -> str:
    """A property in a few words: the names that stand in it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(one.get("IndexName") or one.get("AttributeName")) for one in value) or "none"
    return str(value)


def check_capacity(resource: Resource, findings: Findings) -> None:
    """Capacity costs nothing here; AWS refuses a table whose capacity is half said."""
    if resource.type != "AWS::DynamoDB::Table":
        return
    on_demand = resource.text("BillingMode") == "PAY_PER_REQUEST"
    for index in resource.items("GlobalSecondaryIndexes"):
        if on_demand == ("ProvisionedThroughput" in index):
            told = (
                "has ProvisionedThroughput, and the table is on demand" if on_demand else "has no ProvisionedThroughput"
            )
            place, name = resource.place, index.get("IndexName")
            findings.warn(place, f"{resource.logical_id}: its index {name} {told}; AWS refuses to create it")
    if on_demand and resource.has("ProvisionedThroughput"):
        problem = "has both BillingMode PAY_PER_REQUEST and ProvisionedThroughput"
    elif not on_demand and not resource.has("ProvisionedThroughput"):
        problem = "has neither BillingMode PAY_PER_REQUEST nor ProvisionedThroughput"
    else:
        return
    findings.warn(resource.place, f"{resource.logical_id}: {problem}; AWS refuses to create it")


def _check_types(resource: Resource, definitions: Sequence[Mapping[str, Any]]) -> None:
    for definition in definitions:
        if definition.get("AttributeType") not in _TYPES:
            received = f"{definition.get('AttributeName')}: {definition.get('AttributeType')}"
            raise resource.wrong("AttributeDefinitions", received, "the AttributeType S, N or B for every attribute")


def _check_schema(resource: Resource, name: str, schema: Sequence[Mapping[str, Any]]) -> None:
    roles = [key.get("KeyType") for key in schema]
    if roles not in (["HASH"], ["HASH", "RANGE"]):
        received = ", ".join(f"{key.get('AttributeName')} {key.get('KeyType')}" for key in schema) or "no keys"
        raise resource.wrong(name, received, "one HASH key, and at most one RANGE key after it")


def _check_local(resource: Resource, table: Sequence[Mapping[str, Any]], index: Sequence[Mapping[str, Any]]) -> None:
    hash_key = table[0].get("AttributeName")
    if len(table) < 2 or len(index) < 2 or index[0].get("AttributeName") != hash_key:
        received = ", ".join(str(key.get("AttributeName")) for key in index)
        expected = f"the table's HASH key {hash_key} and another RANGE key, on a table that has a RANGE key, too"
        raise resource.wrong("LocalSecondaryIndexes", received, expected)


def _check_projection(resource: Resource, kind: str, projection: Any) -> None:
    given = projection if isinstance(projection, Mapping) else {}
    type_ = given.get("ProjectionType", "ALL")
    if type_ not in _PROJECTIONS:
        raise resource.wrong(kind, type_, f"the ProjectionType {', '.join(_PROJECTIONS)}")
    if (type_ == "INCLUDE") != bool(given.get("NonKeyAttributes")):
        raise resource.wrong(kind, f"ProjectionType {type_}", "NonKeyAttributes with INCLUDE, and only there")
