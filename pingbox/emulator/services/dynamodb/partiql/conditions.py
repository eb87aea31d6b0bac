"""WHERE: a condition of a statement, read into the same trees as a ConditionExpression."""

from __future__ import annotations

from pingbox.emulator.services.dynamodb.answers import invalid
from pingbox.emulator.services.dynamodb.expressions.condition_grammar import MAX_OPERATORS
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
from pingbox.emulator.services.dynamodb.expressions.paths import MAX_LEVELS, MAX_POSITION, Path
from pingbox.emulator.services.dynamodb.partiql.tokens import PartiqlCursor
from pingbox.emulator.services.dynamodb.partiql.values import Literals, sees_literal

_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_FUNCTIONS = {"ATTRIBUTE_EXISTS": 1, "ATTRIBUTE_NOT_EXISTS": 1, "ATTRIBUTE_TYPE": 2, "BEGINS_WITH": 2, "CONTAINS": 2}
# Words that end a path which is not there.
_KEYWORDS = frozenset(
    {"AND", "AS", "ASC", "BETWEEN", "BY", "DELETE", "DESC", "FROM", "IN", "INSERT", "INTO", "IS", "LIKE", "LIMIT"}
    | {"MISSING", "NOT", "OR", "ORDER", "REMOVE", "RETURNING", "SELECT", "SET", "UPDATE", "VALUE", "WHERE"}
)

MAX_DEPTH = 60


def read_path(cursor: PartiqlCursor) -> Path:
    """A document path: names, quoted or not, behind dots, and list positions in brackets."""
    steps: list[str | int] = [_read_name(cursor)]
    while True:
        if cursor.takes("."):
            steps.append(_read_name(cursor))
        elif cursor.takes("["):
            digits = cursor.next()
            if digits.kind != "number" or not digits.text.isdecimal():
                raise cursor.malformed()
            if len(digits.text) > 10 or int(digits.text) > MAX_POSITION:
                raise invalid(f"List index is not within the allowable range; index: [{digits.text}]")
            steps.append(int(digits.text))
            cursor.expect("]")
        else:
            if len(steps) > MAX_LEVELS:
                raise invalid(f"The document path has too many nesting levels; nesting levels: {len(steps)}")
            return Path(tuple(steps), aliases=False)


def _read_name(cursor: PartiqlCursor) -> str:
    token = cursor.here
    if token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in _KEYWORDS):
        return cursor.next().text
    raise cursor.malformed()


class ConditionReader:
    """Reads one condition; its literals go to `literals`."""

    def __init__(self, cursor: PartiqlCursor, literals: Literals) -> None:
        self._cursor = cursor
        self._literals = literals
        self._depth = 0
        self._tests = 0

    def read(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise invalid("The statement is nested too deeply")
        left = self._read_and()
        while self._cursor.takes_word("OR"):
            left = Or(left, self._read_and())
        self._depth -= 1
        return left

    def _read_and(self) -> Condition:
        left = self._read_not()
        while self._cursor.takes_word("AND"):
            left = And(left, self._read_not())
        return left

    def _read_not(self) -> Condition:
        negations = 0
        while self._cursor.takes_word("NOT"):
            negations += 1
        found = self._read_test()
        return Not(found) if negations % 2 else found

    def _read_test(self) -> Condition:
        cursor = self._cursor
        self._tests += 1
        if self._tests > MAX_OPERATORS:
            raise invalid(f"The expression contains too many operators; operator count: {self._tests}")
        if cursor.takes("("):
            inner = self.read()
            cursor.expect(")")
            return inner
        if cursor.sees_call() and cursor.here.text.upper() in _FUNCTIONS:
            return self._read_function()
        return self._read_comparison()

    def _read_function(self) -> Condition:
        cursor = self._cursor
        name = cursor.next().text.upper()
        cursor.expect("(")
        operands = [self._read_operand()]
        while cursor.takes(","):
            operands.append(self._read_operand())
        cursor.expect(")")
        if len(operands) != _FUNCTIONS[name]:
            raise invalid(
                f"Incorrect number of operands for operator or function; operator or function: {name.lower()}"
            )
        first = operands[0]
        if name == "BEGINS_WITH":
            return BeginsWith(first, operands[1])
        if name == "CONTAINS":
            return Contains(first, operands[1])
        if not isinstance(first, PathOperand):
            raise invalid(f"Operator or function requires a document path; operator or function: {name.lower()}")
        if name == "ATTRIBUTE_TYPE":
            if not isinstance(operands[1], ValueOperand):
                raise cursor.malformed()
            return HasType(first.path, operands[1].name)
        return Exists(first.path, wanted=name == "ATTRIBUTE_EXISTS")

    def _read_comparison(self) -> Condition:
        cursor = self._cursor
        left = self._read_operand()
        if cursor.takes_word("IS"):
            return self._read_is(left)
        negated = cursor.sees_word("NOT")
        if negated:
            cursor.next()
        if cursor.takes_word("BETWEEN"):
            low = self._read_operand()
            cursor.expect_word("AND")
            found: Condition = Between(left, low, self._read_operand())
        elif cursor.takes_word("IN"):
            found = self._read_in(left)
        elif negated or not cursor.sees(*_COMPARATORS):
            raise self._unsupported()
        else:
            operator = _COMPARATORS[cursor.next().text]
            found = self._compared(operator, left, self._read_operand())
        return Not(found) if negated else found

    def _unsupported(self) -> Exception:
        here = self._cursor.here
        if here.text.upper() == "LIKE" or here.text in ("+", "-", "*"):
            return invalid(f"Unsupported operator in Condition Expression. Operator: {here.text.lower()}")
        return self._cursor.malformed()

    def _compared(self, operator: str, left: Operand, right: Operand) -> Condition:
        if isinstance(left, ValueOperand) and not isinstance(right, ValueOperand):
            return Comparison(_MIRRORED.get(operator, operator), right, left)
        return Comparison(operator, left, right)

    def _read_is(self, left: Operand) -> Condition:
        negated = self._cursor.takes_word("NOT")
        if not isinstance(left, PathOperand):
            raise self._cursor.malformed()
        if self._cursor.takes_word("MISSING"):
            return Exists(left.path, wanted=negated)
        self._cursor.expect_word("NULL")
        is_null = HasType(left.path, self._literals.keep({"S": "NULL"}))
        return Not(is_null) if negated else is_null

    def _read_in(self, left: Operand) -> Condition:
        cursor = self._cursor
        end = "]" if cursor.takes("[") else ")"
        if end == ")":
            cursor.expect("(")
        choices = [self._read_operand()]
        while cursor.takes(","):
            choices.append(self._read_operand())
        cursor.expect(end)
        if len(choices) > 100:
            raise invalid(f"The IN operator is provided with too many operands; number of operands: {len(choices)}")
        return In(left, tuple(choices))

    def _read_operand(self) -> Operand:
        cursor = self._cursor
        if cursor.sees_call():
            name = cursor.next().text
            if name.upper() != "SIZE":
                raise invalid(f"Invalid function name; function: {name}")
            cursor.expect("(")
            path = read_path(cursor)
            cursor.expect(")")
            return SizeOperand(PathOperand(path))
        if sees_literal(cursor):
            return ValueOperand(self._literals.keep(self._literals.read(cursor)))
        return PathOperand(read_path(cursor))
