"""Folders of the user's cache, named by their content: filled once, believed later, shared by every run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept_folders() -> Path:
    """Where they are: the user's cache folder."""
    import platformdirs

    return platformdirs.user_cache_path("pingbox")


def filled_once(folder: Path, fill: Callable[[Path], object]) -> Path:
    """`folder`, which `fill` has filled if it was not there yet. What `fill` raises comes through; nothing is left."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Filled beside and then renamed: a run that is killed half-way leaves no half-filled folder to be believed later.
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        fill(draft)
        os.rename(draft, folder)
    except OSError:
        if not folder.is_dir():  # else another run was first, and what it kept is as good
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
