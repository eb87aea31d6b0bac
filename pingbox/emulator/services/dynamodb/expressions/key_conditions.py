"""Key conditions: one partition, and at most one comparison on the sort key, turned into a range of the tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Refusal, invalid
from pingbox.emulator.services.dynamodb.expressions.conditions import (
    And,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    HasType,
    In,
    Not,
    Operand,
    Or,
    PathOperand,
    ValueOperand,
)
from pingbox.emulator.services.dynamodb.expressions.paths import Names
from pingbox.emulator.services.dynamodb.expressions.tokens import ExpressionError
from pingbox.emulator.services.dynamodb.schema import KeyAttribute
from pingbox.emulator.services.dynamodb.storage.ordering import after_prefix, sortable

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class KeyTest:
    """One comparison of a key attribute with values: operator `=`, `<`, ..., `between` or `begins_with`."""

    name: str
    operator: str
    values: tuple[AttributeValue, ...]


@dataclass(frozen=True)
class KeyBounds:
    """What a query walks: the bytes of the partition, and bounds on the sort key's bytes."""

    hash: bytes
    bounds: tuple[tuple[str, bytes], ...]


def key_bounds(
    condition: Condition,
    names: Names,
    values: Mapping[str, AttributeValue],
    hash_key: KeyAttribute,
    range_key: KeyAttribute | None,
) -> KeyBounds:
    """The range a KeyConditionExpression means for these keys. Raises `ExpressionError` or `Refusal`."""
    tests = {}
    for part in _conjuncts(condition):
        test = _key_test(part, names, values)
        if test.name in tests:
            raise invalid("KeyConditionExpressions must only contain one condition per key")
        tests[test.name] = test
    on_hash = tests.pop(hash_key.name, None)
    if on_hash is None:
        raise invalid(f"Query condition missed key schema element: {hash_key.name}")
    if on_hash.operator != "=":
        raise invalid("Query key condition not supported")
    on_range = tests.pop(range_key.name, None) if range_key else None
    if tests:
        if range_key is None or on_range is not None:
            raise invalid("Query key condition not supported")
        raise invalid(f"Query condition missed key schema element: {range_key.name}")
    _check_types(on_hash, hash_key)
    if on_range is None:
        return KeyBounds(sortable(on_hash.values[0]), ())
    assert range_key is not None
    _check_types(on_range, range_key)
    return KeyBounds(sortable(on_hash.values[0]), _bounds(on_range))


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _key_test(part: Condition, names: Names, values: Mapping[str, AttributeValue]) -> KeyTest:
    match part:
        case Comparison("<>", _, _):
            raise _Unsupported("<>")
        case Comparison(operator, PathOperand(path), ValueOperand(name)):
            return KeyTest(_top_level(path.resolved(names)), operator, (values[name],))
        case Comparison(operator, ValueOperand(name), PathOperand(path)):
            return KeyTest(_top_level(path.resolved(names)), _MIRRORED[operator], (values[name],))
        case Between(PathOperand(path), ValueOperand(low), ValueOperand(high)):
            return KeyTest(_top_level(path.resolved(names)), "between", (values[low], values[high]))
        case BeginsWith(PathOperand(path), ValueOperand(name)):
            return KeyTest(_top_level(path.resolved(names)), "begins_with", (values[name],))
        case Or() | Not() | In() | Exists() | HasType() | Contains():
            raise _Unsupported(_operator_name(part))
    raise ExpressionError(
        "Operator or function requires a document path; operator or function: " + _operator_name(part)
    )


class _Unsupported(Refusal):
    def __init__(self, operator: str) -> None:
        super().__init__("ValidationException", f"Invalid operator used in KeyConditionExpression: {operator}")


def _operator_name(part: Condition) -> str:
    match part:
        case Comparison(operator, _, _):
            return operator
        case Exists(_, wanted):
            return "attribute_exists" if wanted else "attribute_not_exists"
    return {
        Or: "OR", Not: "NOT", In: "IN", HasType: "attribute_type", Contains: "contains", Between: "BETWEEN",
        BeginsWith: "begins_with",
    }[type(part)]  # fmt: skip


def _top_level(steps: tuple[str | int, ...]) -> str:
    if len(steps) != 1:
        raise invalid(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
            f"Key: {steps[0]}"
        )
    return str(steps[0])


def _check_types(test: KeyTest, key: KeyAttribute) -> None:
    for value in test.values:
        if key.type not in value:
            raise invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
        if value[key.type] == "":
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {key.name}"
            )


def _bounds(test: KeyTest) -> tuple[tuple[str, bytes], ...]:
    encoded = tuple(map(sortable, test.values))
    if test.operator == "between":
        return ((">=", encoded[0]), ("<=", encoded[1]))
    if test.operator == "begins_with":
        end = after_prefix(encoded[0])
        return ((">=", encoded[0]), *((("<", end),) if end is not None else ()))
    return ((test.operator, encoded[0]),)


def operands_of(condition: Condition) -> Iterator[tuple[str, tuple[Operand, ...]]]:
    """Every test of a tree whose operands can be wrong without an item, with its name and operands."""
    match condition:
        case And(left, right) | Or(left, right):
            yield from operands_of(left)
            yield from operands_of(right)
        case Not(inner):
            yield from operands_of(inner)
        case Between(operand, low, high):
            yield "BETWEEN", (operand, low, high)
        case BeginsWith(operand, prefix):
            yield "begins_with", (operand, prefix)
        case Comparison(operator, left_side, right_side):
            yield operator, (left_side, right_side)
        case HasType(path, name):
            yield "attribute_type", (PathOperand(path), ValueOperand(name))
        case _:
            pass
