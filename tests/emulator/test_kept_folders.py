"""The user's cache: filled once, and never full of what nobody uses any more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pingbox.emulator.services.lambda_.packages.cache_folders import KEPT_DAYS, filled_once


def keep(folder: Path, text: str = "kept") -> Path:
    return filled_once(folder, lambda draft: (draft / "file").write_text(text))


def unused_for(folder: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(folder, (then, then))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_there_is_not_filled_again(tmp_path: Path) -> None:
    keep(tmp_path / "pip" / "a", "first")
    assert (keep(tmp_path / "pip" / "a", "second") / "file").read_text() == "first"


def test_what_nobody_used_for_long_goes_when_something_new_is_kept(tmp_path: Path) -> None:
    for name in ("old", "young"):
        keep(tmp_path / name)
    unused_for(tmp_path / "old", KEPT_DAYS + 1)
    unused_for(tmp_path / "young", KEPT_DAYS - 1)
    keep(tmp_path / "new")
    assert names(tmp_path) == ["new", "young"]


def test_what_is_used_stays_however_old_it_is(tmp_path: Path) -> None:
    keep(tmp_path / "old")
    unused_for(tmp_path / "old", KEPT_DAYS + 1)
    keep(tmp_path / "old")
    keep(tmp_path / "new")
    assert names(tmp_path) == ["new", "old"]


def test_what_a_killed_run_left_half_filled_goes_too(tmp_path: Path) -> None:
    (tmp_path / "tmpabcd").mkdir()
    unused_for(tmp_path / "tmpabcd", KEPT_DAYS + 1)
    keep(tmp_path / "new")
    assert names(tmp_path) == ["new"]


def test_what_could_not_be_filled_leaves_nothing(tmp_path: Path) -> None:
    def fill(draft: Path) -> None:
        (draft / "half").touch()
        raise RuntimeError("the network is gone")

    with pytest.raises(RuntimeError, match="the network is gone"):
        filled_once(tmp_path / "pip" / "a", fill)
    assert names(tmp_path / "pip") == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_old_folders_that_cannot_be_deleted_are_no_obstacle(tmp_path: Path) -> None:
    keep(tmp_path / "old")
    (tmp_path / "old" / "file").chmod(0o400)
    (tmp_path / "old").chmod(0o500)
    unused_for(tmp_path / "old", KEPT_DAYS + 1)
    try:
        assert keep(tmp_path / "new").is_dir()
    finally:
        for folder in tmp_path.rglob("*"):
            if folder.is_dir():
                folder.chmod(0o700)
