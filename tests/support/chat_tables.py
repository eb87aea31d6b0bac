"""DynamoDB clients for the chat's tests: ordinary boto3 clients over moto, or over the project's own engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.chat_world import make_tables

ENGINES = ("local", "moto")


@contextmanager
def chat_tables(engine: str) -> Iterator[Any]:
    """A boto3 client of an empty chat's tables. `local`: ours, in memory; `moto`: moto's `mock_aws`."""
    if engine == "moto":
        with _moto() as client:
            make_tables(client)
            yield client
    else:
        with _local() as client:
            make_tables(client)
            yield client


@contextmanager
def _moto() -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        yield boto3.client("dynamodb", region_name="us-east-1", **keys)


@contextmanager
def _local() -> Iterator[Any]:
    from pingbox.emulator.aws.in_process import Wires
    from pingbox.emulator.clock import SystemClock
    from pingbox.emulator.dynamodb import LocalDynamoDB

    engine = LocalDynamoDB.open(None, clock=SystemClock())
    try:
        yield Wires("http://127.0.0.1:1", dynamodb=engine).client("dynamodb")
    finally:
        engine.close()
