"""The npm packages of an app under test, installed once per machine into the tree's work folder (git ignores it)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_WORK = Path(__file__).parents[2] / ".work" / "npm"
_SECONDS = 180


def with_packages(app: Path, folder: Path) -> Path:
    """A copy of the app in `folder`, with `node_modules` as its package.json says. Skips the test where npm cannot."""
    copy = folder / app.name
    shutil.copytree(app, copy)
    (copy / "node_modules").symlink_to(_installed(app / "package.json"), target_is_directory=True)
    return copy


def _installed(package: Path) -> Path:
    kept = _WORK / hashlib.sha256(package.read_bytes()).hexdigest()[:16]
    if not kept.is_dir():
        _install(package, kept)
    return kept / "node_modules"


def _install(package: Path, kept: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    _WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_WORK) as draft:
        shutil.copy(package, draft)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        try:
            result = subprocess.run(command, cwd=draft, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm install took more than {_SECONDS} s")
        if result.returncode != 0:
            pytest.skip(f"npm install failed: {result.stderr.strip()[-300:]}")
        whole = Path(draft) / "whole"
        whole.mkdir()
        os.rename(Path(draft) / "node_modules", whole / "node_modules")
        try:
            os.rename(whole, kept)
        except OSError:  # another worker of the same run was first; its packages are as good
            if not kept.is_dir():
                raise
