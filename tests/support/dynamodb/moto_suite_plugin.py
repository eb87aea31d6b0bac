"""A pytest plugin for moto's own tests: every DynamoDB client in them is answered by PingBox's engine.

Loaded with `-p support.dynamodb.moto_suite_plugin` into a run of moto's tests, never into ours.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import TARGET, DynamoDBService
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Service


class _Regions:
    """A LocalDynamoDB for each region, as each region of AWS has its own tables."""

    def __init__(self) -> None:
        self._engines: dict[str, LocalDynamoDB] = {}

    def of(self, region: str) -> LocalDynamoDB:
        if region not in self._engines:
            self._engines[region] = LocalDynamoDB.open(None, clock=SystemClock(), region=region, account="123456789012")
        return self._engines[region]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()


class _ByRegion:
    """A DynamoDB in every region, as `Boto3Redirect` wants services."""

    def __init__(self, regions: _Regions) -> None:
        self._regions = regions

    def find(self, request: AwsRequest) -> Service | None:
        if request.scope is None or request.target is None or request.target.prefix != TARGET:
            return None
        return DynamoDBService(self._regions.of(request.scope.region))

    def call(self, service: Service, request: AwsRequest) -> AwsResponse:
        raise AssertionError("DynamoDB is called directly")


_of_class: dict[object, _Regions] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around the whole of each test, its class's setup too, which runs before any fixture.

    The tests of a class share tables that were made once; every other test begins with none.
    """
    owner = getattr(item, "cls", None)
    regions = _of_class.setdefault(owner, _Regions()) if owner is not None else _Regions()
    with Boto3Redirect("http://127.0.0.1:1", _ByRegion(regions)).redirect_all():
        outcome = yield
    if owner is None:
        regions.close()
    return outcome
