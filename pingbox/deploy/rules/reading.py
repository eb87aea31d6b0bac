"""How the rules read a template: resources by type, and which resource a value refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Resources = Mapping[str, Any]
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")


@dataclass(frozen=True)
class Finding:
    """One mistake: where, what is wrong, and what would be right."""

    rule: str
    logical_id: str
    text: str

    def __str__(self) -> str:
        """In one line."""
        return f"{self.logical_id}: {self.text} [{self.rule}]"


def of_type(resources: Resources, type_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Logical id and properties of every resource of the type."""
    for logical_id, resource in resources.items():
        if resource.get("Type") == type_name:
            yield logical_id, resource.get("Properties", {})


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


def integrated_function(resources: Resources, route: Mapping[str, Any]) -> str | None:
    """The function behind a route, by logical id, or None when that is not to be seen in the template."""
    targets = referred(route.get("Target"))
    for integration, properties in of_type(resources, "AWS::ApiGatewayV2::Integration"):
        if integration in targets:
            named = referred(properties.get("IntegrationUri"))
            return next((name for name, _ in of_type(resources, "AWS::Lambda::Function") if name in named), None)
    return None
