"""MiniStack for the whole run, an account and the command for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.deploy.command import Pingbox, command_in
from support.deploy.ministack import ROOT, Account, MiniStack


@pytest.fixture(scope="session")
def ministack() -> Iterator[MiniStack]:
    with MiniStack() as running:
        yield running


@pytest.fixture
def account(ministack: MiniStack) -> Account:
    return ministack.account()


@pytest.fixture
def pingbox(account: Account) -> Pingbox:
    """`pingbox("deploy", "--yes")`: the command in this account; the exit code has to be `code` (0)."""
    return command_in(account)


@pytest.fixture
def pingbox_with(account: Account, tmp_path: Path) -> Callable[..., str]:
    """`pingbox_with("one", "deploy", "--yes")`: the command of a copy of PingBox whose functions' code differs."""

    def run(difference: str, *arguments: str) -> str:
        tree = tmp_path / difference
        if not tree.exists():
            for package in ("pingbox", "pingbox_core"):
                shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
            with (tree / "pingbox_core" / "limits.py").open("a") as file:
                file.write(f"\n# {difference}\n")
        done = subprocess.run(
            [sys.executable, "-c", "from pingbox.cli import main; main()", *arguments],
            env={**os.environ, **account.environment, "PYTHONPATH": str(tree)},
            cwd=tree,  # -c looks here first
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 2), done.stderr
        return done.stdout

    return run
