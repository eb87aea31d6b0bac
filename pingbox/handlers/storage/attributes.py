"""DynamoDB's typed attribute values to Python's and back, without the Decimals of boto3's own serialiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """An item; members that are None are left out, empty sets too (DynamoDB has none)."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None and value != frozenset()}


def to_attribute(value: Any) -> dict[str, Any]:
    """One value: str, int, bool, a set of str, or a mapping of these. Raises `TypeError` for anything else."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case Mapping():
            return {"M": to_item(value)}
        case _:
            raise TypeError(f"no attribute for a {type(value).__name__}; expected str, int, bool, set or mapping")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item; numbers are ints."""
    return {name: from_attribute(value) for name, value in item.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """One value."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "SS":
            return frozenset(value)
        case "M":
            return from_item(value)
        case _:
            raise TypeError(f"an attribute of type {kind}; expected S, N, BOOL, SS or M")
