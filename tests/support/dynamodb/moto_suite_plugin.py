"""A pytest plugin for moto's own tests: every DynamoDB client in them is answered by PingBox's engine.

Loaded with `-p support.dynamodb.moto_suite_plugin` into a run of moto's tests, never into ours.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import Answer, LocalDynamoDB


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


class _ByRegion(Boto3Redirect):
    regions: _Regions

    def answer(self, client: Any, model: Any, request: Mapping[str, Any]) -> Any:
        wires = Boto3Redirect(self.endpoint, dynamodb=self.regions.of(client.meta.region_name))
        return wires.answer(client, model, request)


class _Never:
    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        raise AssertionError("the wires choose an engine by region")


_of_class: dict[object, _Regions] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around the whole of each test, its class's setup too, which runs before any fixture.

    The tests of a class share tables that were made once; every other test begins with none.
    """
    owner = getattr(item, "cls", None)
    regions = _of_class.setdefault(owner, _Regions()) if owner is not None else _Regions()
    wires = _ByRegion("http://127.0.0.1:1", dynamodb=_Never())
    object.__setattr__(wires, "regions", regions)
    with wires.everywhere():
        outcome = yield
    if owner is None:
        regions.close()
    return outcome
