"""Key conditions: one partition, and at most one comparison on the sort key, turned into a range of the tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    SizeOperand,
    ValueOperand,
)
from pingbox.emulator.services.dynamodb.expressions.paths import Names
from pingbox.emulator.services.dynamodb.expressions.tokens import ExpressionError
from pingbox.emulator.services.dynamodb.schema import KeyAttribute, joined
from pingbox.emulator.services.dynamodb.values import after_prefix, ended, escaped, sortable

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
    hashes: Sequence[KeyAttribute],
    ranges: Sequence[KeyAttribute],
) -> KeyBounds:
    """The range a KeyConditionExpression means for these keys. Raises `ExpressionError` or `Refusal`.

    Every hash attribute has to be equal to a value; of several range attributes each but the last one that is named
    (developer guide, multi-attribute keys).
    """
    tests = {}
    for part in _conjuncts(condition):
        test = _key_test(part, names, values)
        if test.name in tests:
            raise invalid("KeyConditionExpressions must only contain one condition per key")
        tests[test.name] = test
    on_hashes = [_hash_test(tests, key) for key in hashes]
    on_ranges = []
    for key in ranges:
        if key.name not in tests:
            break
        on_ranges.append(tests.pop(key.name))
    _refuse_left_over(tests, ranges, on_ranges)
    for test, key in zip([*on_hashes, *on_ranges], [*hashes, *ranges], strict=False):
        _check_types(test, key)
    if any(test.operator != "=" for test in on_ranges[:-1]):
        raise invalid("Query key condition not supported")
    hash_bytes = joined(hashes, {test.name: test.values[0] for test in on_hashes})
    if not on_ranges:
        return KeyBounds(hash_bytes, ())
    return KeyBounds(hash_bytes, _bounds(on_ranges[0]) if len(ranges) == 1 else _bounds_of_several(on_ranges))


def _hash_test(tests: dict[str, KeyTest], key: KeyAttribute) -> KeyTest:
    test = tests.pop(key.name, None)
    if test is None:
        raise invalid(f"Query condition missed key schema element: {key.name}")
    if test.operator != "=":
        raise invalid("Query key condition not supported")
    return test


def _refuse_left_over(tests: dict[str, KeyTest], ranges: Sequence[KeyAttribute], used: Sequence[KeyTest]) -> None:
    if not tests:
        return
    if len(used) == len(ranges):
        raise invalid("Query key condition not supported")
    raise invalid(f"Query condition missed key schema element: {ranges[len(used)].name}")


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


def _bounds_of_several(tests: Sequence[KeyTest]) -> tuple[tuple[str, bytes], ...]:
    """Bounds on the bytes of several attributes: all tests but the last are equalities, and fix a prefix."""
    prefix = b"".join(ended(sortable(test.values[0])) for test in tests[:-1])
    last = tests[-1]
    low, high = sortable(last.values[0]), sortable(last.values[-1])
    match last.operator:
        case "begins_with":
            return _all_with(prefix + escaped(low))
        case "=":
            return _all_with(prefix + ended(low))
        case "between":
            return ((">=", prefix + ended(low)), *_upto(prefix + ended(high)))
        case "<":
            return ((">=", prefix), ("<", prefix + ended(low)))
        case "<=":
            return ((">=", prefix), *_upto(prefix + ended(low)))
        case ">":
            beyond = after_prefix(prefix + ended(low))
            assert beyond is not None  # an end is never all bytes 255
            return ((">=", beyond), *_upto(prefix))
    return ((">=", prefix + ended(low)), *_upto(prefix))


def _all_with(prefix: bytes) -> tuple[tuple[str, bytes], ...]:
    return ((">=", prefix), *_upto(prefix))


def _upto(prefix: bytes) -> tuple[tuple[str, bytes], ...]:
    """The bound behind everything that begins with `prefix`."""
    end = after_prefix(prefix)
    return () if end is None else (("<", end),)


def operands_of(condition: Condition) -> Iterator[tuple[str, tuple[Operand, ...]]]:
    """Every test of a tree whose operands can be wrong without an item, with its name and operands."""
    match condition:
        case And(left, right) | Or(left, right):
            yield from operands_of(left)
            yield from operands_of(right)
        case Not(inner):
            yield from operands_of(inner)
        case Between(operand, low, high):
            yield from _sizes(operand, low, high)
            yield "BETWEEN", (operand, low, high)
        case BeginsWith(operand, prefix):
            yield "begins_with", (operand, prefix)
        case Comparison(operator, left_side, right_side):
            yield from _sizes(left_side, right_side)
            yield operator, (left_side, right_side)
        case HasType(path, name):
            yield "attribute_type", (PathOperand(path), ValueOperand(name))
        case In(operand, choices):
            yield from _sizes(operand, *choices)
            yield "IN", (operand, *choices)
        case Contains(operand, wanted):
            yield from _sizes(operand, wanted)
            yield "contains", (operand, wanted)
        case _:
            pass


def _sizes(*operands: Operand) -> Iterator[tuple[str, tuple[Operand, ...]]]:
    for operand in operands:
        if isinstance(operand, SizeOperand):
            yield "size", (operand.of,)
