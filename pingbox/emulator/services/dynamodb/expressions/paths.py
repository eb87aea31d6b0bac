"""Document paths: `a.b[3].#c`, read, resolved and followed through an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.emulator.services.dynamodb.answers import AttributeValue, Item
from pingbox.emulator.services.dynamodb.expressions.reserved import is_reserved
from pingbox.emulator.services.dynamodb.expressions.tokens import CountedError, Cursor, ExpressionError

MAX_LEVELS = 32
MAX_POSITION = 2**31 - 1

Names = Mapping[str, str]
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Placeholders:
    """What the placeholders of a request stand for; values are checked already."""

    names: Names
    values: Mapping[str, AttributeValue]


@dataclass(frozen=True)
class Path:
    """A document path as it was written: names (with `#` for placeholders) and list positions."""

    steps: Steps
    aliases: bool

    def resolved(self, names: Names) -> Steps:
        """The path with every placeholder replaced."""
        if not self.aliases:
            return self.steps
        return tuple(names[s] if type(s) is str and s[0] == "#" else s for s in self.steps)

    def find(self, item: Item | None, names: Names) -> AttributeValue | None:
        """The value at the path, None when there is none."""
        if item is None:
            return None
        steps = self.resolved(names)
        found = item.get(steps[0])  # type: ignore[arg-type]
        if len(steps) == 1 or found is None:
            return found
        return follow(found, steps[1:])

    def used_names(self) -> set[str]:
        return {s for s in self.steps if isinstance(s, str) and s[0] == "#"} if self.aliases else set()


def follow(value: AttributeValue, steps: Steps) -> AttributeValue | None:
    """The value at `steps` below `value`, None when a step leads nowhere."""
    for step in steps:
        inner: Any
        if isinstance(step, str):
            inner = value.get("M", {}).get(step)
        else:
            members = value.get("L", ())
            inner = members[step] if step < len(members) else None
        if inner is None:
            return None
        value = inner
    return value


def read_path(cursor: Cursor) -> Path:
    """A path at the cursor; raises `ExpressionError` for bad syntax and for reserved words."""
    steps: list[str | int] = [_read_name(cursor)]
    while True:
        if cursor.takes("."):
            steps.append(_read_name(cursor))
        elif cursor.takes("["):
            if cursor.here.kind != "number":
                raise cursor.error()
            steps.append(_position(cursor.next().text))
            cursor.expect("]")
        else:
            if len(steps) > MAX_LEVELS:
                raise ExpressionError(f"The document path has too many nesting levels; nesting levels: {len(steps)}")
            return Path(tuple(steps), any(isinstance(s, str) and s[0] == "#" for s in steps))


def _position(digits: str) -> int:
    if len(digits) > 10 or int(digits) > MAX_POSITION:
        raise ExpressionError(f"List index is not within the allowable range; index: [{digits}]")
    return int(digits)


def _read_name(cursor: Cursor) -> str:
    token = cursor.here
    if token.kind == "word":
        if is_reserved(token.text):
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
        return cursor.next().text
    if token.kind == "alias":
        return cursor.next().text
    raise cursor.error()


def shown(steps: Steps) -> str:
    """A path as error messages print it: `[a, b, [0]]`."""
    return "[" + ", ".join(f"[{s}]" if isinstance(s, int) else s for s in steps) + "]"


def refuse_overlaps(paths: list[Steps]) -> None:
    """No path may be the beginning of another one; raises `ExpressionError`."""
    for at, later in enumerate(paths):
        for earlier in paths[:at]:
            shorter = min(len(earlier), len(later))
            if earlier[:shorter] == later[:shorter]:
                raise CountedError(
                    "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                    f"path one: {shown(earlier)}, path two: {shown(later)}"
                )
            common = next(i for i in range(shorter) if earlier[i] != later[i])
            if isinstance(earlier[common], int) != isinstance(later[common], int):
                raise CountedError(
                    "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                    f"path one: {shown(earlier)}, path two: {shown(later)}"
                )
