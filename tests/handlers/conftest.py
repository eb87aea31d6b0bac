"""Every test here runs over two engines: the project's own DynamoDB and moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.chat_tables import ENGINES, chat_tables
from support.chat_world import World


@pytest.fixture(params=ENGINES)
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A boto3 client of an empty chat's tables."""
    with chat_tables(request.param) as client:
        yield client


@pytest.fixture
def world(dynamodb: Any) -> World:
    """The handlers over that client, with a mailbox for a gateway and a clock that stands still."""
    return World(dynamodb)
