"""Loading an app's modules as they are on disk now.

Python takes a compiled file for current if the source's size is the same and its time the same to the second. Somebody
who saves twice within a second, and runs in between, gets the old code then: with hot reload that is every day. So a
source that was changed just now is compiled anew and the result not kept.
"""

from __future__ import annotations

import importlib.machinery
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

JUST_NOW = 2.0  # seconds


class UncachedSourceLoader(importlib.machinery.SourceFileLoader):
    """As Python's own, but for sources younger than `JUST_NOW`."""

    def path_stats(self, path: Any) -> Mapping[str, Any]:
        """Raises `OSError`, by which the machinery knows that there is to be no compiled file."""
        stats = super().path_stats(path)
        if time.time() - float(stats["mtime"]) < JUST_NOW:
            raise OSError(f"{path} was changed just now")
        return stats


def install(folders: Sequence[str]) -> None:
    """Load what is below `folders` this way."""
    loaders: list[tuple[Any, list[str]]] = [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (UncachedSourceLoader, importlib.machinery.SOURCE_SUFFIXES),
    ]
    finder: Callable[[str], Any] = importlib.machinery.FileFinder.path_hook(*loaders)

    def hook(path: str) -> Any:
        if not path.startswith(tuple(folders)):
            raise ImportError("not of the app", path=path)
        return finder(path)

    sys.path_hooks.insert(0, hook)
