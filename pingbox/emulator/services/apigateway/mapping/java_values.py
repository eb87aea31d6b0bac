"""Values as a mapping template sees them: Velocity is Java's, so `$name.trim()` and `$map.entrySet()` work (RR-13).

What is no method of Java's here is an error: printing nothing for it would hide what AWS does with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class NoSuchMethodError(ValueError):
    """A method that Java's value does not have, or that is not here."""


@dataclass(frozen=True)
class MapEntry:
    """One member of a map, as `entrySet()` has it."""

    key: str
    value: Any


def member(value: Any, name: str) -> Any:
    """`$value.name`: a map's member, an entry's key or value; nothing of anything else."""
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, MapEntry) and name in ("key", "value"):
        return getattr(value, name)
    if name == "empty" and isinstance(value, str | list | dict):  # isEmpty() as a Java bean has it
        return not value
    return None


def call(value: Any, name: str, arguments: list[Any]) -> Any:
    """`$value.name(arguments)`. Nothing of nothing. Raises `NoSuchMethodError`, or what the method raises."""
    if value is None:
        return None
    kind, methods = _methods_of(value)
    if name not in methods:
        raise NoSuchMethodError(f"{kind} has no method {name} here; there are: {', '.join(sorted(methods))}")
    return methods[name](value, *arguments)


def printed(value: Any) -> str:
    """As Java prints it."""
    return "" if value is None else _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key}={_text(item)}" for key, item in value.items()) + "}"
        case MapEntry(key, item):
            return f"{key}={_text(item)}"
        case _:
            return str(value)


# --- the methods ------------------------------------------------------------------------------------------------------

Method = Callable[..., Any]


def _methods_of(value: Any) -> tuple[str, Mapping[str, Method]]:
    match value:
        case bool():
            return "a boolean", _BOOLEAN
        case int() | float():
            return "a number", _NUMBER
        case str():
            return "a text", _TEXT
        case list():
            return "a list", _LIST
        case dict():
            return "a map", _MAP
        case MapEntry():
            return "a map's entry", _ENTRY
        case _:
            return f"a {type(value).__name__}", {}


def _substring(text: str, begin: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if not 0 <= begin <= end <= len(text):
        raise ValueError(f"substring({begin}, {end}) of a text of {len(text)} characters")
    return text[begin:end]


def _replacement(text: str) -> str:
    """Java's `$1` in Python's words."""
    return re.sub(r"\$(\d)", r"\\g<\1>", text.replace("\\", "\\\\"))


def _split(text: str, pattern: str, limit: int = 0) -> list[str]:
    parts = re.split(pattern, text, maxsplit=max(limit - 1, 0)) if limit != 1 else [text]
    while limit == 0 and len(parts) > 1 and parts[-1] == "":  # Java drops empty texts at the end
        parts.pop()
    return parts


def _add(values: list[Any], *arguments: Any) -> Any:
    if len(arguments) == 2:
        values.insert(*arguments)
        return None
    (value,) = arguments
    values.append(value)
    return True


def _add_all(values: list[Any], more: list[Any]) -> bool:
    values.extend(more)
    return bool(more)


def _set(values: list[Any], index: int, value: Any) -> Any:
    before, values[index] = values[index], value
    return before


def _remove(values: list[Any], which: Any) -> Any:
    if isinstance(which, int) and not isinstance(which, bool):
        return values.pop(which)
    found = which in values
    if found:
        values.remove(which)
    return found


def _put(members: dict[str, Any], key: str, value: Any) -> Any:
    before, members[key] = members.get(key), value
    return before


_EVERY: dict[str, Method] = {"toString": _text, "equals": lambda value, other: bool(value == other)}

_BOOLEAN = {**_EVERY, "booleanValue": lambda flag: flag}

_NUMBER: dict[str, Method] = {
    **_EVERY,
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "compareTo": lambda number, other: (number > other) - (number < other),
}

_TEXT: dict[str, Method] = {
    **_EVERY,
    "charAt": lambda text, at: text[at],
    "compareTo": lambda text, other: (text > other) - (text < other),
    "concat": lambda text, more: text + more,
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, part: text.endswith(part),
    "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
    "indexOf": lambda text, part, start=0: text.find(part, start),
    "isEmpty": lambda text: not text,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "length": len,
    "matches": lambda text, pattern: re.fullmatch(pattern, text) is not None,
    "replace": lambda text, old, new: text.replace(old, new),
    "replaceAll": lambda text, pattern, new: re.sub(pattern, _replacement(new), text),
    "replaceFirst": lambda text, pattern, new: re.sub(pattern, _replacement(new), text, count=1),
    "split": _split,
    "startsWith": lambda text, part: text.startswith(part),
    "substring": _substring,
    "toLowerCase": lambda text: text.lower(),
    "toUpperCase": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
}

_LIST: dict[str, Method] = {
    **_EVERY,
    "add": _add,
    "addAll": _add_all,
    "clear": lambda values: values.clear(),
    "contains": lambda values, value: value in values,
    "get": lambda values, index: values[index],
    "indexOf": lambda values, value: values.index(value) if value in values else -1,
    "isEmpty": lambda values: not values,
    "remove": _remove,
    "set": _set,
    "size": len,
    "subList": lambda values, begin, end: values[begin:end],
}

_MAP: dict[str, Method] = {
    **_EVERY,
    "clear": lambda members: members.clear(),
    "containsKey": lambda members, key: key in members,
    "containsValue": lambda members, value: value in members.values(),
    "entrySet": lambda members: [MapEntry(key, value) for key, value in members.items()],
    "get": lambda members, key: members.get(key),
    "getOrDefault": lambda members, key, other: members.get(key, other),
    "isEmpty": lambda members: not members,
    "keySet": list,
    "put": _put,
    "putAll": lambda members, more: members.update(more),
    "remove": lambda members, key: members.pop(key, None),
    "size": len,
    "values": lambda members: list(members.values()),
}

_ENTRY: dict[str, Method] = {**_EVERY, "getKey": lambda entry: entry.key, "getValue": lambda entry: entry.value}
