"""With `isolate`, a function's process reaches the emulator and nothing else, whatever it is written in."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.activity import Activity, Connected
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.emulator.services.lambda_.process.isolation import cannot_isolate
from pingbox.model.function import FunctionSpec
from pingbox.settings import ServeSettings, SettingsError
from pingbox.testing import Clients
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api
from support.waiting import until

REASON = cannot_isolate()
ISOLATED = pytest.mark.skipif(REASON is not None, reason=f"cannot isolate here: {REASON}")
HOST = f"{API_ID}.execute-api.us-east-1.amazonaws.com"


@pytest.fixture
def seen() -> list[Activity]:
    return []


@pytest.fixture
async def server(seen: list[Activity]) -> AsyncIterator[GatewayServer]:
    server = GatewayServer([chat_api()], FakeFunctions(), clock=SystemClock(), observer=seen.append)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def run(processes: Callable[..., ProcessFunctions], app: Callable[..., Path], server: GatewayServer) -> Any:
    async def run(files: dict[str, str], event: Any, runtime: str) -> Any:
        folder = app(files)
        if (folder / "bootstrap").exists():
            (folder / "bootstrap").chmod(0o755)
        spec = FunctionSpec("f", "app.handler", str(folder), runtime=runtime, timeout=60)
        outcome = await processes(spec, endpoint=server.url, isolate=True).invoke("f", event)
        assert isinstance(outcome, Returned), outcome
        return outcome.value

    return run


PYTHON = """
import boto3, urllib.request
def handler(event, context):
    client = boto3.client("apigatewaymanagementapi", endpoint_url=event["base"])
    client.post_to_connection(ConnectionId=event["id"], Data=b"by boto3")
    url = f"{event['base']}/@connections/{event['id'].replace('=', '%3D')}"
    urllib.request.urlopen(urllib.request.Request(url, data=b"over TLS", method="POST"), timeout=20).read()
"""
NODE = """
exports.handler = async (event) => {
  const url = `${event.base}/@connections/${event.id.replace("=", "%3D")}`;
  for (const body of ["by boto3", "over TLS"]) await fetch(url, { method: "POST", body });
};
"""


@ISOLATED
@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x"])
async def test_the_emulator_is_reached(run: Any, server: GatewayServer, seen: list[Activity], runtime: str) -> None:
    if runtime.startswith("node") and shutil.which("node") is None:
        pytest.skip("needs Node")
    async with Clients(f"ws://127.0.0.1:{server.port}", timeout=30) as clients:
        client = await clients.connect("/dev")
        [connection_id] = [one.connection_id for one in seen if isinstance(one, Connected)]
        event = {"base": f"https://{HOST}/dev", "id": connection_id}
        await run({"app.py": PYTHON, "app.js": NODE}, event, runtime)
        assert [await client.receive(), await client.receive()] == ["by boto3", "over TLS"]


@ISOLATED
async def test_nothing_else_is_reached_not_even_past_the_guard(run: Any) -> None:
    """The C library's own connect, as a static binary would use it, to a program that listens on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = await run(
            {
                "app.py": """
                import _socket
                def handler(event, context):
                    found = []
                    for address in event:
                        try:
                            _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(tuple(address))
                            found.append("connected")
                        except OSError as error:
                            found.append(error.strerror)
                    return found
                """
            },
            [["127.0.0.1", port], ["192.0.2.1", 80]],
            "python3.12",
        )
    assert found == ["Connection refused", "Network is unreachable"]


@ISOLATED
async def test_a_runtime_of_ones_own_is_isolated_too(run: Any) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    bootstrap = """
    #!/bin/sh
    api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
    while true; do
      id=$(curl -sS -D - -o /dev/null "$api/next" | tr -d '\\r' | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //Ip')
      curl -s -m 5 http://192.0.2.1/ > /dev/null
      curl -sS -d "$?" "$api/$id/response" > /dev/null
    done
    """
    assert await run({"bootstrap": bootstrap}, {}, "provided.al2023") == 7  # curl's "failed to connect"


@ISOLATED
async def test_isolated_processes_end_with_the_emulator(
    processes: Callable[..., ProcessFunctions], app: Callable[..., Path]
) -> None:
    spec = FunctionSpec(
        "f", "app.handler", str(app(app_py="import os\ndef handler(e, c): return os.getpgrp()")), timeout=60
    )
    functions = processes(spec, isolate=True)
    outcome = await functions.invoke("f", {})
    assert isinstance(outcome, Returned), outcome
    group = int(outcome.value)
    assert _members(group), "the function's process, and what leads to the emulator"
    await functions.close()
    await until(lambda: _members(group) == [], "the end of the whole group")


def _members(group: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


@ISOLATED
def test_asking_whether_it_works_leaves_no_process() -> None:
    before = _scripts()
    assert cannot_isolate() is None
    assert _scripts() <= before


def _scripts() -> set[int]:
    """The processes that were started to ask."""
    found = set()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b'"ports": []' in line.read_bytes():
                found.add(int(line.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("options", [{"app": None}, {"app": "x", "in_process": True}], ids=["chat", "in process"])
def test_only_functions_in_processes_of_their_own_are_isolated(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="--isolate is for an APP"):
        ServeSettings(isolate=True, **options)
