"""How the rules read a template: resources by type, and which resource a value refers to.

The rules judge what is written, references included, because they ask who is meant: a mapping with long-form functions.
Nothing here trusts the shape of a value: whatever somebody mistyped is somebody else's to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Resources = Mapping[str, Mapping[str, Any]]
"""Logical id -> resource, of one template."""

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Broken:
    """One place where a rule is broken: the resource, what is wrong, and what would be right."""

    rule: str
    logical_id: str
    text: str


def of_type(resources: Resources, type_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Logical id and properties of every resource of the type."""
    for logical_id, resource in resources.items():
        if resource.get("Type") == type_name:
            yield logical_id, mapping(resource, "Properties")


def mapping(value: Any, *names: str) -> Mapping[str, Any]:
    """The map at the end of these members; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _NOTHING


def referred(value: Any) -> set[str]:
    """Logical ids anywhere inside the value: by Ref, GetAtt or a Sub's variables."""
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case {"Fn::GetAtt": str(name)}:
            return {name.split(".")[0]}
        case {"Fn::Sub": str(text)}:
            return set(_VARIABLE.findall(text))
        case {"Fn::Sub": [str(text), *variables]}:
            return set(_VARIABLE.findall(text)) | referred(variables)
        case Mapping():
            return {name for part in value.values() for name in referred(part)}
        case list() | tuple():
            return {name for part in value for name in referred(part)}
    return set()


def text_of(value: Any) -> str:
    """The literal text of a value with its variables left in: of a Sub, a Join or plain text; else empty."""
    match value:
        case str():
            return value
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            return text
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(text_of(part) or "${?}" for part in parts)
    return ""


def items(value: Any) -> list[Any]:
    """A value that may stand alone or in a list, as a list; None is the empty list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def maps(value: Any) -> list[Mapping[str, Any]]:
    """The maps among `items`."""
    return [item for item in items(value) if isinstance(item, Mapping)]


def is_true(value: Any) -> bool:
    """A boolean of either spelling."""
    return value in (True, "true")
