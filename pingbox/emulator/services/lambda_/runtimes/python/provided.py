"""What AWS's Python runtime brings along for every function: boto3 and what it needs.

An app's own virtual environment often leaves boto3 out, because on AWS it is just there. So its imports fall back,
after everything of the app's own, to the emulator's copy: of these packages only, for anything else must fail as it
would on AWS.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

PACKAGES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})


class Provided:
    """A finder for `sys.meta_path`, to be put last. `directory` is the site-packages with the emulator's boto3."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As `importlib.abc.MetaPathFinder` has it. Submodules are found by their package's own path."""
        if fullname not in PACKAGES:
            return None
        return importlib.machinery.PathFinder.find_spec(fullname, [self._directory], target)


def install(directory: str) -> None:
    """Let imports fall back to `directory`."""
    sys.meta_path.append(Provided(directory))
