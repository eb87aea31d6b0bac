"""A pytest plugin for moto's own tests: every DynamoDB client in them is answered by PingBox's engine.

Loaded with `-p support.moto_suite_plugin` into a run of moto's tests, never into ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pingbox.emulator.aws.in_process import Wires
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.dynamodb import Answer, LocalDynamoDB


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


class _ByRegion(Wires):
    regions: _Regions

    def answer(self, client: Any, model: Any, request: Mapping[str, Any]) -> Any:
        wires = Wires(self.endpoint, dynamodb=self.regions.of(client.meta.region_name))
        return wires.answer(client, model, request)


class _Never:
    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        raise AssertionError("the wires choose an engine by region")


@pytest.fixture(autouse=True)
def _answered_by_pingbox() -> Iterator[None]:
    wires = _ByRegion("http://127.0.0.1:1", dynamodb=_Never())
    regions = _Regions()
    object.__setattr__(wires, "regions", regions)
    with wires.everywhere():
        yield
    regions.close()
