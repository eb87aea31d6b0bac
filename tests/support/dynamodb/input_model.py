"""What requests may hold, from botocore's model of DynamoDB: `python -m support.dynamodb.input_model` in `tests`.

It writes the input shapes of the operations that the emulator answers. AWS lists the values of an enumeration, and
the members of a request, in an order of its own; where observed answers show that order, it stands here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session

from pingbox.emulator.services.dynamodb import validation
from pingbox.emulator.services.dynamodb.moto.engine import OPERATIONS
from pingbox.emulator.services.dynamodb.streams.operations import OPERATIONS as STREAM_OPERATIONS

FILE = Path(validation.__file__).with_name("input_model.json")

_ENUMS = {
    "ReturnConsumedCapacity": ["INDEXES", "TOTAL", "NONE"],
    "ReturnValue": ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"],
    "Select": ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"],
    "ReturnItemCollectionMetrics": ["SIZE", "NONE"],
    "ScalarAttributeType": ["B", "N", "S"],
    "ProjectionType": ["ALL", "INCLUDE", "KEYS_ONLY"],
    "ConditionalOperator": ["OR", "AND"],
    "ComparisonOperator": [
        *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE"),
        "CONTAINS",
    ],
}

_FIRST = {
    "PutItemInput": ["ReturnConsumedCapacity", "TableName", "Item"],
    "UpdateItemInput": ["ReturnConsumedCapacity", "TableName", "ReturnItemCollectionMetrics", "ReturnValues", "Key"],
    "DeleteItemInput": ["ReturnConsumedCapacity", "TableName", "ReturnValues", "ReturnItemCollectionMetrics", "Key"],
    "GetItemInput": ["ReturnConsumedCapacity", "AttributesToGet", "TableName", "Key"],
    "QueryInput": ["Select", "IndexName", "ReturnConsumedCapacity", "QueryFilter", "TableName"],
    "ScanInput": ["Select", "IndexName", "TotalSegments", "ReturnConsumedCapacity", "TableName"],
    "CreateTableInput": ["AttributeDefinitions", "TableName", "BillingMode", "ProvisionedThroughput", "KeySchema"],
    "ProvisionedThroughput": ["WriteCapacityUnits", "ReadCapacityUnits"],
}


def input_model() -> dict[str, Any]:
    """`operations` (name to shape) and `shapes` (name to type, constraints and members)."""
    service = botocore.session.get_session().get_service_model("dynamodb")
    shapes: dict[str, Any] = {}
    operations = {}
    for name in sorted(OPERATIONS):
        shape = service.operation_model(name).input_shape
        operations[name] = shape.name
        _add(shapes, shape)
    streams = botocore.session.get_session().get_service_model("dynamodbstreams")
    for name in sorted(STREAM_OPERATIONS):
        shape = streams.operation_model(name).input_shape
        operations[name] = shape.name
        _add(shapes, shape)
    return {"operations": operations, "shapes": shapes}


def _add(shapes: dict[str, Any], shape: Any) -> None:
    if shape.name in shapes or shape.name == "AttributeValue":
        return
    told = shapes[shape.name] = {"type": shape.type_name}
    told |= {name: shape.metadata[name] for name in ("min", "max", "pattern") if name in shape.metadata}
    inner: list[Any] = []
    if shape.type_name == "structure":
        names = sorted(shape.members, key=lambda name: _order(shape, name))
        told["members"] = {name: shape.members[name].name for name in names}
        told["required"] = list(shape.required_members)
        inner = list(shape.members.values())
    elif shape.type_name == "list":
        told["member"] = shape.member.name
        inner = [shape.member]
    elif shape.type_name == "map":
        told["value"] = shape.value.name
        inner = [shape.value]
    elif getattr(shape, "enum", None):
        told["enum"] = _ENUMS.get(shape.name, list(shape.enum))
    for one in inner:
        _add(shapes, one)


def _order(shape: Any, name: str) -> tuple[int, int]:
    first = _FIRST.get(shape.name, [])
    return (0, first.index(name)) if name in first else (1, list(shape.members).index(name))


def write() -> None:
    model = input_model()
    lines = [f'"{name}": {json.dumps(shape)}' for name, shape in sorted(model["shapes"].items())]
    operations = json.dumps(model["operations"], indent=1)
    FILE.write_text(f'{{"operations": {operations},\n"shapes": {{\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    write()
