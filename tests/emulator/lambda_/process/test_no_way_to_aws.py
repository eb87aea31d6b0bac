"""Handlers in worker processes reach the emulator under every name they know it by, and AWS under none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.sockets.recording_http import RecordingHttp, recording_http

CLOUD = "abc123.execute-api.eu-west-1.amazonaws.com"


@pytest.fixture
async def emulator() -> AsyncIterator[RecordingHttp]:
    async with recording_http() as recording:
        yield recording


@pytest.fixture
def run(processes: Callable[..., ProcessFunctions], app: Callable[..., Path], emulator: RecordingHttp) -> Any:
    async def run(event: Any = None, **files: str) -> Any:
        spec = FunctionSpec("f", "app.handler", str(app(**files)), timeout=30)
        functions = processes(spec, endpoint=emulator.url, region="eu-west-1")
        outcome = await functions.invoke("f", event)
        assert isinstance(outcome, Returned), outcome
        return outcome.value

    return run


async def test_boto3_reaches_the_emulator_however_its_address_is_built(run: Any, emulator: RecordingHttp) -> None:
    await run(
        {"domainName": emulator.netloc},
        app_py=f"""
        import boto3
        def handler(event, context):
            for endpoint in (None, "https://{CLOUD}/dev", f"https://{{event['domainName']}}/dev"):
                client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
                client.post_to_connection(ConnectionId="a=", Data=b"hi")
            boto3.client("dynamodb").list_tables()
        """,
    )
    assert [(asked.host, asked.path) for asked in emulator.asked] == [
        (emulator.netloc, "/@connections/a%3D"),
        (CLOUD, "/dev/@connections/a%3D"),
        (emulator.netloc, "/dev/@connections/a%3D"),
        (emulator.netloc, "/"),
    ]


async def test_the_guard_works_for_an_interpreter_without_pingbox(run: Any) -> None:
    """And it leaves no name behind: the app may have a module called pingbox."""
    refused, mine = await run(
        pingbox_py="NAME = 'mine'\n",
        app_py="""
        import urllib.request, pingbox
        def handler(event, context):
            try:
                urllib.request.urlopen("https://sqs.eu-west-1.amazonaws.com/", timeout=5)
            except OSError as error:
                return [str(error), pingbox.NAME]
        """,
    )
    assert "PingBox refused a call to AWS sqs at sqs.eu-west-1.amazonaws.com" in refused
    assert mine == "mine"
