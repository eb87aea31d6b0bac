"""Update expressions: read once, then worked out against an item.

Every right-hand side sees the item as it was; then removals and settings are applied together (developer guide,
Expressions.UpdateExpressions). The item that is changed must be a copy of the caller's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Item, invalid
from pingbox.emulator.services.dynamodb.decimals import minus, plus
from pingbox.emulator.services.dynamodb.expressions.paths import (
    Names,
    Path,
    Placeholders,
    Steps,
    follow,
    read_path,
)
from pingbox.emulator.services.dynamodb.expressions.tokens import CountedError, Cursor, ExpressionError
from pingbox.emulator.services.dynamodb.schema import WrongKeyError

TYPE_NAMES = {
    "S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "M": "MAP", "L": "LIST",
    "SS": "STRING_SET", "NS": "NUMBER_SET", "BS": "BINARY_SET",
}  # fmt: skip

CONDITION_FUNCTIONS = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"}
)

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"
_BAD_PATH = "The document path provided in the update expression is invalid for update"


class Term(Protocol):
    """The right-hand side of a SET."""

    def value(self, item: Item, scope: Placeholders) -> AttributeValue: ...
    def parts(self) -> Iterator[Path | str]: ...


@dataclass(frozen=True)
class PathTerm:
    path: Path

    def value(self, item: Item, scope: Placeholders) -> AttributeValue:
        found = self.path.find(item, scope.names)
        if found is None:
            raise invalid(_MISSING)
        return found

    def parts(self) -> Iterator[Path | str]:
        yield self.path


@dataclass(frozen=True)
class ValueTerm:
    name: str

    def value(self, item: Item, scope: Placeholders) -> AttributeValue:
        return scope.values[self.name]

    def parts(self) -> Iterator[Path | str]:
        yield self.name


@dataclass(frozen=True)
class Sum:
    operator: str
    left: Term
    right: Term

    def value(self, item: Item, scope: Placeholders) -> AttributeValue:
        left, right = self.left.value(item, scope), self.right.value(item, scope)
        if "N" not in left or "N" not in right:
            raise invalid(_WRONG_TYPE)
        return {"N": (plus if self.operator == "+" else minus)(left["N"], right["N"])}

    def parts(self) -> Iterator[Path | str]:
        yield from self.left.parts()
        yield from self.right.parts()


@dataclass(frozen=True)
class IfNotExists:
    path: Path
    otherwise: Term

    def value(self, item: Item, scope: Placeholders) -> AttributeValue:
        found = self.path.find(item, scope.names)
        return self.otherwise.value(item, scope) if found is None else found

    def parts(self) -> Iterator[Path | str]:
        yield self.path
        yield from self.otherwise.parts()


@dataclass(frozen=True)
class ListAppend:
    first: Term
    second: Term

    def value(self, item: Item, scope: Placeholders) -> AttributeValue:
        first, second = self.first.value(item, scope), self.second.value(item, scope)
        if "L" not in first or "L" not in second:
            raise invalid(_WRONG_TYPE)
        return {"L": first["L"] + second["L"]}

    def parts(self) -> Iterator[Path | str]:
        yield from self.first.parts()
        yield from self.second.parts()


@dataclass(frozen=True)
class Update:
    """A whole update expression: its four sections, each action with the path it changes.

    `mismatch` is what is said of an operand that does not fit the attribute.
    """

    sets: tuple[tuple[Path, Term], ...] = ()
    removes: tuple[Path, ...] = ()
    adds: tuple[tuple[Path, str], ...] = ()
    deletes: tuple[tuple[Path, str], ...] = ()
    mismatch: str = _WRONG_TYPE

    @property
    def only_removes(self) -> bool:
        """Whether it can only take something away: such an update makes no item that is not there."""
        return bool(self.removes or self.deletes) and not self.sets and not self.adds

    def targets(self, names: Names) -> list[Steps]:
        """The resolved paths that are changed, in the order of the sections."""
        paths = [p for p, _ in self.sets] + list(self.removes) + [p for p, _ in self.adds + self.deletes]
        return [path.resolved(names) for path in paths]

    def parts(self) -> Iterator[Path | str]:
        for path, term in self.sets:
            yield path
            yield from term.parts()
        yield from self.removes
        for path, name in self.adds + self.deletes:
            yield path
            yield name

    def check_types(self, scope: Placeholders) -> None:
        """Refuse operands whose type is wrong whatever the item holds; raises `ExpressionError`."""
        for operator, actions, allowed in (
            ("ADD", self.adds, ("N", "SS", "NS", "BS")),
            ("DELETE", self.deletes, ("SS", "NS", "BS")),
        ):
            for _, name in actions:
                kind = next(iter(scope.values[name]))
                if kind not in allowed:
                    raise ExpressionError(
                        f"Incorrect operand type for operator or function; operator: {operator}, "
                        f"operand type: {TYPE_NAMES[kind]}, typeSet: ALLOWED_FOR_{operator}_OPERAND"
                    )
        for _, term in self.sets:
            _check_term_types(term, scope)

    def apply(self, old: Item, scope: Placeholders) -> Item:
        """The item after the update; `old` is not changed. Raises a `Refusal`."""
        names = scope.names
        changes: list[tuple[Steps, AttributeValue | None]] = [
            (path.resolved(names), term.value(old, scope)) for path, term in self.sets
        ]
        for path, name in self.adds:
            changes.append((path.resolved(names), _added(path.find(old, names), scope.values[name], self.mismatch)))
        for path, name in self.deletes:
            changes.append((path.resolved(names), _without(path.find(old, names), scope.values[name], self.mismatch)))
        changes += [(path.resolved(names), None) for path in self.removes]
        return changed(old, changes)


def _check_term_types(term: Term, scope: Placeholders) -> None:
    match term:
        case Sum(operator, left, right):
            for side in (left, right):
                _expect_type(side, ("N",), operator, scope)
        case ListAppend(first, second):
            for side in (first, second):
                _expect_type(side, ("L",), "list_append", scope)
        case IfNotExists(_, otherwise):
            _check_term_types(otherwise, scope)
        case _:
            pass


def _expect_type(term: Term, allowed: tuple[str, ...], operator: str, scope: Placeholders) -> None:
    if isinstance(term, ValueTerm):
        kind = next(iter(scope.values[term.name]))
        if kind not in allowed:
            raise ExpressionError(
                f"Incorrect operand type for operator or function; operator or function: {operator}, "
                f"operand type: {kind}"
            )
    _check_term_types(term, scope)


def _added(current: AttributeValue | None, value: AttributeValue, mismatch: str) -> AttributeValue:
    ((kind, content),) = value.items()
    if current is None:
        return value
    if kind not in current:
        raise invalid(mismatch)
    if kind == "N":
        return {"N": plus(current["N"], content)}
    return {kind: current[kind] + [member for member in content if member not in current[kind]]}


def _without(current: AttributeValue | None, value: AttributeValue, mismatch: str) -> AttributeValue | None:
    ((kind, content),) = value.items()
    if current is None:
        return None
    if kind not in current:
        raise invalid(mismatch)
    left = [member for member in current[kind] if member not in content]
    return {kind: left} if left else None  # there are no empty sets


def changed(old: Item, changes: list[tuple[Steps, AttributeValue | None]]) -> Item:
    """A copy of `old` with values set at paths, or taken away (None)."""
    new = dict(old)
    copied: set[str] = set()
    late: list[tuple[list[Any], int, AttributeValue | None]] = []
    for steps, value in changes:
        root = str(steps[0])
        if len(steps) == 1:
            if value is None:
                new.pop(root, None)
            else:
                new[root] = value
            continue
        if root not in new:
            raise invalid(_BAD_PATH)
        if root not in copied:
            new[root] = copy.deepcopy(new[root])
            copied.add(root)
        _change_inside(new[root], steps[1:], value, late)
    _change_lists(late)
    return new


def _change_inside(
    root: AttributeValue, steps: Steps, value: AttributeValue | None, late: list[tuple[list[Any], int, Any]]
) -> None:
    parent = follow(root, steps[:-1])
    last = steps[-1]
    if isinstance(last, str):
        members = None if parent is None else parent.get("M")
        if members is None:
            raise invalid(_BAD_PATH)
        if value is None:
            members.pop(last, None)
        else:
            members[last] = value
        return
    elements = None if parent is None else parent.get("L")
    if elements is None:
        raise invalid(_BAD_PATH)
    late.append((elements, last, value))


def _change_lists(late: list[tuple[list[Any], int, AttributeValue | None]]) -> None:
    """Positions mean the list as it was: first set and append in order of position, then remove from the back."""
    late.sort(key=lambda change: change[1])
    for elements, position, value in late:
        if value is not None and position < len(elements):
            elements[position] = value
    before = {id(elements): len(elements) for elements, _, _ in late}
    for elements, position, value in late:
        if value is not None and position >= before[id(elements)]:
            elements.append(value)
    for elements, position, value in reversed(late):
        if value is None and position < before[id(elements)]:
            del elements[position]


@lru_cache(maxsize=4096)
def parsed_update(text: str) -> Update:
    """The sections of an UpdateExpression; raises `ExpressionError`."""
    cursor = Cursor(text)
    sections: dict[str, Any] = {}
    while cursor.here.kind != "end":
        word = cursor.here.text.upper() if cursor.here.kind == "word" else ""
        if word not in ("SET", "REMOVE", "ADD", "DELETE"):
            raise cursor.error()
        cursor.next()
        if word in sections:
            raise CountedError(f'The "{word}" section can only be used once in an update expression;')
        actions = [_read_action(word, cursor)]
        while cursor.takes(","):
            actions.append(_read_action(word, cursor))
        sections[word] = tuple(actions)
    return Update(
        sections.get("SET", ()), sections.get("REMOVE", ()), sections.get("ADD", ()), sections.get("DELETE", ())
    )


def _read_action(section: str, cursor: Cursor) -> Any:
    path = read_path(cursor)
    if section == "SET":
        cursor.expect("=")
        return path, _read_term(cursor)
    if section == "REMOVE":
        return path
    if cursor.here.kind != "value":
        raise cursor.error()
    return path, cursor.next().text


def _read_term(cursor: Cursor) -> Term:
    left = _read_part(cursor, whole=True)
    if cursor.sees("+", "-"):
        return Sum(cursor.next().text, left, _read_part(cursor, whole=False))
    return left


def _read_part(cursor: Cursor, *, whole: bool) -> Term:
    """An operand, alone or in brackets; with `whole` the brackets may hold a sum, and then nothing is added to it."""
    if not cursor.takes("("):
        return _read_operand(cursor)
    if cursor.sees("("):
        raise ExpressionError("The expression has redundant parentheses;")
    left = _read_operand(cursor)
    if whole and cursor.sees("+", "-"):
        left = Sum(cursor.next().text, left, _read_operand(cursor))
    cursor.expect(")")
    if isinstance(left, Sum) and cursor.sees("+", "-"):
        raise cursor.error()
    return left


def _read_operand(cursor: Cursor) -> Term:
    """A value, a path or a function; functions may stand in functions, sums may not."""
    if cursor.here.kind == "value":
        return ValueTerm(cursor.next().text)
    if not cursor.sees_call():
        return PathTerm(read_path(cursor))
    name = cursor.next().text
    if name == "size" or name in CONDITION_FUNCTIONS:
        raise ExpressionError(f"The function is not allowed in an update expression; function: {name}")
    if name not in ("if_not_exists", "list_append"):
        raise ExpressionError(f"Invalid function name; function: {name}")
    cursor.expect("(")
    operands = [_read_argument(cursor)]
    while cursor.takes(","):
        operands.append(_read_argument(cursor))
    cursor.expect(")")
    if len(operands) != 2:
        raise ExpressionError(
            f"Incorrect number of operands for operator or function; operator or function: {name}, "
            f"number of operands: {len(operands)}"
        )
    if name == "list_append":
        return ListAppend(operands[0], operands[1])
    if not isinstance(operands[0], PathTerm):
        raise ExpressionError(f"Operator or function requires a document path; operator or function: {name}")
    return IfNotExists(operands[0].path, operands[1])


def _read_argument(cursor: Cursor) -> Term:
    bracket = cursor.takes("(")
    operand = _read_operand(cursor)
    if bracket:
        cursor.expect(")")
    if isinstance(operand, ListAppend):
        raise ExpressionError("The function is not allowed to be used this way in an expression; function: list_append")
    return operand


def refuse_key_changes(update: Update, names: Names, key_names: frozenset[str]) -> None:
    """Raise a `Refusal` when the update would change an attribute of the item's key."""
    for target in update.targets(names):
        if target[0] in key_names:
            raise WrongKeyError(
                f"One or more parameter values were invalid: Cannot update attribute {target[0]}. "
                "This attribute is part of the key"
            )
