"""Which Python runs an app's functions: the one its requirements are installed for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NAMES = (".venv", "venv")
_PROJECT_MARKS = (".git", "pyproject.toml", "template.yaml", "template.yml", "template.json", "serverless.yml")


@dataclass(frozen=True)
class Interpreter:
    """`executable` and, for messages, where it was found; `requirements` is the app's requirements.txt, or None."""

    executable: Path
    found: str
    requirements: Path | None


def interpreter_for(code: Path, environ: Mapping[str, str]) -> Interpreter:
    """The virtual environment beside the code or above it in its project, else the active one, else PingBox's own."""
    folders = _project_folders(code)
    requirements = next((path for folder in folders if (path := folder / "requirements.txt").is_file()), None)
    for folder in folders:
        for name in _NAMES:
            if (executable := _python_of(folder / name)).is_file():
                return Interpreter(executable, str(folder / name), requirements)
    if (active := environ.get("VIRTUAL_ENV")) and (executable := _python_of(Path(active))).is_file():
        return Interpreter(executable, f"VIRTUAL_ENV={active}", requirements)
    return Interpreter(Path(sys.executable), "the interpreter that runs PingBox", requirements)


def _python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _project_folders(code: Path) -> list[Path]:
    """`code` and the folders above it, up to the project's root; only `code` if there is no sign of a project."""
    folders = []
    for folder in (code, *code.parents):
        folders.append(folder)
        if any((folder / mark).exists() for mark in _PROJECT_MARKS):
            return folders
    return folders[:1]
