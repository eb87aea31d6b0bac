"""What a condition or filter says, as a tree that can be asked whether it holds for an item.

Comparisons follow the developer guide (Expressions.OperatorsAndFunctions): unlike types are never equal and never in
order, a missing attribute fails every comparison but `<>`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Item
from pingbox.emulator.services.dynamodb.expressions.paths import Path, Placeholders


class Operand(Protocol):
    """Something that has a value for an item: a path, a `:value`, a size."""

    def value(self, item: Item | None, scope: Placeholders) -> AttributeValue | None: ...
    def parts(self) -> Iterator[Path | str]:
        """The paths and `:values` it mentions."""
        ...


class Condition(Protocol):
    """Something that holds for an item or does not; `item` None is an item that is not there."""

    def holds(self, item: Item | None, scope: Placeholders) -> bool: ...
    def parts(self) -> Iterator[Path | str]: ...


@dataclass(frozen=True)
class PathOperand:
    path: Path

    def value(self, item: Item | None, scope: Placeholders) -> AttributeValue | None:
        return self.path.find(item, scope.names)

    def parts(self) -> Iterator[Path | str]:
        yield self.path


@dataclass(frozen=True)
class ValueOperand:
    name: str

    def value(self, item: Item | None, scope: Placeholders) -> AttributeValue | None:
        return scope.values[self.name]

    def parts(self) -> Iterator[Path | str]:
        yield self.name


@dataclass(frozen=True)
class SizeOperand:
    of: Operand

    def value(self, item: Item | None, scope: Placeholders) -> AttributeValue | None:
        found = self.of.value(item, scope)
        if found is None:
            return None
        ((kind, content),) = found.items()
        if kind in ("L", "M", "SS", "NS", "BS"):
            return {"N": str(len(content))}
        if kind == "S":
            # UTF-16 units, as Java counts the length of a string.
            return {"N": str(len(content) if content.isascii() else len(content.encode("utf-16-le")) // 2)}
        return {"N": str(len(base64.b64decode(content)))} if kind == "B" else None

    def parts(self) -> Iterator[Path | str]:
        return self.of.parts()


@dataclass(frozen=True)
class And:
    left: Condition
    right: Condition

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        return self.left.holds(item, scope) and self.right.holds(item, scope)

    def parts(self) -> Iterator[Path | str]:
        yield from self.left.parts()
        yield from self.right.parts()


@dataclass(frozen=True)
class Or:
    left: Condition
    right: Condition

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        return self.left.holds(item, scope) or self.right.holds(item, scope)

    def parts(self) -> Iterator[Path | str]:
        yield from self.left.parts()
        yield from self.right.parts()


@dataclass(frozen=True)
class Not:
    inner: Condition

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        return not self.inner.holds(item, scope)

    def parts(self) -> Iterator[Path | str]:
        return self.inner.parts()


@dataclass(frozen=True)
class Comparison:
    operator: str
    left: Operand
    right: Operand

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        left, right = self.left.value(item, scope), self.right.value(item, scope)
        if self.operator == "<>":
            return left is None or right is None or not same(left, right)
        if left is None or right is None:
            return False
        return same(left, right) if self.operator == "=" else in_order(left, self.operator, right)

    def parts(self) -> Iterator[Path | str]:
        yield from self.left.parts()
        yield from self.right.parts()


@dataclass(frozen=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        value, low, high = (o.value(item, scope) for o in (self.operand, self.low, self.high))
        if value is None or low is None or high is None:
            return False
        return in_order(value, ">=", low) and in_order(value, "<=", high)

    def parts(self) -> Iterator[Path | str]:
        for operand in (self.operand, self.low, self.high):
            yield from operand.parts()


@dataclass(frozen=True)
class In:
    operand: Operand
    choices: tuple[Operand, ...]

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        value = self.operand.value(item, scope)
        if value is None:
            return False
        return any((c := choice.value(item, scope)) is not None and same(value, c) for choice in self.choices)

    def parts(self) -> Iterator[Path | str]:
        yield from self.operand.parts()
        for choice in self.choices:
            yield from choice.parts()


@dataclass(frozen=True)
class Exists:
    path: Path
    wanted: bool

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        return (self.path.find(item, scope.names) is not None) == self.wanted

    def parts(self) -> Iterator[Path | str]:
        yield self.path


@dataclass(frozen=True)
class HasType:
    path: Path
    type_value: str

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        found = self.path.find(item, scope.names)
        return found is not None and scope.values[self.type_value]["S"] in found

    def parts(self) -> Iterator[Path | str]:
        yield self.path
        yield self.type_value


@dataclass(frozen=True)
class BeginsWith:
    operand: Operand
    prefix: Operand

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        value, prefix = self.operand.value(item, scope), self.prefix.value(item, scope)
        if value is None or prefix is None:
            return False
        if "S" in value and "S" in prefix:
            return bool(value["S"].startswith(prefix["S"]))
        if "B" in value and "B" in prefix:
            return base64.b64decode(value["B"]).startswith(base64.b64decode(prefix["B"]))
        return False

    def parts(self) -> Iterator[Path | str]:
        yield from self.operand.parts()
        yield from self.prefix.parts()


@dataclass(frozen=True)
class Contains:
    operand: Operand
    wanted: Operand

    def holds(self, item: Item | None, scope: Placeholders) -> bool:
        value, wanted = self.operand.value(item, scope), self.wanted.value(item, scope)
        return value is not None and wanted is not None and contains(value, wanted)

    def parts(self) -> Iterator[Path | str]:
        yield from self.operand.parts()
        yield from self.wanted.parts()


def contains(value: AttributeValue, wanted: AttributeValue) -> bool:
    """A substring of a string, a member of a set, an element of a list."""
    ((kind, content),) = value.items()
    ((wanted_kind, wanted_content),) = wanted.items()
    if kind == "L":
        return any(same(element, wanted) for element in content)
    if kind in ("S", "SS", "NS", "BS") and wanted_kind == kind[0]:
        return wanted_content in content
    if kind == wanted_kind == "B":
        return base64.b64decode(wanted_content) in base64.b64decode(content)
    return False


def same(left: AttributeValue, right: AttributeValue) -> bool:
    """Equality: same type, same value; sets have no order. Numbers are in canonical spelling, so their text decides."""
    if left == right:
        return True
    ((kind, content),) = left.items()
    other: Any = right.get(kind)
    if other is None:
        return False
    if kind in ("SS", "NS", "BS"):
        return len(content) == len(other) and set(content) == set(other)
    if kind == "L":
        return len(content) == len(other) and all(map(same, content, other))
    if kind == "M":
        return content.keys() == other.keys() and all(same(v, other[name]) for name, v in content.items())
    return False


def in_order(left: AttributeValue, operator: str, right: AttributeValue) -> bool:
    """`<`, `<=`, `>` or `>=` between two values; False for unlike types and for types without an order."""
    ((kind, content),) = left.items()
    other = right.get(kind)
    if other is None or kind not in ("S", "N", "B"):
        return False
    a, b = _ordered(kind, content), _ordered(kind, other)
    if operator == "<":
        return bool(a < b)
    if operator == "<=":
        return bool(a <= b)
    return bool(a > b) if operator == ">" else bool(a >= b)


def _ordered(kind: str, content: str) -> Any:
    if kind == "N":
        # Numbers of a chat (times, counts, sequence numbers) are integers of a few digits.
        return int(content) if len(content) < 19 and "." not in content else Decimal(content)
    return content.encode() if kind == "S" else base64.b64decode(content)
