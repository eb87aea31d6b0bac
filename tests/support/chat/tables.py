"""DynamoDB clients for the chat's tests: ordinary boto3 clients over moto, or over the project's own engine.

Beneath the kit: no gateway, no handler's environment, and an engine of one's choice under handlers called as functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.chat.world import START, make_tables

ENGINES = ("local", "moto")


@contextmanager
def chat_client(engine: str) -> Iterator[Any]:
    """A boto3 client with no tables yet. `local`: our engine, in memory; `moto`: moto's `mock_aws`.

    Making one takes half a second, so tests share it and begin with `fresh_tables`.
    """
    with _moto() if engine == "moto" else _local() as client:
        yield client


@contextmanager
def chat_tables(engine: str) -> Iterator[Any]:
    """A client of an empty chat's tables, for a single use."""
    with chat_client(engine) as client:
        make_tables(client)
        yield client


def fresh_tables(client: Any) -> None:
    """Drop whatever an earlier test left, and make the chat's tables."""
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    make_tables(client)


@contextmanager
def _moto() -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        yield boto3.client("dynamodb", region_name="us-east-1", **keys)


@contextmanager
def _local() -> Iterator[Any]:
    from pingbox.emulator.clock import WoundClock
    from pingbox.emulator.services.dynamodb import LocalDynamoDB
    from support.dynamodb.redirected import redirected_to

    # It stands where the worlds of the tests begin: by the machine's clock all their rows would have expired.
    engine = LocalDynamoDB.open(None, clock=WoundClock(lambda: START / 1000))
    try:
        yield redirected_to(engine).client("dynamodb")
    finally:
        engine.close()
