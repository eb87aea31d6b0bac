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
from pingbox.emulator.services.dynamodb.expressions.paths import Path, read_path
from pingbox.emulator.services.dynamodb.expressions.tokens import Cursor, ExpressionError

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_MOST_CHOICES = 100
MAX_OPERATORS = 300
_OPERANDS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}


@lru_cache(maxsize=4096)
def parsed_condition(text: str) -> Condition:
    """The tree of an expression; raises `ExpressionError`."""
    cursor = Cursor(text)
    condition = _Reader(cursor).read()
    cursor.finish()
    return condition


_BINDS = {"OR": 1, "AND": 2, "NOT": 3}


class _Reader:
    """Operators wait on a stack until one that binds less comes: no nesting is too deep for Python's own stack."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._done: list[Condition] = []
        self._waiting: list[tuple[str, int]] = []  # a word, or "(" with its position
        self._open = 0
        self._operators = 0

    def read(self) -> Condition:
        cursor = self._cursor
        while True:
            self._read_prefixes()
            self._done.append(_read_test(cursor))
            self._count()
            while self._open and cursor.sees(")"):
                self._close()
            if not cursor.sees_word("AND", "OR"):
                break
            word = cursor.next().text.upper()
            self._count()
            self._apply(_BINDS[word])
            self._waiting.append((word, 0))
        if self._open:
            raise cursor.error()
        self._apply(0)
        return self._done[0]

    def _read_prefixes(self) -> None:
        cursor = self._cursor
        while True:
            if cursor.takes_word("NOT"):
                self._count()
                self._waiting.append(("NOT", 0))
            elif cursor.sees("("):
                self._waiting.append(("(", cursor.position))
                self._open += 1
                cursor.expect("(")
            else:
                return

    def _close(self) -> None:
        cursor = self._cursor
        self._apply(0)
        _, opened = self._waiting.pop()
        if cursor.bracket == (opened + 1, cursor.position):  # a bracket that holds nothing but a bracket
            raise ExpressionError("The expression has redundant parentheses;")
        cursor.expect(")")
        self._open -= 1
        cursor.bracket = (opened, cursor.position)

    def _apply(self, binds: int) -> None:
        """Apply the operators that wait since the last bracket and bind at least so much."""
        done = self._done
        while self._waiting and self._waiting[-1][0] != "(" and _BINDS[self._waiting[-1][0]] >= binds:
            word, _ = self._waiting.pop()
            right = done.pop()
            if word == "NOT":
                done.append(Not(right))
            else:
                done.append((And if word == "AND" else Or)(done.pop(), right))

    def _count(self) -> None:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise ExpressionError(f"The expression contains too many operators; operator count: {self._operators}")


def _read_test(cursor: Cursor) -> Condition:
    if cursor.sees_call() and cursor.here.text != "size":
        name = cursor.here.text
        found = _read_function(cursor)
        if cursor.sees(*_COMPARATORS) or cursor.sees_word("BETWEEN", "IN"):
            raise ExpressionError(f"The function is not allowed to be used this way in an expression; function: {name}")
        return found
    return _read_comparison(cursor)


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
        if isinstance(operands[0], SizeOperand):
            raise _wrong_operand("size", "N")
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
            if isinstance(operands[1], SizeOperand) or isinstance(first, SizeOperand):
                raise _wrong_operand(name, "N")
            return BeginsWith(first, operands[1])
    return Contains(first, operands[1])


def _wrong_operand(name: str, kind: str) -> ExpressionError:
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
    )


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
