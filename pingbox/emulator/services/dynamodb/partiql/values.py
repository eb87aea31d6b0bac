"""Literals of statements: strings, numbers, booleans, null, lists, maps, sets, and `?` for a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pingbox.emulator.services.dynamodb.answers import AttributeValue, invalid
from pingbox.emulator.services.dynamodb.partiql.tokens import PartiqlCursor
from pingbox.emulator.services.dynamodb.values import checked

MAX_DEPTH = 64  # values deeper than 32 levels are refused by `checked`; this keeps Python's own stack


@dataclass(frozen=True)
class Parameter:
    """A `?`: the value at this position of the request's Parameters."""

    position: int


class Literals:
    """The literals of one statement, each under a placeholder; the trees hold the placeholders."""

    def __init__(self) -> None:
        self.templates: dict[str, Any] = {}
        self.parameters = 0
        self._parameters_down_to = -1

    def keep(self, template: Any) -> str:
        """A placeholder for a literal or a parameter."""
        name = f":{len(self.templates)}"
        self.templates[name] = template
        return name

    def read_item(self, cursor: PartiqlCursor) -> Any:
        """The template of an item: its attributes may be parameters."""
        self._parameters_down_to = 0
        item = self.read(cursor)
        self._parameters_down_to = -1
        return item

    def read(self, cursor: PartiqlCursor, depth: int = 0) -> Any:
        """The template of the literal that is next: an attribute value with `Parameter`s in it."""
        if depth > MAX_DEPTH:
            raise invalid("Nesting Levels have exceeded supported limits")
        if cursor.takes("?"):
            self.parameters += 1
            return Parameter(self.parameters - 1)
        if cursor.takes("["):
            return {"L": self._several(cursor, "]", depth)}
        if cursor.takes("<<"):
            return _set_of(self._several(cursor, ">>", depth))
        if cursor.takes("{"):
            return {"M": self._members(cursor, depth)}
        return _scalar(cursor)

    def _several(self, cursor: PartiqlCursor, end: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not cursor.takes(end):
            if found:
                cursor.expect(",")
            found.append(self._inner(cursor, depth))
        return found

    def _inner(self, cursor: PartiqlCursor, depth: int) -> Any:
        """A value in a list, a set or a map; only the item of an INSERT takes parameters there."""
        if cursor.sees("?") and depth > self._parameters_down_to:
            raise invalid("Unsupported data type: Parameter")
        return self.read(cursor, depth + 1)

    def _members(self, cursor: PartiqlCursor, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not cursor.takes("}"):
            if found:
                cursor.expect(",")
            if cursor.here.kind != "text":
                raise invalid(f"Tuple keys must be of type String. Actual: {cursor.here.text}")
            name = cursor.next().text
            cursor.expect(":")
            found[name] = self._inner(cursor, depth)
        return found


def sees_literal(cursor: PartiqlCursor) -> bool:
    """Whether a literal is next, and not a path."""
    return (
        cursor.here.kind in ("text", "number")
        or cursor.sees("?", "[", "<<", "{", "-", "+")
        or cursor.sees_word("TRUE", "FALSE", "NULL")
    )


def _scalar(cursor: PartiqlCursor) -> AttributeValue:
    if cursor.here.kind == "text":
        return {"S": cursor.next().text}
    if cursor.takes_word("NULL"):
        return {"NULL": True}
    if cursor.sees_word("TRUE", "FALSE"):
        return {"BOOL": cursor.next().text.upper() == "TRUE"}
    minus = cursor.takes("-")
    if not minus:
        cursor.takes("+")
    if cursor.here.kind != "number":
        raise cursor.malformed()
    return {"N": ("-" if minus else "") + cursor.next().text}


def _set_of(members: list[Any]) -> AttributeValue:
    if not members:
        raise invalid("Empty bags are not supported")
    kinds = {next(iter(member)) if isinstance(member, dict) else "?" for member in members}
    if kinds not in ({"S"}, {"N"}):
        raise invalid("Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags")
    (kind,) = kinds
    return {f"{kind}S": [member[kind] for member in members]}


def filled(template: Any, parameters: Sequence[Any]) -> AttributeValue:
    """The attribute value of a template, its parameters put in and checked."""
    return checked(_filled(template, parameters))


def _filled(template: Any, parameters: Sequence[Any]) -> Any:
    if isinstance(template, Parameter):
        return parameters[template.position]
    if "L" in template:
        return {"L": [_filled(member, parameters) for member in template["L"]]}
    if "M" in template:
        return {"M": {name: _filled(member, parameters) for name, member in template["M"].items()}}
    return template
