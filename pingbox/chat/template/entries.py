"""A template's parts as values, and the plain mapping they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.chat.template.intrinsics import Value


@dataclass(frozen=True)
class ResourceEntry:
    """One entry of `Resources`. `keep` None writes no policies; True is `Retain`, False an explicit `Delete`."""

    logical_id: str
    type: str
    properties: Mapping[str, Value]
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    keep: bool | None = None

    def entry(self) -> dict[str, Any]:
        """The mapping CloudFormation reads; absent attributes are left out."""
        policy = None if self.keep is None else ("Retain" if self.keep else "Delete")
        attributes = {
            "Type": self.type,
            "Condition": self.condition,
            "DependsOn": list(self.depends_on) or None,
            "DeletionPolicy": policy,
            "UpdateReplacePolicy": policy,
            "Properties": dict(self.properties),
        }
        return {name: value for name, value in attributes.items() if value is not None}


@dataclass(frozen=True)
class ParameterEntry:
    """One entry of `Parameters`."""

    name: str
    description: str
    default: str | int | None = None
    type: str = "String"
    constraints: Mapping[str, Value] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """The mapping CloudFormation reads. Without a default the deploy has to pass a value."""
        default = {} if self.default is None else {"Default": self.default}
        return {"Type": self.type, "Description": self.description, **default, **self.constraints}


@dataclass(frozen=True)
class OutputEntry:
    """One entry of `Outputs`."""

    name: str
    description: str
    value: Value

    def entry(self) -> dict[str, Any]:
        """The mapping CloudFormation reads."""
        return {"Description": self.description, "Value": self.value}


@dataclass(frozen=True)
class ChatTemplate:
    """A whole template; `document()` gives the mapping to be written as JSON or YAML."""

    description: str
    parameters: tuple[ParameterEntry, ...]
    conditions: Mapping[str, Value]
    resources: tuple[ResourceEntry, ...]
    outputs: tuple[OutputEntry, ...]

    def document(self) -> dict[str, Any]:
        """The template in CloudFormation's words, in a stable order: the same app gives the same bytes."""
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Parameters": {parameter.name: parameter.entry() for parameter in self.parameters},
            "Conditions": dict(self.conditions),
            "Resources": _unique(self.resources),
            "Outputs": {output.name: output.entry() for output in self.outputs},
        }


def _unique(resources: Iterable[ResourceEntry]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for resource in resources:
        if resource.logical_id in entries:
            raise ValueError(f"two resources are called {resource.logical_id!r}; a logical id must be unique")
        entries[resource.logical_id] = resource.entry()
    return entries
