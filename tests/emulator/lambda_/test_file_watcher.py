"""A saved file is live for the next event."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pingbox.emulator.services.lambda_.file_watcher import FileWatcher, concerned
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.waiting import until

Watch = Callable[..., "list[frozenset[Path]]"]


@pytest.fixture
async def watchers() -> AsyncIterator[list[FileWatcher]]:
    watchers: list[FileWatcher] = []
    yield watchers
    for watcher in watchers:
        await watcher.close()


async def watch(watchers: list[FileWatcher], *paths: Path) -> list[frozenset[Path]]:
    seen: list[frozenset[Path]] = []
    watchers.append(FileWatcher(paths, seen.append))
    await watchers[-1].start()
    return seen


async def test_a_save_anywhere_below_a_folder_is_seen(watchers: list[FileWatcher], tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    seen = await watch(watchers, tmp_path)
    (tmp_path / "deep" / "er" / "app.py").write_text("x = 1\n")
    await until(lambda: seen, "the save")
    assert seen[0] == {tmp_path / "deep" / "er" / "app.py"}


async def test_a_file_is_followed_when_an_editor_replaces_it(watchers: list[FileWatcher], tmp_path: Path) -> None:
    template, other = tmp_path / "template.yaml", tmp_path / "other.txt"
    template.write_text("old")
    seen = await watch(watchers, template)
    for text in ("new", "newer"):
        count = len(seen)
        other.write_text(text)
        (tmp_path / "swap").write_text(text)
        os.replace(tmp_path / "swap", template)
        await until(lambda count=count: len(seen) > count, "the replacement")  # type: ignore[misc]
    assert set().union(*seen) == {template}


async def test_what_does_not_exist_is_not_watched(watchers: list[FileWatcher], tmp_path: Path) -> None:
    assert await watch(watchers, tmp_path / "nowhere") == []


def test_a_change_concerns_the_functions_whose_code_or_layers_hold_it(tmp_path: Path) -> None:
    one = FunctionSpec("one", "app.handler", str(tmp_path / "one"), layers=(str(tmp_path / "layer"),))
    two = FunctionSpec("two", "app.handler", str(tmp_path / "two"))
    assert concerned([tmp_path / "one" / "app.py"], [one, two]) == ["one"]
    assert concerned([tmp_path / "layer" / "x.py"], [one, two]) == ["one"]
    assert concerned([tmp_path / "one" / "x.py", tmp_path / "two" / "x.py"], [one, two]) == ["one", "two"]
    assert concerned([tmp_path / "else.py", tmp_path / "one_more.py"], [one, two]) == []


async def test_a_saved_handler_is_live_for_the_next_event(
    watchers: list[FileWatcher], processes: Callable[..., ProcessFunctions], app: Callable[..., Path]
) -> None:
    code = app(app_py="def handler(event, context):\n    return 1\n")
    spec = FunctionSpec("f", "app.handler", str(code))
    functions = processes(spec)
    reloaded: list[str] = []

    def changed(paths: frozenset[Path]) -> None:
        for name in concerned(paths, [spec]):
            functions.reload(name)
            reloaded.append(name)

    watchers.append(FileWatcher([code], changed))
    await watchers[-1].start()
    first = await functions.invoke("f", {})
    (code / "app.py").write_text("def handler(event, context):\n    return 2\n")
    await until(lambda: reloaded, "the reload")
    assert (first, await functions.invoke("f", {})) == (Returned(1), Returned(2))
