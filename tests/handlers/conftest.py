"""The chat's handlers over a DynamoDB of one's choice.

A module's `ENGINES` says over which its tests run (default: the project's own, which is some ten times faster than
moto); `CHAT_ENGINES=local,moto` in the environment runs everything over both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.chat.tables import chat_client, fresh_tables
from support.chat.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dynamodb" in metafunc.fixturenames:
        wanted = os.environ.get("CHAT_ENGINES")
        engines = wanted.split(",") if wanted else getattr(metafunc.module, "ENGINES", ("local",))
        metafunc.parametrize("dynamodb", engines, indirect=True)


@pytest.fixture(scope="module")
def clients() -> Iterator[Callable[[str], Any]]:
    """A module's clients by engine, each made when it is first asked for."""
    made: dict[str, Any] = {}
    with ExitStack() as stack:

        def client(engine: str) -> Any:
            if engine not in made:
                made[engine] = stack.enter_context(chat_client(engine))
            return made[engine]

        yield client


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest, clients: Callable[[str], Any]) -> Any:
    """A boto3 client of an empty chat's tables."""
    client = clients(request.param)
    fresh_tables(client)
    return client


@pytest.fixture
def world(dynamodb: Any) -> World:
    """The handlers over that client, with a mailbox for a gateway and a clock that stands still."""
    return World(dynamodb)
