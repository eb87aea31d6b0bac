from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.activity import Activity, FunctionLog
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec


class Log:
    """An observer that keeps the lines of functions."""

    def __init__(self) -> None:
        self.activities: list[FunctionLog] = []

    def __call__(self, happening: Activity) -> None:
        assert isinstance(happening, FunctionLog)
        self.activities.append(happening)

    @property
    def lines(self) -> list[str]:
        return [happening.line for happening in self.activities]

    def own(self) -> list[str]:
        """Without Lambda's own lines."""
        return [line for line in self.lines if not line.startswith(("START ", "END ", "REPORT "))]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def in_process(log: Log) -> Iterator[Callable[..., InProcessFunctions]]:
    """Make `InProcessFunctions` that are closed at the end."""
    made: list[InProcessFunctions] = []

    def make(functions: Mapping[str, InProcessFunction] | None = None, **options: Any) -> InProcessFunctions:
        made.append(InProcessFunctions(functions or {}, observe=log, **options))
        return made[-1]

    yield make
    for functions in made:
        functions.close()


@pytest.fixture
async def processes(log: Log) -> AsyncIterator[Callable[..., ProcessFunctions]]:
    """Make `ProcessFunctions` whose processes are gone at the end."""
    made: list[ProcessFunctions] = []

    def make(*specs: FunctionSpec, **options: Any) -> ProcessFunctions:
        made.append(ProcessFunctions(specs, observe=log, **options))
        return made[-1]

    yield make
    for functions in made:
        await functions.close()


@pytest.fixture
def app(tmp_path: Path) -> Callable[..., Path]:
    """Write files (`app_py="..."` becomes `app.py`, or `{"lib/x.py": "..."}`) into a code folder of their own."""
    folders = 0

    def write(files: Mapping[str, str] | None = None, **named: str) -> Path:
        nonlocal folders
        folders += 1
        folder = tmp_path / f"code{folders}"
        sources = {**(files or {}), **{_file_name(name): source for name, source in named.items()}}
        for name, source in sources.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source).lstrip("\n"))
        return folder

    return write


def _file_name(name: str) -> str:
    stem, _, ending = name.rpartition("_")
    return f"{stem}.{ending}" if stem else ending
