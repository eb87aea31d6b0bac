"""A LocalDynamoDB in memory, one on disk that can be closed and opened again, and clients wired to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import LocalDynamoDB

ENDPOINT = "http://127.0.0.1:3001"  # nobody listens there: wired clients need no server


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
    return Boto3Redirect(ENDPOINT, dynamodb=db).client("dynamodb")


@pytest.fixture
def wired() -> Callable[[Any], Any]:
    """A client for any engine with `call`."""
    return lambda engine: Boto3Redirect(ENDPOINT, dynamodb=engine).client("dynamodb")


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
