"""The four statements, read once and kept by their text: SELECT, INSERT, UPDATE, DELETE, and EXISTS in transactions.

The grammar is AWS's (developer guide, ql-reference). No library reads it: py-partiql-parser, which moto uses, looks for
words in the text and loses conditions that it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pingbox.emulator.services.dynamodb.answers import invalid
from pingbox.emulator.services.dynamodb.expressions.conditions import Condition
from pingbox.emulator.services.dynamodb.expressions.paths import Path
from pingbox.emulator.services.dynamodb.expressions.updates import (
    IfNotExists,
    ListAppend,
    PathTerm,
    Sum,
    Term,
    Update,
    ValueTerm,
)
from pingbox.emulator.services.dynamodb.partiql.conditions import ConditionReader, read_path
from pingbox.emulator.services.dynamodb.partiql.tokens import PartiqlCursor
from pingbox.emulator.services.dynamodb.partiql.values import Literals, sees_literal


@dataclass(frozen=True)
class Select:
    """`paths` None is `*`; `order` names the keys of ORDER BY, `descending` as the first of them says."""

    table: str
    index: str | None
    paths: tuple[Path, ...] | None
    where: Condition | None
    order: tuple[str, ...]
    descending: bool
    exists: bool = False


@dataclass(frozen=True)
class Insert:
    """`item` is the placeholder of the item."""

    table: str
    item: str


@dataclass(frozen=True)
class Change:
    """An UPDATE, or without `update` a DELETE; `returning` is a value of ReturnValues."""

    table: str
    update: Update | None
    where: Condition | None
    returning: str


@dataclass(frozen=True)
class Statement:
    """What a statement says, the templates of its literals, and how many parameters it takes."""

    says: Select | Insert | Change
    literals: dict[str, Any]
    parameters: int


@lru_cache(maxsize=1024)
def parsed_statement(text: str) -> Statement:
    """Raises a `Refusal` for what is no statement."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._cursor = PartiqlCursor(text)
        self._literals = Literals()

    def read(self) -> Statement:
        cursor = self._cursor
        says: Select | Insert | Change
        if cursor.takes_word("SELECT"):
            says = self._read_select()
        elif cursor.takes_word("INSERT"):
            says = self._read_insert()
        elif cursor.takes_word("UPDATE"):
            says = self._read_update()
        elif cursor.takes_word("DELETE"):
            says = self._read_delete()
        elif cursor.takes_word("EXISTS"):
            says = self._read_exists()
        else:
            raise cursor.malformed()
        cursor.takes(";")
        if cursor.here.kind != "end":
            raise self._left_over()
        return Statement(says, self._literals.templates, self._literals.parameters)

    def _left_over(self) -> Exception:
        word = self._cursor.here.text.upper()
        if word in ("LIMIT", "GROUP", "HAVING", "OFFSET", "JOIN", "UNION"):
            return invalid(f"Unsupported clause: {word}")
        if word == "AS":
            return invalid("Aliasing is not supported")
        return self._cursor.malformed()

    def _read_table(self) -> str:
        token = self._cursor.next()
        if token.kind not in ("word", "quoted"):
            raise self._cursor.malformed()
        return token.text

    def _read_where(self) -> Condition | None:
        if not self._cursor.takes_word("WHERE"):
            return None
        return ConditionReader(self._cursor, self._literals).read()

    def _read_exists(self) -> Select:
        self._cursor.expect("(")
        self._cursor.expect_word("SELECT")
        found = self._read_select()
        self._cursor.expect(")")
        return Select(found.table, found.index, found.paths, found.where, found.order, found.descending, exists=True)

    def _read_select(self) -> Select:
        cursor = self._cursor
        paths: list[Path] | None = None
        if not cursor.takes("*"):
            paths = [read_path(cursor)]
            while cursor.takes(","):
                paths.append(read_path(cursor))
        if cursor.sees_word("AS"):
            raise invalid("Aliasing is not supported")
        cursor.expect_word("FROM")
        table = self._read_table()
        index = self._read_table() if cursor.takes(".") else None
        if cursor.here.kind == "word" and not cursor.sees_word("WHERE", "ORDER", "LIMIT", "GROUP", "JOIN"):
            raise invalid("Aliasing is not supported")
        where = self._read_where()
        order, descending = self._read_order()
        return Select(table, index, None if paths is None else tuple(paths), where, order, descending)

    def _read_order(self) -> tuple[tuple[str, ...], bool]:
        cursor = self._cursor
        if not cursor.takes_word("ORDER"):
            return (), False
        cursor.expect_word("BY")
        names: list[str] = []
        directions: list[bool] = []
        while not names or cursor.takes(","):
            path = read_path(cursor)
            if len(path.steps) != 1:
                raise invalid("Variable reference in ORDER BY clause must be part of the primary key")
            names.append(str(path.steps[0]))
            directions.append(cursor.takes_word("DESC"))
            if not directions[-1]:
                cursor.takes_word("ASC")
        return tuple(names), directions[-1]

    def _read_insert(self) -> Insert:
        cursor = self._cursor
        cursor.expect_word("INTO")
        table = self._read_table()
        cursor.expect_word("VALUE")
        if not cursor.sees("{"):
            raise invalid(
                "Unsupported format in item expression. Please use struct format {...} to express item values for "
                "insert statement."
            )
        item = self._literals.keep(self._literals.read_item(cursor))
        if cursor.sees_word("RETURNING"):
            raise invalid("RETURNING is not supported in INSERT")
        return Insert(table, item)

    def _read_delete(self) -> Change:
        self._cursor.expect_word("FROM")
        table = self._read_table()
        where = self._read_where()
        returning = self._read_returning()
        if returning not in ("NONE", "ALL_OLD"):
            shown = returning.replace("UPDATED", "MODIFIED").replace("_", " ")
            raise invalid(
                f"Invalid returning clause: RETURNING {shown} *. "
                "Only RETURNING ALL OLD * is allowed in DELETE statements."
            )
        return Change(table, None, where, returning)

    def _read_update(self) -> Change:
        cursor = self._cursor
        table = self._read_table()
        parts: dict[str, list[Any]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
        while cursor.sees_word("SET", "REMOVE"):
            word = cursor.next().text.upper()
            self._read_change(word, parts)
            while cursor.takes(","):
                self._read_change(word, parts)
        if not any(parts.values()):
            raise cursor.malformed()
        update = Update(tuple(parts["SET"]), tuple(parts["REMOVE"]), tuple(parts["ADD"]), tuple(parts["DELETE"]))
        where = self._read_where()
        return Change(table, update, where, self._read_returning())

    def _read_change(self, word: str, parts: dict[str, list[Any]]) -> None:
        cursor = self._cursor
        path = read_path(cursor)
        if word == "REMOVE":
            parts["REMOVE"].append(path)
            return
        cursor.expect("=")
        if cursor.sees_call() and cursor.here.text.lower() in ("set_add", "set_delete"):
            part = "ADD" if cursor.next().text.lower() == "set_add" else "DELETE"
            parts[part].append((path, self._read_set_operation(path)))
            return
        parts["SET"].append((path, self._read_term()))

    def _read_set_operation(self, path: Path) -> str:
        cursor = self._cursor
        cursor.expect("(")
        if read_path(cursor) != path:
            raise invalid("set_add and set_delete change the attribute that they name first; SET has to name the same")
        cursor.expect(",")
        value = self._literals.keep(self._literals.read(cursor))
        cursor.expect(")")
        return value

    def _read_term(self) -> Term:
        left = self._read_operand()
        while self._cursor.sees("+", "-"):
            left = Sum(self._cursor.next().text, left, self._read_operand())
        return left

    def _read_operand(self) -> Term:
        cursor = self._cursor
        if not cursor.sees_call():
            if sees_literal(cursor):
                return ValueTerm(self._literals.keep(self._literals.read(cursor)))
            return PathTerm(read_path(cursor))
        name = cursor.next().text.lower()
        if name not in ("list_append", "if_not_exists"):
            raise invalid(f"Invalid function name; function: {name}")
        cursor.expect("(")
        first = self._read_operand()
        cursor.expect(",")
        second = self._read_operand()
        cursor.expect(")")
        if name == "list_append":
            return ListAppend(first, second)
        if not isinstance(first, PathTerm):
            raise invalid(f"Operator or function requires a document path; operator or function: {name}")
        return IfNotExists(first.path, second)

    def _read_returning(self) -> str:
        cursor = self._cursor
        if not cursor.takes_word("RETURNING"):
            return "NONE"
        which = cursor.next().text.upper()
        age = cursor.next().text.upper()
        cursor.expect("*")
        if which not in ("ALL", "MODIFIED") or age not in ("OLD", "NEW"):
            raise cursor.malformed()
        return f"{'ALL' if which == 'ALL' else 'UPDATED'}_{age}"
