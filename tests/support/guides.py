"""Runs a guide: its files are written, its commands are given, and what it says comes out must come out.

A fenced block whose info string names a file is that file (`python app.py`); with `replace` after the name, it is a
piece of the file, `---`, and what takes its place. Lines of a `console` block that begin with `$ ` are run; each other
line must be found in what the commands print. `text` blocks are looked at by people only.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w+)(?: (?P<name>\S+))?(?P<replace> replace)?\n(?P<body>.*?)^```$", re.M | re.S)
_NOT_RUN = ("pip install",)


@dataclass(frozen=True)
class Block:
    """One fenced block. `name` is the file's, None for commands and for what is only shown."""

    language: str
    name: str | None
    is_replacement: bool
    body: str


def blocks(guide: Path) -> Iterator[Block]:
    """The guide's blocks, in order."""
    for match in _FENCE.finditer(guide.read_text(encoding="utf-8")):
        yield Block(match["language"], match["name"], match["replace"] is not None, match["body"])


def run(guide: Path, folder: Path) -> list[str]:
    """Do what the guide says in `folder`; the commands that were run. Raises `AssertionError` where it is wrong."""
    commands: list[str] = []
    for block in blocks(guide):
        if block.name is not None:
            _write(block, folder / block.name)
        elif block.language == "console":
            commands += _console(block, folder)
    return commands


def _write(block: Block, file: Path) -> None:
    if not block.is_replacement:
        file.write_text(block.body, encoding="utf-8")
        return
    old, _, new = block.body.partition("---\n")
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} has {text.count(old)} times what is to be replaced:\n{old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _console(block: Block, folder: Path) -> list[str]:
    printed = ""
    commands = [line[2:] for line in block.body.splitlines() if line.startswith("$ ")]
    for command in commands:
        if not command.startswith(_NOT_RUN):
            printed += _output(command, folder)
    for line in block.body.splitlines():
        assert line.startswith("$ ") or line in printed, f"{commands} should print {line!r}, and printed:\n{printed}"
    return commands


def _output(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    words = [sys.executable, *arguments] if program == "python" else [sys.executable, "-m", program, *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "AWS_"))}
    # Two quick edits of a file within one second must not be mistaken for one: no compiled files.
    environment = {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=180)
    return done.stdout + done.stderr
