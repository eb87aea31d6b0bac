"""The Autobahn test suite's server cases, all of them: what fails is what API Gateway refuses, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.outcome import Outcome, Returned
from support.sockets.autobahn import reports
from support.sockets.gateway_world import chat_api, lambda_route

PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}

BINARY = {
    *(f"1.2.{case}" for case in range(1, 6)),
    *(f"9.4.{case}" for case in range(1, 6)),
    *(f"9.8.{case}" for case in range(1, 7)),
    *(f"12.{data}.{case}" for data in (2, 3, 5) for case in (*range(1, 9), *range(11, 18))),
}
"""Binary messages, closed with 1003 (RT-26)."""

LARGE = {
    *(f"1.{kind}.{case}" for kind in (1, 2) for case in (6, 7, 8)),
    *(f"9.{kind}.{case}" for kind in (1, 2, 5, 6) for case in range(1, 7)),
    *(f"9.3.{case}" for case in range(1, 10)),
    *(f"9.4.{case}" for case in range(6, 10)),
    *(f"{kind}.{case}" for kind in ("12.1", "13.1") for case in (9, 10, 17, 18)),
    *(f"12.{data}.{case}" for data in (2, 3, 5) for case in (9, 10, 18)),
    *(f"12.4.{case}" for case in (8, 9, 10, 15, 16, 17, 18)),
    *(f"13.{kind}.{case}" for kind in range(2, 8) for case in (9, 10, 17, 18)),
}
"""Frames beyond 32 KB, as sent or inflated, or messages beyond 128 KB, closed with 1009 (QT-20)."""


class Echo:
    async def invoke(self, function: str, event: Any) -> Outcome:
        return Returned({"statusCode": 200, "body": event.get("body") or ""})


@pytest.mark.skipif(
    "PINGBOX_AUTOBAHN" not in os.environ, reason="opt-in: make autobahn; needs Python 2.7, three minutes"
)
async def test_every_case_passes_but_those_that_api_gateway_refuses(tmp_path: Path) -> None:
    api = chat_api(lambda_route("$default", two_way=True))
    # The suite wants its echoes in the order in which it sent.
    server = GatewayServer([api], Echo(), clock=SystemClock(), switches=Switches(message_order="serial"))
    await server.start()
    try:
        ended = {report["id"]: report for report in await reports(f"ws://127.0.0.1:{server.port}/dev", tmp_path)}
    finally:
        await server.stop()
    failed = {case: report["remoteCloseCode"] for case, report in ended.items() if report["behavior"] not in PASSED}
    assert len(ended) > 500
    assert failed == dict.fromkeys(BINARY, 1003) | dict.fromkeys(LARGE, 1009)
