"""Projections: which paths of an item an answer shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Item
from pingbox.emulator.services.dynamodb.expressions.paths import Names, Path, Steps, follow, read_path, refuse_overlaps
from pingbox.emulator.services.dynamodb.expressions.tokens import Cursor


@lru_cache(maxsize=1024)
def parsed_projection(text: str) -> tuple[Path, ...]:
    """The paths of a ProjectionExpression; raises `ExpressionError`."""
    cursor = Cursor(text)
    paths = [read_path(cursor)]
    while cursor.takes(","):
        paths.append(read_path(cursor))
    cursor.finish()
    return tuple(paths)


@dataclass(frozen=True)
class Projection:
    """Resolved paths; `flat` names are top-level attributes, taken as they are."""

    flat: tuple[str, ...]
    deep: tuple[Steps, ...]

    def of(self, item: Item) -> Item:
        """The projected item; list elements close up, as DynamoDB returns them."""
        out = {name: item[name] for name in self.flat if name in item}
        if self.deep:
            out.update(_picked(item, self.deep))
        return out


def projection(paths: Sequence[Path], names: Names) -> Projection:
    """A projection with its placeholders replaced; raises `ExpressionError` when paths overlap."""
    return projection_of([path.resolved(names) for path in paths])


def projection_of(steps: list[Steps]) -> Projection:
    """A projection of resolved paths; raises `ExpressionError` when paths overlap."""
    if len(steps) > 1:
        refuse_overlaps(steps)
    return Projection(flat=tuple(str(s[0]) for s in steps if len(s) == 1), deep=tuple(s for s in steps if len(s) > 1))


def _picked(item: Item, paths: Sequence[Steps]) -> Item:
    tree: dict[Any, Any] = {}
    for path in paths:
        root = item.get(str(path[0]))
        if root is None or follow(root, path[1:]) is None:
            continue
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
        branch[path[-1]] = None
    return {name: _cut(item[name], branch) for name, branch in tree.items()}


def _cut(value: dict[str, Any], branch: dict[Any, Any] | None) -> dict[str, Any]:
    if branch is None:
        return value
    if "M" in value:
        return {"M": {name: _cut(value["M"][name], inner) for name, inner in branch.items()}}
    return {"L": [_cut(value["L"][position], branch[position]) for position in sorted(branch)]}
