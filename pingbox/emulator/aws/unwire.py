"""DynamoDB's wire JSON as botocore would parse it, without walking what needs no change.

botocore's parser visits every attribute of every item. All it changes is: binary becomes bytes, timestamps become
datetimes, and members that the model does not know are dropped. Items without binary are passed on as they are.
"""

from __future__ import annotations

import base64
from typing import Any


def parsed_output(shape: Any, body: dict[str, Any]) -> dict[str, Any]:
    """`body` as botocore's JSON parser would hand it on; `shape` is the operation's output shape, or None."""
    if shape is None:
        return {}
    members = shape.members
    return {
        name: _parsed(members[name], value) for name, value in body.items() if name in members and value is not None
    }


def _parsed(shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue":
        return _attribute(value)
    kind = shape.type_name
    if kind == "structure":
        return parsed_output(shape, value)
    if kind == "list":
        return [_parsed(shape.member, one) for one in value]
    if kind == "map":
        if shape.value.name == "AttributeValue":
            return _item(value)
        return {name: _parsed(shape.value, one) for name, one in value.items()}
    if kind == "timestamp":
        from botocore.utils import parse_timestamp

        return parse_timestamp(value)
    return base64.b64decode(value) if kind == "blob" else value


def _item(item: dict[str, Any]) -> dict[str, Any]:
    for value in item.values():
        for kind in value:
            if kind in _MAY_HOLD_BINARY:
                return {name: _attribute(one) for name, one in item.items()}
    return item


_MAY_HOLD_BINARY = frozenset({"B", "BS", "M", "L"})


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    for kind, content in value.items():
        if kind == "B":
            return {"B": base64.b64decode(content)}
        if kind == "BS":
            return {"BS": [base64.b64decode(one) for one in content]}
        if kind == "M":
            return {"M": _item(content)}
        if kind == "L":
            return {"L": [_attribute(one) for one in content]}
    return value
