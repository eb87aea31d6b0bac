"""What a serverless.yml is compiled into: a CloudFormation template that remembers where its parts come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.model.app import Ignored
from pingbox.model.findings import SourcePosition
from pingbox.templates.document import KeyPath
from pingbox.templates.errors import TemplateError


@dataclass(frozen=True)
class ServerlessService:
    """The service, its stage and region."""

    name: str
    stage: str
    region: str


@dataclass
class Compiled:
    """A template under construction. `origins` maps a path in it to the path in serverless.yml it was made from."""

    template: dict[str, Any] = field(default_factory=lambda: {"Resources": {}})
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    ignored: list[Ignored] = field(default_factory=list)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters that the file's `resources` declare."""
        found = self.template.get("Parameters")
        return found if isinstance(found, Mapping) else {}

    def add(self, logical_id: str, type_: str, properties: dict[str, Any], origin: KeyPath) -> None:
        """Add a resource; properties that are None are left out."""
        present = {name: value for name, value in properties.items() if value is not None}
        self.template["Resources"][logical_id] = {"Type": type_, "Properties": present}
        self.origins[("Resources", logical_id)] = origin


def as_map(value: Any, place: SourcePosition, name: str) -> Mapping[str, Any]:
    """A map, empty for None. Raises TemplateError for anything else."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise TemplateError(
        f"{name} is not a map",
        place=place,
        logical_id=name,
        received=value,
        expected="a map of names",
        next_step="check its indentation",
    )


def as_list(value: Any, place: SourcePosition, name: str) -> list[Any]:
    """A list, empty for None. Raises TemplateError for anything else."""
    if value is None or isinstance(value, list):
        return value or []
    raise TemplateError(
        f"{name} is not a list",
        place=place,
        logical_id=name,
        received=value,
        expected="a list",
        next_step="begin each of its items with a dash",
    )


def logical_id(name: str) -> str:
    """The framework's spelling of a name in logical ids: `send-message` is `SendDashmessage`, `$connect` `Sconnect`."""
    text = name.replace("-", "Dash").replace("_", "Underscore").replace("$", "S")
    cleaned = re.sub(r"[^0-9A-Za-z]", "", text)
    return cleaned[:1].upper() + cleaned[1:]
