"""Running pip and npm: into a folder of ours, never into the app's. Output is kept back unless they fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SECONDS = 600


class CannotInstall(Exception):  # noqa: N818 -- a fact about the network or the app, told and lived with
    """The text is the installer's own last word."""


def pip_install(interpreter: Path, requirements: Path, target: Path) -> None:
    """Install for `interpreter` into the folder `target`. Raises `CannotInstall`."""
    _run(
        [
            *_pip(interpreter), "install", "--quiet", "--no-input", "--disable-pip-version-check",
            "--target", str(target), "-r", str(requirements),
        ],
        requirements.parent,
    )  # fmt: skip


def _pip(interpreter: Path) -> list[str]:
    """An environment may be made without pip; PingBox's own pip installs for it, then."""
    own = [str(interpreter), "-m", "pip"]
    if Path(sys.executable) == interpreter or _runs([*own, "--version"]):
        return own
    return [sys.executable, "-m", "pip", "--python", str(interpreter)]


def npm_install(packages: Sequence[str], target: Path, path: str | None) -> None:
    """Install the newest `packages` into `target`/node_modules. `path` is where npm is looked for; None: the default.

    Raises `CannotInstall`.
    """
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise CannotInstall("there is no npm on the PATH")
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
    _run([npm, "install", "--prefix", str(target), *options, *packages], target)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        result = subprocess.run(  # noqa: S603 -- what an app asks for is installed, as its author does
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise CannotInstall(f"it took more than {_SECONDS} s") from error
    except OSError as error:
        raise CannotInstall(str(error)) from error
    if result.returncode != 0:
        raise CannotInstall(_last_word(result.stderr) or _last_word(result.stdout) or f"exit code {result.returncode}")


def _runs(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=_SECONDS).returncode == 0  # noqa: S603 -- pip
    except (OSError, subprocess.SubprocessError):
        return False


def _last_word(text: str) -> str:
    """The last line that names an error, else the last line at all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err", "npm error"))]
    return (errors or lines or [""])[-1]
