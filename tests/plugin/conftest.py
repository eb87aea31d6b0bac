from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

collect_ignore = ["consumer"]

ROOT = Path(__file__).parents[2]
CONSUMER = Path(__file__).parent / "consumer"


@pytest.fixture(scope="session")
def clean_python(tmp_path_factory) -> Path:
    """A venv's Python with the built wheel; what the wheel depends on is borrowed from ours."""
    folder = tmp_path_factory.mktemp("clean")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    borrowed = sysconfig.get_path("purelib")
    own = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    (own / "borrowed.pth").write_text(borrowed + "\n")
    return python


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
