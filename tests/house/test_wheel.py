"""The wheel holds exactly PingBox: two packages, the page, the command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_its_top_level_is_ours_alone(wheel):
    """A user's own `deploy/`, `web/` or `emulator/` folder must never be shadowed by ours."""
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"pingbox", "pingbox_core"}


def test_it_carries_what_is_not_python(wheel):
    """The page and the Node runtime are files that a package can forget."""
    tracked = subprocess.run(
        ["git", "ls-files", "pingbox", "pingbox_core"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) <= set(wheel.namelist())


def test_it_installs_the_command(wheel):
    (entry_points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "pingbox = pingbox.cli:main" in wheel.read(entry_points).decode()
