"""Folders of the user's cache, named by their content: filled once, believed later, shared by every run.

Nobody is asked to clean up: whatever no run has used for `KEPT_DAYS` goes when something new is kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

KEPT_DAYS = 30


def kept_folders() -> Path:
    """Where they are: the user's cache folder."""
    import platformdirs

    return platformdirs.user_cache_path("pingbox")


def filled_once(folder: Path, fill: Callable[[Path], object]) -> Path:
    """`folder`, which `fill` has filled if it was not there yet. What `fill` raises comes through; nothing is left."""
    if folder.is_dir():
        _note_use(folder)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_unused(folder.parent)
    # Filled beside and then renamed: a run that is killed half-way leaves no half-filled folder to be believed later.
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        fill(draft)
        os.rename(draft, folder)
        _note_use(folder)
    except OSError:
        if not folder.is_dir():  # else another run was first, and what it kept is as good
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _note_use(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a cache that can only be read is as good
        os.utime(folder)


def _forget_unused(parent: Path) -> None:
    """Also what a run that was killed has left half-filled."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):  # another run was first, or it is not ours to delete: nobody needs it now
            if folder.stat().st_mtime < oldest:
                _delete(folder)


def _delete(folder: Path) -> None:
    """Renamed first: another run never finds it half deleted."""
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as trash:
        os.rename(folder, Path(trash) / folder.name)
