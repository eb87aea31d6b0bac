"""Saved files are live for the next event: what changed on disk, and which functions it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import watchfiles

from pingbox.model.function import FunctionSpec

# Milliseconds. Editors save in several steps: wait for a short silence, but not for long.
_SILENCE, _MAX = 20, 150

Changed = Callable[[frozenset[Path]], None]


def concerned(changed: Iterable[Path], specs: Iterable[FunctionSpec]) -> list[str]:
    """The functions whose code or layers hold one of the changed files."""
    paths = list(changed)
    return [
        spec.name
        for spec in specs
        if any(path.is_relative_to(Path(folder).resolve()) for folder in (spec.code, *spec.layers) for path in paths)
    ]


class FileWatcher:
    """Calls `changed` on the loop, within about 0.2 s of a save, with the resolved paths of the files that changed.

    `paths` are folders (with all below them) or single files; those that do not exist are left out. Not looked at are
    `__pycache__`, `node_modules`, `.venv`, `.git` and editors' temporary files.
    """

    def __init__(self, paths: Iterable[Path], changed: Changed) -> None:
        # A file is watched by its folder: editors put a new file in the place of the old one.
        existing = [path.resolve() for path in paths if path.exists()]
        self._files = {path for path in existing if path.is_file()}
        self._folders = {path for path in existing if path.is_dir()}
        self._changed = changed
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """From the return on, no save is missed."""
        if self._folders or self._files:
            self._task = asyncio.create_task(self._watch(), name="file watcher")
            await asyncio.sleep(0)  # its first step sets up the watching and then waits

    async def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _watch(self) -> None:
        watched = self._folders | {file.parent for file in self._files}
        async for changes in watchfiles.awatch(*watched, stop_event=self._stop, step=_SILENCE, debounce=_MAX):
            # The paths come as resolved as those that were given.
            if wanted := frozenset(path for _, name in changes if self._is_wanted(path := Path(name))):
                self._changed(wanted)

    def _is_wanted(self, path: Path) -> bool:
        return path in self._files or any(path.is_relative_to(folder) for folder in self._folders)
