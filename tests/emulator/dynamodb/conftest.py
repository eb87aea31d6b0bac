"""A LocalDynamoDB in memory, one on disk that can be closed and opened again, and clients redirected to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from support.dynamodb.redirected import redirected_to


@pytest.fixture
def clock() -> WoundClock:
    return WoundClock(lambda: 1_764_000_000.0)


@pytest.fixture
def db(clock: WoundClock) -> Iterator[LocalDynamoDB]:
    local = LocalDynamoDB.open(None, clock=clock)
    yield local
    local.close()


@pytest.fixture
def client(db: LocalDynamoDB) -> Any:
    return redirected_to(db).client("dynamodb")


@pytest.fixture
def client_of() -> Callable[[Any], Any]:
    """A client for any engine with `call`."""
    return lambda engine: redirected_to(engine).client("dynamodb")


@pytest.fixture
def opened(tmp_path: Path, clock: WoundClock) -> Iterator[Callable[[], LocalDynamoDB]]:
    """Opens the data folder of this test; what is still open at the end is closed."""
    open_ones: list[LocalDynamoDB] = []

    def opening() -> LocalDynamoDB:
        open_ones.append(LocalDynamoDB.open(tmp_path / "data", clock=clock))
        return open_ones[-1]

    yield opening
    for local in open_ones:
        local.close()
