"""The sections of a template as they are written: found, and of the shape that everything else relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError

LOOP = "Fn::ForEach::"
"""Begins the name of a loop that stands among resources; what it makes is known to CloudFormation only."""


def section(document: Document, root: Any, path: KeyPath) -> Mapping[str, Any]:
    """The template itself (path empty) or one of its sections; empty when absent. Raises TemplateError unless a map."""
    value = root.get(path[0]) if path else root
    if value is None and path:
        return {}
    if not isinstance(value, Mapping):
        raise TemplateError(
            f"{path[0] if path else 'the template'} is not a map",
            place=document.place(path),
            received=value,
            expected="a map of names",
            next_step="check the indentation; a template starts with Resources at its left margin",
        )
    return value


def written_resources(document: Document, *, loops: bool = False) -> Mapping[str, Any]:
    """Logical id -> resource, whether its condition holds or not; each is a map with a Type.

    `loops`: leave out loops over resources, else they are refused. Raises TemplateError.
    """
    entries = section(document, section(document, document.root, ()), ("Resources",))
    resources = {name: raw for name, raw in entries.items() if not (loops and str(name).startswith(LOOP))}
    for logical_id, raw in resources.items():
        if not isinstance(raw, Mapping) or not isinstance(raw.get("Type"), str):
            raise _no_resource(document, str(logical_id), raw)
    return resources


def _no_resource(document: Document, logical_id: str, raw: object) -> TemplateError:
    if logical_id.startswith(("Fn::ForEach", "Fn::Transform")):
        loop = "loops over resources (Fn::ForEach)" if "ForEach" in logical_id else "macros (Fn::Transform)"
        message, next_step, only_here = f"{loop} are not emulated", "write the resources out", True
    else:
        message, next_step, only_here = "is not a resource", "give it a Type, or move it out of Resources", False
    return TemplateError(
        message,
        place=document.place(("Resources", logical_id)),
        logical_id=logical_id,
        received=raw,
        expected="a map with a Type",
        next_step=next_step,
        only_here=only_here,
    )
