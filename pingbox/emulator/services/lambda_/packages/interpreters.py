"""Which Python, and which Node.js, runs an app's functions: of the declared version where this machine has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pingbox.model.function import FunctionSpec

_VENVS = (".venv", "venv")
_PROJECT_MARKS = (".git", "pyproject.toml", "template.yaml", "template.yml", "template.json", "serverless.yml")
_PYTHON = re.compile(r"python(3\.\d+)")
_NODE = re.compile(r"nodejs(\d+)(?:\.x)?")
_VERSION_LINE = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", re.MULTILINE)

OWN_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

# Where version managers keep what they have installed: (variable with the root, root below home, pattern below root).
_PYTHON_MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions/{version}*/bin/python"),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "cpython-{version}.*/bin/python{version}"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python/{version}*/bin/python"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python/{version}*/bin/python"),
)
_NODE_MANAGERS = (
    ("NVM_DIR", ".nvm", "versions/node/v{version}.*/bin/node"),
    ("FNM_DIR", ".local/share/fnm", "node-versions/v{version}.*/installation/bin/node"),
    ("VOLTA_HOME", ".volta", "tools/image/node/{version}.*/bin/node"),
    ("ASDF_DATA_DIR", ".asdf", "installs/nodejs/{version}.*/bin/node"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/node/{version}*/bin/node"),
)


@dataclass(frozen=True)
class Interpreter:
    """`executable` and, for messages, where it was found; `requirements` is the app's requirements.txt, or None.

    `version` is `3.12` for Python, `22` for Node.js; None if it cannot be told.
    """

    executable: Path
    found: str
    requirements: Path | None
    version: str | None = None


def interpreter_for(code: Path, environ: Mapping[str, str], runtime: str = "") -> Interpreter:
    """The virtual environment beside the code or above it in its project, else the active one; else a Python of the
    version that `runtime` (`python3.12`) declares, else PingBox's own.

    A virtual environment of another version is taken all the same: it is what its author has set up for the app.
    """
    folders = _project_folders(code)
    requirements = next((path for folder in folders if (path := folder / "requirements.txt").is_file()), None)
    for folder in folders:
        for name in _VENVS:
            if (executable := _python_of(folder / name)).is_file():
                return Interpreter(executable, str(folder / name), requirements, _version_of_venv(folder / name))
    if (active := environ.get("VIRTUAL_ENV")) and (executable := _python_of(Path(active))).is_file():
        return Interpreter(executable, f"VIRTUAL_ENV={active}", requirements, _version_of_venv(Path(active)))
    wanted = _PYTHON.match(runtime)
    if wanted is not None and wanted[1] != OWN_VERSION:
        found = _installed_python(wanted[1], environ)
        if found is not None:
            return Interpreter(found, "found for this version", requirements, wanted[1])
    return Interpreter(Path(sys.executable), "the interpreter that runs PingBox", requirements, OWN_VERSION)


def node_for(runtime: str, environ: Mapping[str, str]) -> Interpreter | None:
    """A Node.js of the version that `runtime` (`nodejs22.x`) declares, else the one on the PATH, else None."""
    path = environ.get("PATH")
    on_path = shutil.which("node", path=path)
    version = None if on_path is None else _node_version(on_path)
    wanted = _NODE.match(runtime)
    if wanted is not None and wanted[1] != version:
        for found in _managed(_NODE_MANAGERS, wanted[1], environ):
            return Interpreter(found, "found for this version", None, wanted[1])
    return None if on_path is None else Interpreter(Path(on_path), "on the PATH", None, version)


def mismatch(spec: FunctionSpec, environ: Mapping[str, str], fixed: Path | None = None) -> str | None:
    """Which version runs a function instead of the declared one, as a sentence with what to install; None if none does.

    `fixed`: the interpreter that runs every Python function, None for each its own.
    """
    if (wanted := _PYTHON.match(spec.runtime)) is not None:
        if fixed is not None:
            found: Interpreter | None = Interpreter(fixed, "the interpreter that runs PingBox", None, OWN_VERSION)
        else:
            found = interpreter_for(Path(spec.code).resolve(), environ, spec.runtime)
        return _sentence(wanted[1], found, "Python", f"uv python install {wanted[1]}, or pyenv install {wanted[1]}")
    if (wanted := _NODE.match(spec.runtime)) is not None:
        return _sentence(wanted[1], node_for(spec.runtime, environ), "Node.js", f"nvm install {wanted[1]}")
    return None


def _sentence(wanted: str, found: Interpreter | None, language: str, install: str) -> str | None:
    if found is None or found.version in (None, wanted):
        return None
    return (
        f"runs on {language} {found.version} ({found.executable}, {found.found}), not on the declared {wanted}: "
        f"install {language} {wanted}, for instance with {install}"
    )


def _installed_python(version: str, environ: Mapping[str, str]) -> Path | None:
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        # What version managers put on the PATH is a script that only works where the version is switched on.
        if Path(folder).name != "shims" and os.access(found := Path(folder) / f"python{version}", os.X_OK):
            return found
    return next(_managed(_PYTHON_MANAGERS, version, environ), None)


def _managed(managers: tuple[tuple[str, str, str], ...], version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    for variable, below_home, pattern in managers:
        if not (environ.get(variable) or home):
            continue
        root = Path(environ.get(variable) or f"{home}/{below_home}")
        for found in sorted(root.glob(pattern.format(version=version)), reverse=True):
            # `3.1*` finds 3.11 too
            if re.search(rf"[-/v]{re.escape(version)}(\.|/|-)", str(found)) and os.access(found, os.X_OK):
                yield found


@lru_cache(maxsize=16)
def _node_version(node: str) -> str | None:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)  # noqa: S603 -- theirs
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.", told.stdout)
    return found[1] if found else None


def _version_of_venv(folder: Path) -> str | None:
    try:
        found = _VERSION_LINE.search((folder / "pyvenv.cfg").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


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
