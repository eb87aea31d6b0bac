"""The grammar of condition, filter and key condition expressions.

OR binds least, then AND, NOT, and the comparisons; keywords have no case, function names do.
"""

from __future__ import annotations

from functools import lru_cache

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
from pingbox.emulator.services.dynamodb.expressions.paths import Path, read_path, shown
from pingbox.emulator.services.dynamodb.expressions.tokens import Cursor, ExpressionError

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_MOST_CHOICES = 100
_OPERANDS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}


@lru_cache(maxsize=4096)
def parsed_condition(text: str) -> Condition:
    """The tree of an expression; raises `ExpressionError`."""
    cursor = Cursor(text)
    condition = _read_or(cursor)
    cursor.finish()
    return condition


def _read_or(cursor: Cursor) -> Condition:
    left = _read_and(cursor)
    while cursor.takes_word("OR"):
        left = Or(left, _read_and(cursor))
    return left


def _read_and(cursor: Cursor) -> Condition:
    left = _read_not(cursor)
    while cursor.takes_word("AND"):
        left = And(left, _read_not(cursor))
    return left


def _read_not(cursor: Cursor) -> Condition:
    if cursor.takes_word("NOT"):
        return Not(_read_not(cursor))
    if cursor.sees("("):
        return _read_bracketed(cursor)
    if cursor.sees_call() and cursor.here.text != "size":
        return _read_function(cursor)
    return _read_comparison(cursor)


def _read_bracketed(cursor: Cursor) -> Condition:
    opened = cursor.position
    cursor.expect("(")
    inner = _read_or(cursor)
    if cursor.bracket == (opened + 1, cursor.position):  # a bracket that holds nothing but a bracket
        raise ExpressionError("The expression has redundant parentheses;")
    cursor.expect(")")
    cursor.bracket = (opened, cursor.position)
    return inner


def _read_comparison(cursor: Cursor) -> Condition:
    left = _read_operand(cursor)
    if cursor.takes_word("BETWEEN"):
        low = _read_operand(cursor)
        if not cursor.takes_word("AND"):
            raise cursor.error()
        return Between(left, low, _read_operand(cursor))
    if cursor.takes_word("IN"):
        cursor.expect("(")
        choices = _read_operands(cursor)
        if len(choices) > _MOST_CHOICES:
            raise ExpressionError(
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            )
        return In(left, choices)
    if not cursor.sees(*_COMPARATORS):
        if isinstance(left, SizeOperand):
            raise ExpressionError("The function is not allowed to be used this way in an expression; function: size")
        raise cursor.error()
    operator = cursor.next().text
    right = _read_operand(cursor)
    _refuse_same_paths(operator, left, right)
    return Comparison(operator, left, right)


def _read_operand(cursor: Cursor) -> Operand:
    if cursor.here.kind == "value":
        return ValueOperand(cursor.next().text)
    if cursor.sees_call():
        name = cursor.next().text
        cursor.expect("(")
        if name != "size":
            known = "The function is not allowed to be used this way in an expression" if name in _OPERANDS else None
            raise ExpressionError(f"{known or 'Invalid function name'}; function: {name}")
        operands = _read_operands(cursor)
        _expect_count("size", 1, len(operands))
        return SizeOperand(operands[0])
    return PathOperand(read_path(cursor))


def _read_operands(cursor: Cursor) -> tuple[Operand, ...]:
    operands = [_read_operand(cursor)]
    while cursor.takes(","):
        operands.append(_read_operand(cursor))
    cursor.expect(")")
    return tuple(operands)


def _read_function(cursor: Cursor) -> Condition:
    name = cursor.next().text
    if name not in _OPERANDS:
        raise ExpressionError(f"Invalid function name; function: {name}")
    cursor.expect("(")
    operands = _read_operands(cursor)
    _expect_count(name, _OPERANDS[name], len(operands))
    first = operands[0]
    match name:
        case "attribute_exists" | "attribute_not_exists":
            return Exists(_needs_path(name, first), name == "attribute_exists")
        case "attribute_type":
            second = operands[1]
            if not isinstance(second, ValueOperand):
                raise ExpressionError(
                    "Incorrect operand type for operator or function; operator or function: attribute_type, "
                    "operand type: path"
                )
            return HasType(_needs_path(name, first), second.name)
        case "begins_with":
            _refuse_same_paths(name, first, operands[1])
            return BeginsWith(first, operands[1])
    _refuse_same_paths(name, first, operands[1])
    return Contains(first, operands[1])


def _expect_count(name: str, wanted: int, got: int) -> None:
    if wanted != got:
        raise ExpressionError(
            f"Incorrect number of operands for operator or function; operator or function: {name}, "
            f"number of operands: {got}"
        )


def _needs_path(name: str, operand: Operand) -> Path:
    if not isinstance(operand, PathOperand):
        raise ExpressionError(f"Operator or function requires a document path; operator or function: {name}")
    return operand.path


def _refuse_same_paths(operator: str, first: Operand, second: Operand) -> None:
    if isinstance(first, PathOperand) and first == second:
        raise ExpressionError(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {operator}, first operand: {shown(first.path.steps)}"
        )
