"""A document with one value removed, or replaced by one of the wrong kind."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

KeyPath = tuple[str | int, ...]

REMOVED = object()
WRONG = st.sampled_from([
    REMOVED, None, True, 7, -1, 1.5, "x", "", [], ["a"], [[]], [{}], {}, {"a": "b"},
    {"Ref": "Api"}, {"Ref": {}}, {"Fn::Sub": "${x"}, {"Fn::Sub": []}, {"Fn::GetAtt": ["Fn", "Arn"]}, {"Fn::If": [1, 2]},
])  # fmt: skip


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every value but the document itself."""
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from paths(member, (*path, key))


def broken(root: Any, path: KeyPath, wrong: Any) -> Any:
    """A copy of the document with `wrong` at the path, or without what was there."""
    changed = copy.deepcopy(root)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if wrong is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = wrong
    return changed
