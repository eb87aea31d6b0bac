"""The expressions of one request: parsed, their placeholders looked up, and none left over.

Parsed expressions are kept by their text, so that the second request of a kind pays only for looking.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pingbox.emulator.services.dynamodb.answers import COUNTED, AttributeValue, Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.expressions.condition_grammar import parsed_condition
from pingbox.emulator.services.dynamodb.expressions.conditions import (
    Condition,
    Operand,
    PathOperand,
    ValueOperand,
    in_order,
)
from pingbox.emulator.services.dynamodb.expressions.key_conditions import operands_of
from pingbox.emulator.services.dynamodb.expressions.legacy import (
    LEGACY,
    condition_of,
    projected_names,
    refuse_mixture,
    update_of,
)
from pingbox.emulator.services.dynamodb.expressions.paths import Path, Placeholders, refuse_overlaps, shown
from pingbox.emulator.services.dynamodb.expressions.projections import Projection, parsed_projection, projection
from pingbox.emulator.services.dynamodb.expressions.tokens import CountedError, ExpressionError
from pingbox.emulator.services.dynamodb.expressions.updates import Update, parsed_update
from pingbox.emulator.services.dynamodb.values import EMPTY_SET, checked_item

EXPRESSION_LIMIT = 4096

_LEGACY = frozenset({*LEGACY, "KeyConditions"})
_PLACEHOLDER = re.compile(r"[#:][0-9a-zA-Z_]+")

_TYPES = ("N", "BS", "L", "B", "NULL", "M", "S", "SS", "NS", "BOOL")

_TYPED = frozenset({"<", "<=", ">", ">=", "BETWEEN", "begins_with", "size", "attribute_type"})
_ALLOWED = {"begins_with": ("S", "B"), "size": ("S", "B", "SS", "NS", "BS", "L", "M")}

T = TypeVar("T")


@dataclass(frozen=True)
class Parsed(Generic[T]):
    """A tree, the placeholders it uses, and its tests of fixed values that can fail before any item is read."""

    tree: T
    names: frozenset[str]
    values: frozenset[str]
    fixed: tuple[tuple[str, tuple[Operand, ...]], ...] = ()
    compared: tuple[tuple[str, tuple[Path, ...]], ...] = ()


class Expressions:
    """What one request (or one member of a transaction) says in expressions.

    Ask for each expression it may have, then call `finish`, which refuses placeholders that nobody used.
    """

    def __init__(self, request: Request, *, counted: bool = False) -> None:
        """`counted`: AWS begins some refusals of single writes with the number of errors, and of nothing else."""
        self._request = request
        self._prefix = COUNTED if counted else ""
        self._legacy = not _LEGACY.isdisjoint(request)
        if self._legacy:
            refuse_mixture(request)
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        if names is not None:
            _check_placeholders("Names", "#", names, self._prefix)
        if values is not None:
            _check_placeholders("Values", ":", values, self._prefix)
        self._values: dict[str, Any] = dict(_checked_values(values)) if values else {}
        self.scope = Placeholders(names or {}, self._values)
        self._unused_names = set(self.scope.names)
        self._unused_values = set(self.scope.values)
        self._any = False

    def condition(self, kind: str) -> Condition | None:
        """The tree of a `ConditionExpression`, `FilterExpression` or `KeyConditionExpression`, None without one."""
        found = self._parsed(kind, _condition)
        if found is None:
            return condition_of(self._request, kind, self._keep) if self._legacy else None
        for operator, operands in found.fixed:
            if operator == "attribute_type":
                self._check_type_name(kind, operands[1])
            else:
                self._check_fixed(kind, operator, operands)
        for operator, paths in found.compared:
            self._check_distinct(kind, operator, paths)
        return found.tree

    def update(self) -> Update | None:
        """The tree of the `UpdateExpression`; refused when it changes one path twice."""
        found = self._parsed("UpdateExpression", _update)
        if found is None:
            return update_of(self._request, self._keep) if self._legacy else None
        try:
            found.tree.check_types(self.scope)
            refuse_overlaps(found.tree.targets(self.scope.names))
        except ExpressionError as problem:
            raise self._refusal("UpdateExpression", problem) from None
        return found.tree

    def projection(self) -> Projection | None:
        found = self._parsed("ProjectionExpression", _projection)
        if found is None:
            names = tuple(projected_names(self._request)) if self._legacy else ()
            return Projection(names, ()) if names else None
        try:
            return projection(found.tree, self.scope.names)
        except ExpressionError as problem:
            raise invalid(f"Invalid ProjectionExpression: {problem}") from None

    def _keep(self, value: AttributeValue) -> str:
        """A placeholder for a value that a legacy parameter gives; no expression can use it."""
        name = f": {len(self._values)}"
        self._values[name] = value
        return name

    def finish(self) -> None:
        """Refuse placeholders that no expression used."""
        for kind, unused in (("Names", self._unused_names), ("Values", self._unused_values)):
            if not unused:
                continue
            if not self._any:
                told = self._nulls() if kind == "Values" else ""
                raise invalid(f"ExpressionAttribute{kind} can only be specified when using expressions{told}")
            # One of them is told; AWS tells them all, in an order of its own.
            keys = ", ".join(sorted(unused))
            raise invalid(
                f"{self._prefix}Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{keys}}}"
            )

    def _nulls(self) -> str:
        if "Item" in self._request:
            return ": ConditionExpression is null"
        return ""

    def _parsed(self, kind: str, parse: Callable[[str], Parsed[T]]) -> Parsed[T] | None:
        text = self._request.get(kind)
        if text is None:
            return None
        self._any = True
        try:
            if not text or text.isspace():
                raise CountedError("The expression can not be empty;")
            if len(text) > EXPRESSION_LIMIT:
                raise ExpressionError(
                    f"Expression size has exceeded the maximum allowed size; expression size: {len(text)}"
                )
            found = parse(text)
            self._look_up(found)
        except ExpressionError as problem:
            raise self._refusal(kind, problem) from None
        return found

    def _refusal(self, kind: str, problem: ExpressionError) -> Refusal:
        return invalid(f"{self._prefix if isinstance(problem, CountedError) else ''}Invalid {kind}: {problem}")

    def _look_up(self, found: Parsed[Any]) -> None:
        for name in found.names:
            if name not in self.scope.names:
                raise ExpressionError(
                    f"An expression attribute name used in the document path is not defined; attribute name: {name}"
                )
        for value in found.values:
            if value not in self.scope.values:
                raise ExpressionError(
                    f"An expression attribute value used in expression is not defined; attribute value: {value}"
                )
        self._unused_names -= found.names
        self._unused_values -= found.values

    def _check_fixed(self, kind: str, operator: str, operands: tuple[Operand, ...]) -> None:
        allowed = _ALLOWED.get(operator, ("S", "N", "B"))
        fixed = [self.scope.values[o.name] for o in operands if isinstance(o, ValueOperand)]
        for value in fixed:
            if not any(one in value for one in allowed):
                raise invalid(
                    f"Invalid {kind}: Incorrect operand type for operator or function; "
                    f"operator or function: {operator}, operand type: {next(iter(value))}"
                )
        if operator == "BETWEEN" and len(fixed) == 2 and isinstance(operands[1], ValueOperand):
            self._check_bounds(kind, fixed[0], fixed[1])

    def _check_distinct(self, kind: str, operator: str, paths: tuple[Path, ...]) -> None:
        first, *others = (path.resolved(self.scope.names) for path in paths)
        if first in others:
            raise invalid(
                f"Invalid {kind}: The first operand must be distinct from the remaining operands for this operator or "
                f"function; operator: {operator}, first operand: {shown(first)}"
            )

    def _check_type_name(self, kind: str, operand: Operand) -> None:
        assert isinstance(operand, ValueOperand)
        value = self.scope.values[operand.name]
        if "S" not in value:
            raise invalid(
                f"Invalid {kind}: Incorrect operand type for operator or function; "
                f"operator or function: attribute_type, operand type: {next(iter(value))}"
            )
        if value["S"] not in _TYPES:
            raise invalid(
                f"Invalid {kind}: Invalid attribute type name found; type: {value['S']}, "
                f"valid types: {{{','.join(_TYPES)}}}"
            )

    def _check_bounds(self, kind: str, low: dict[str, Any], high: dict[str, Any]) -> None:
        shown = [f"AttributeValue: {{{k}:{v}}}" for bound in (low, high) for k, v in bound.items()]
        bounds = f"lower bound operand: {shown[0]}, upper bound operand: {shown[1]}"
        if low.keys() != high.keys():
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires same data type for lower and upper bounds; {bounds}"
            )
        if in_order(low, ">", high):
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires upper bound to be greater than or equal to "
                f"lower bound; {bounds}"
            )


def _check_placeholders(what: str, sign: str, given: Mapping[str, Any], prefix: str) -> None:
    if not given:
        raise invalid(f"{prefix}ExpressionAttribute{what} must not be empty")
    for key, value in given.items():
        if not _PLACEHOLDER.fullmatch(key) or key[0] != sign:
            raise invalid(f'ExpressionAttribute{what} contains invalid key: Syntax error; key: "{key}"')
        if value == "":
            raise invalid(f"ExpressionAttribute{what} contains invalid value: Empty attribute name for key {key}")


def _checked_values(values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return checked_item(values)
    except Refusal as refusal:
        if refusal.code != "ValidationException" or refusal.message.endswith(EMPTY_SET):
            raise
        bad = next((name for name, value in values.items() if not _is_fine(value)), "")
        raise invalid(f"ExpressionAttributeValues contains invalid value: {refusal.message} for key {bad}") from None


def _is_fine(value: Any) -> bool:
    try:
        checked_item({"value": value})
    except Refusal:
        return False
    return True


def _split(parts: Iterator[Path | str]) -> tuple[frozenset[str], frozenset[str]]:
    names: set[str] = set()
    values: set[str] = set()
    for part in parts:
        if isinstance(part, Path):
            names |= part.used_names()
        else:
            values.add(part)
    return frozenset(names), frozenset(values)


@lru_cache(maxsize=4096)
def _condition(text: str) -> Parsed[Condition]:
    tree = parsed_condition(text)
    tests = list(operands_of(tree))
    fixed = tuple(
        (operator, operands)
        for operator, operands in tests
        if operator in _TYPED and any(isinstance(o, ValueOperand) for o in operands)
    )
    compared = tuple(
        (operator, tuple(o.path for o in operands if isinstance(o, PathOperand)))
        for operator, operands in tests
        if isinstance(operands[0], PathOperand) and any(isinstance(o, PathOperand) for o in operands[1:])
    )
    return Parsed(tree, *_split(tree.parts()), fixed=fixed, compared=compared)


@lru_cache(maxsize=4096)
def _update(text: str) -> Parsed[Update]:
    tree = parsed_update(text)
    return Parsed(tree, *_split(tree.parts()))


@lru_cache(maxsize=1024)
def _projection(text: str) -> Parsed[tuple[Path, ...]]:
    tree = parsed_projection(text)
    return Parsed(tree, *_split(iter(tree)))
