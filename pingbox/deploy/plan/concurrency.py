"""How much of the account's concurrency a template reserves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FUNCTIONS = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
_PROPERTY = "ReservedConcurrentExecutions"


def reserved_concurrency(template: Mapping[str, Any], settings: Mapping[str, str], *, deployed: bool = False) -> int:
    """The sum over the functions that reserve some; what depends on more than parameters counts nothing.

    `settings` are the values of parameters, by name. `deployed`: they are those of the running stack, so a number that
    is written out in the template and a default count nothing: the stack may not have them yet.
    """
    entries = [entry for entry in template.get("Resources", {}).values() if isinstance(entry, Mapping)]
    values = [entry.get("Properties", {}).get(_PROPERTY) for entry in entries if entry.get("Type") in _FUNCTIONS]
    defaults = {} if deployed else _defaults(template)
    return sum(_number(value, {**defaults, **settings}, literal=not deployed) for value in values)


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    declared = template.get("Parameters", {}).items()
    return {
        name: str(entry["Default"]) for name, entry in declared if isinstance(entry, Mapping) and "Default" in entry
    }


def _number(value: Any, settings: Mapping[str, str], *, literal: bool) -> int:
    match value:
        case {"Ref": str(name)}:
            return _whole(settings.get(name, ""))
        case {"Fn::If": [_, first, second]}:
            # The chat writes: the parameter if it is set, else no value.
            return max(_number(first, settings, literal=literal), _number(second, settings, literal=literal))
        case int() | str() if literal:
            return _whole(str(value))
    return 0


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0
