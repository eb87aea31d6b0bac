"""DynamoDB tables of a template, as the arguments of `create_table`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.model.app import Table
from pingbox.templates.cloudformation.resources.table_rules import check_capacity, check_indexes, check_rules
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.findings import Findings

_INDEX_MEMBERS = ("IndexName", "KeySchema", "Projection")


def read_tables(stack: TemplateStack, findings: Findings) -> tuple[Table, ...]:
    """Every table, with its indexes and its TTL attribute. Raises TemplateError for one DynamoDB would not create."""
    resources = stack.of_type("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
    return tuple(_table(resource, findings) for resource in resources)


def _table(resource: Resource, findings: Findings) -> Table:
    parameters: dict[str, Any] = {
        "TableName": resource.ref,
        "KeySchema": _maps(resource, "KeySchema", resource.get("KeySchema")),
        "AttributeDefinitions": _maps(resource, "AttributeDefinitions", resource.get("AttributeDefinitions")),
        # Capacity costs nothing here, and on demand is the only mode every template's indexes agree with.
        "BillingMode": "PAY_PER_REQUEST",
    }
    for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes = [_index(resource, name, item) for item in resource.items(name)]
        if indexes:
            parameters[name] = indexes
    view = resource.mapping("StreamSpecification").get("StreamViewType")
    if view:
        parameters["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": str(view)}
    _check_keys(resource, parameters)
    check_indexes(resource, parameters)
    check_rules(resource, parameters)
    check_capacity(resource, findings)
    return Table(resource.logical_id, parameters, _ttl(resource))


def _index(resource: Resource, name: str, index: Any) -> dict[str, Any]:
    if not isinstance(index, Mapping) or "IndexName" not in index:
        raise resource.wrong(name, index, "indexes with an IndexName")
    members = {key: index[key] for key in _INDEX_MEMBERS if key in index}
    _maps(resource, name, index.get("KeySchema"))
    return {"Projection": {"ProjectionType": "ALL"}, **members}


def _maps(resource: Resource, name: str, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise resource.wrong(name, value, "a list of maps, each with an AttributeName")
    return value


def _check_keys(resource: Resource, parameters: Mapping[str, Any]) -> None:
    defined = {str(item.get("AttributeName")) for item in parameters["AttributeDefinitions"]}
    schemas = [parameters["KeySchema"]]
    for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        schemas.extend(index.get("KeySchema", []) for index in parameters.get(name, []))
    used = {str(key.get("AttributeName")) for schema in schemas for key in schema}
    if not parameters["KeySchema"]:
        raise resource.wrong("KeySchema", None, "a KeySchema with a HASH key")
    if used != defined:
        raise resource.wrong(
            "AttributeDefinitions",
            ", ".join(sorted(defined)) or "none",
            f"exactly the attributes of the keys and indexes: {', '.join(sorted(used))}",
            "define each key attribute, and only those, as DynamoDB demands",
        )


def _ttl(resource: Resource) -> str | None:
    ttl = resource.mapping("TimeToLiveSpecification")
    enabled = str(ttl.get("Enabled", False)).lower() == "true"
    return str(ttl["AttributeName"]) if enabled and "AttributeName" in ttl else None
