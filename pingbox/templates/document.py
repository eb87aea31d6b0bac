"""A file's content as plain values, with the line of each: what every reader of templates works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.model.findings import SourcePosition

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Repeated:
    """A key that stands twice in one map: in `first` and, counting, in `line`."""

    key: str
    first: int
    line: int


@dataclass(frozen=True)
class Document:
    """A file's content as plain values, and the line (from 1) of each path in it.

    `repeated` are the keys that a map has once more, and the last one counts.
    """

    file: str
    root: Any
    lines: Mapping[KeyPath, int]
    repeated: tuple[Repeated, ...] = ()

    def place(self, path: KeyPath = ()) -> SourcePosition:
        """Where `path` is written; for a path that is not in the file, where its nearest parent is."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return SourcePosition(self.file, self.lines[path[:length]])
        return SourcePosition(self.file, self.lines.get(()))
