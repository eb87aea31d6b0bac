"""The files of somebody's code folder, as they go into its zip: with their executable bits, and links followed.

Everything below the folder goes along, hidden folders too (`node_modules/.prisma`), but for what tools leave behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pingbox.deploy.artifacts.package import PackedFile
from pingbox.deploy.errors import DeployRefusedError

LIMIT_BYTES = 262_144_000
"""What Lambda takes unpacked, a function with its layers (250 MB, "Lambda quotas")."""

_LITTER_FOLDERS = frozenset(
    (
        *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox"),
        *(".git", ".hg", ".svn", ".idea", ".vscode", ".aws-sam", ".serverless"),
    )
)
_LITTER_ENDS = (".pyc", ".swp", ".swo", "~")
_LITTER_FILES = frozenset([".DS_Store", "Thumbs.db"])
_ALWAYS_EXECUTABLE = "bootstrap"  # a custom runtime's entry; Windows has no executable bit to go by


def code_sources(folder: Path, what: str) -> tuple[PackedFile, ...]:
    """Every file by its path from the folder. `what` names the folder in errors.

    `DeployRefusedError` for a link that leads out of the folder, an empty folder, and more than Lambda takes.
    """
    root = folder.resolve()
    sources = tuple(_walk(root, "", root, (), what))
    if not sources:
        raise DeployRefusedError(
            what, f"{folder} is empty", "a folder with the function's code", "build it, or correct it"
        )
    size = sum(len(source.body) for source in sources)
    if size > LIMIT_BYTES:
        raise DeployRefusedError(
            what, f"{size:,} bytes in {folder}", f"at most {LIMIT_BYTES:,} unpacked", "leave out what is not needed"
        )
    return sources


def _walk(folder: Path, prefix: str, root: Path, above: tuple[Path, ...], what: str) -> Iterator[PackedFile]:
    """`above` are the folders on the way, links resolved: a link to one of them would never end."""
    for entry in sorted(folder.iterdir(), key=lambda path: path.name):
        found = entry.resolve()
        if entry.is_symlink() and not found.is_relative_to(root):
            raise DeployRefusedError(
                f"{what}, {prefix}{entry.name}",
                f"a link to {found}",
                f"files of {root}, because whatever is linked would be uploaded",
                "copy into the folder what belongs to the function, and remove the link",
            )
        if found.is_dir():
            if not _is_litter_folder(entry) and found not in (*above, folder.resolve()):
                yield from _walk(entry, f"{prefix}{entry.name}/", root, (*above, folder.resolve()), what)
        elif found.is_file() and not _is_litter(entry):
            yield PackedFile(prefix + entry.name, found.read_bytes(), executable=_is_executable(found, prefix))


def _is_litter_folder(folder: Path) -> bool:
    return folder.name in _LITTER_FOLDERS or (folder / "pyvenv.cfg").is_file()


def _is_litter(file: Path) -> bool:
    return file.name in _LITTER_FILES or file.name.endswith(_LITTER_ENDS)


def _is_executable(file: Path, prefix: str) -> bool:
    if not prefix and file.name == _ALWAYS_EXECUTABLE:
        return True
    return os.name != "nt" and bool(file.stat().st_mode & 0o100)
