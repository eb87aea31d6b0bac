"""The parameters from before there were expressions, translated into the trees of expressions.

AWS documents the equivalence (developer guide, LegacyConditionalParameters): `Expected` is a condition,
`AttributeUpdates` an update, `KeyConditions`, `QueryFilter` and `ScanFilter` are conditions, `AttributesToGet` is a
projection. Attribute names stand for themselves here: a dot in one is part of the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Request, invalid
from pingbox.emulator.services.dynamodb.expressions.conditions import (
    And,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    In,
    Not,
    Or,
    PathOperand,
    ValueOperand,
    in_order,
)
from pingbox.emulator.services.dynamodb.expressions.paths import Path
from pingbox.emulator.services.dynamodb.expressions.updates import (
    TYPE_NAMES,
    IfNotExists,
    ListAppend,
    Term,
    Update,
    ValueTerm,
)
from pingbox.emulator.services.dynamodb.values import checked

# The parameters that each expression has replaced.
REPLACED: dict[str, tuple[str, ...]] = {
    "ConditionExpression": ("Expected",),
    "UpdateExpression": ("AttributeUpdates",),
    "KeyConditionExpression": ("KeyConditions",),
    "FilterExpression": ("QueryFilter", "ScanFilter"),
    "ProjectionExpression": ("AttributesToGet",),
}
LEGACY = ("AttributesToGet", "AttributeUpdates", "QueryFilter", "ScanFilter", "ConditionalOperator", "Expected")

INVALID = "One or more parameter values were invalid: "

_COMPARATORS = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
_SCALARS = ("S", "N", "B")
_INDEXABLE = ("EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN")

Keep = Callable[[AttributeValue], str]
"""Puts a value into the scope of a request, under a placeholder of its own, which it returns."""


def refuse_mixture(request: Request) -> None:
    """Refuse a request that has expressions and the parameters that they replaced."""
    expressions = [name for name in REPLACED if request.get(name) is not None]
    if not expressions:
        return
    legacy = [name for name in LEGACY if request.get(name) is not None]
    if request.get("KeyConditions") is not None and "KeyConditionExpression" in expressions:
        legacy.append("KeyConditions")  # it may stand beside a FilterExpression
    if legacy:
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
        )


def condition_of(request: Request, expression: str, keep: Keep) -> Condition | None:
    """What `Expected`, `QueryFilter`, `ScanFilter` or `KeyConditions` says, None without any of them."""
    for name in REPLACED[expression]:
        given = request.get(name)
        if given is None:
            continue
        _check_operator(request, name, given)
        tests = [_test(name, attribute, condition, keep) for attribute, condition in given.items()]
        if name == "KeyConditions":
            _check_key_conditions(given)
        if not tests:
            return None
        return reduce(Or if request.get("ConditionalOperator") == "OR" and name != "KeyConditions" else And, tests)
    if expression != "KeyConditionExpression" and request.get("ConditionalOperator") is not None:
        raise invalid("ConditionalOperator cannot be used without Filter or Expected")
    return None


def _check_operator(request: Request, name: str, given: Mapping[str, Any]) -> None:
    if name != "KeyConditions" and request.get("ConditionalOperator") is not None and len(given) < 2:
        raise invalid(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
            if given
            else "ConditionalOperator cannot be used without Filter or Expected"
        )


def _check_key_conditions(given: Mapping[str, Any]) -> None:
    if not given:
        raise invalid("Conditions can be of length 1 or 2 only")
    for condition in given.values():
        if condition["ComparisonOperator"] not in _INDEXABLE:
            raise invalid("Attempted conditional constraint is not an indexable operation")


def _test(kind: str, attribute: str, condition: Mapping[str, Any], keep: Keep) -> Condition:
    if not attribute:
        raise invalid("Empty attribute name")
    path = Path((attribute,), aliases=False)
    operator = condition.get("ComparisonOperator")
    if kind == "Expected":
        _check_expected(attribute, condition)
        if operator is None:
            if condition.get("Exists") is False:
                return Exists(path, wanted=False)
            return Comparison("=", PathOperand(path), ValueOperand(keep(checked(condition["Value"]))))
    values = condition.get("AttributeValueList")
    if values is None:
        values = [condition["Value"]] if condition.get("Value") is not None else []
    assert operator is not None
    return _comparison(operator, path, [checked(value) for value in values], keep)


def _check_expected(attribute: str, condition: Mapping[str, Any]) -> None:
    value, listed = condition.get("Value"), condition.get("AttributeValueList")
    operator, exists = condition.get("ComparisonOperator"), condition.get("Exists")
    problem = None
    if value is not None and listed is not None:
        problem = "Value and AttributeValueList cannot be used together"
    elif operator is not None and exists is not None:
        problem = "Exists and ComparisonOperator cannot be used together"
    elif operator is not None and operator not in ("NULL", "NOT_NULL") and value is None and listed is None:
        problem = f"Value or AttributeValueList must be used with ComparisonOperator: {operator}"
    elif operator is None and listed is not None:
        problem = "AttributeValueList can only be used with a ComparisonOperator"
    elif operator is None and exists is not False and value is None:
        problem = f"Value must be provided when Exists is {'null' if exists is None else 'true'}"
    elif operator is None and exists is False and value is not None:
        problem = "Value cannot be used when Exists is false"
    if problem is not None:
        raise invalid(f"{INVALID}{problem} for Attribute: {attribute}")


def _comparison(operator: str, path: Path, values: Sequence[AttributeValue], keep: Keep) -> Condition:
    _check_values(operator, values)
    if operator in ("NULL", "NOT_NULL"):
        return Exists(path, wanted=operator == "NOT_NULL")
    operand = PathOperand(path)
    kept = [ValueOperand(keep(value)) for value in values]
    match operator:
        case "BETWEEN":
            return Between(operand, kept[0], kept[1])
        case "IN":
            return In(operand, tuple(kept))
        case "BEGINS_WITH":
            return BeginsWith(operand, kept[0])
        case "CONTAINS":
            return Contains(operand, kept[0])
        case "NOT_CONTAINS":
            return And(Exists(path, wanted=True), Not(Contains(operand, kept[0])))
    return Comparison(_COMPARATORS[operator], operand, kept[0])


def _check_values(operator: str, values: Sequence[AttributeValue]) -> None:
    wanted = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}.get(operator, 1)
    if len(values) != wanted and not (operator == "IN" and values):
        raise invalid(f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
    kinds = [next(iter(value)) for value in values]
    if len(set(kinds)) > 1:
        raise invalid(f"{INVALID}AttributeValues inside AttributeValueList must be of same type")
    allowed = ("S", "B") if operator == "BEGINS_WITH" else _SCALARS
    if kinds and operator not in ("EQ", "NE") and kinds[0] not in allowed:
        raise invalid(f"{INVALID}ComparisonOperator {operator} is not valid for {kinds[0]} AttributeValue type")
    if operator == "BETWEEN" and in_order(values[0], ">", values[1]):
        raise invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )


def update_of(request: Request, keep: Keep) -> Update | None:
    """What `AttributeUpdates` says, None without any."""
    given: Mapping[str, Any] = request.get("AttributeUpdates") or {}
    sets: list[tuple[Path, Term]] = []
    parts: dict[str, list[tuple[Path, str]]] = {"ADD": [], "DELETE": []}
    removes: list[Path] = []
    for attribute, update in given.items():
        action, value = update.get("Action", "PUT"), update.get("Value")
        path = Path((attribute,), aliases=False)
        if not attribute:
            raise invalid("Empty attribute name")
        if value is None:
            if action != "DELETE":
                raise invalid(f"{INVALID}Only DELETE action is allowed when no attribute value is specified")
            removes.append(path)
            continue
        value = checked(value)
        _check_action(action, next(iter(value)))
        if action == "PUT":
            sets.append((path, ValueTerm(keep(value))))
        elif "L" in value:
            sets.append((path, ListAppend(IfNotExists(path, ValueTerm(keep({"L": []}))), ValueTerm(keep(value)))))
        else:
            parts[action].append((path, keep(value)))
    if not given:
        return None
    told = "Type mismatch for attribute to update"
    return Update(tuple(sets), tuple(removes), tuple(parts["ADD"]), tuple(parts["DELETE"]), told)


def _check_action(action: str, kind: str) -> None:
    if action == "DELETE" and kind not in ("SS", "NS", "BS"):
        raise invalid(f"{INVALID}DELETE action with value is not supported for the type {TYPE_NAMES[kind]}")
    if action == "ADD" and kind not in ("N", "SS", "NS", "BS", "L"):
        raise invalid(f"{INVALID}ADD action is not supported for the type {TYPE_NAMES[kind]}")


def projected_names(request: Request) -> Iterator[str]:
    """The names of `AttributesToGet`."""
    names = request.get("AttributesToGet") or ()
    for name in names:
        if not name:
            raise invalid("Empty attribute name")
        if names.count(name) > 1:
            raise invalid(f"{INVALID}Duplicate value in attribute name: {name}")
        yield name
