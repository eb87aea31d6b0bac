from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

collect_ignore = ["consumer"]

ROOT = Path(__file__).parents[2]
FURTHER = ("freezegun", "time-machine", "debugpy", "trio")
CONSUMER = Path(__file__).parent / "consumer"


@pytest.fixture(scope="session")
def clean_python(tmp_path_factory) -> Path:
    """The Python of a venv that holds the built wheel, what it depends on, and what a tester installs: nothing of ours.

    Made once for all workers of a run: it takes half a minute.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "clean-venv"
    with (shared / "clean-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            _make(folder)
            (folder / "made").touch()
    return folder / "venv" / "bin" / "python"


def _make(folder: Path) -> None:
    folder.mkdir()
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    _run(build)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    install = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*install, str(wheel), "pytest", "pytest-asyncio", "pytest-xdist", *FURTHER])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path) -> Path:
    """The consumer's project, at a place of its own."""
    return Path(shutil.copytree(CONSUMER, tmp_path / "project"))


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_pytest(clean_python, project) -> Run:
    """Run a real pytest in the project, as its owner would."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(clean_python), "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)

    return run
