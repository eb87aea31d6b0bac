"""Through how many of PingBox's files a journey leads, counted with `sys.setprofile` once everything is warm.

Two journeys: an item that is put with boto3 in this process, and a frame that reaches a Python handler in this process,
which posts an answer back to its connection. Few files mean that a reader finds the way.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import websockets

from pingbox.local.app_server import AppServer
from pingbox.settings import ServeSettings

GOALS = {"PutItem with boto3": 10, "frame → handler → post": 30}

_HERE = str(Path(__file__).parent.parent / "pingbox")
_PROJECT = """\
[tool.pingbox]
routes = { "$default" = { handler = "app.handler", timeout = 29 } }

[tool.pingbox.tables]
Things = { partition-key = "id" }
"""
_HANDLER = """\
import os
import boto3

clients = {}


def handler(event, context):
    context = event["requestContext"]
    endpoint = f"https://{context['domainName']}/{context['stage']}"
    if endpoint not in clients:
        clients[endpoint] = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    clients[endpoint].post_to_connection(ConnectionId=context["connectionId"], Data=b"pong")
    return {"statusCode": 200}
"""


class Journey:
    """Counts the files whose functions run, on every thread that is told to look, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.files: set[str] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """A profiler, as `sys.setprofile` has it."""
        if self.on and event == "call" and (name := frame.f_code.co_filename).startswith(_HERE):
            self.files.add(name.removeprefix(_HERE + "/"))

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count what runs in the block."""
        self.files.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False


def run(*, quick: bool) -> dict[str, list[str]]:
    """Journey -> the files it leads through."""
    journey = Journey()
    threading.setprofile(journey)
    sys.setprofile(journey)
    try:
        return asyncio.run(_travelled(journey))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


async def _travelled(journey: Journey) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(_PROJECT, encoding="utf-8")
        Path(folder, "app.py").write_text(_HANDLER, encoding="utf-8")
        server = AppServer(ServeSettings(port=0, app=folder, in_process=True, install=False))
        await server.start()
        try:
            return {
                "PutItem with boto3": _item(journey, server.store.client(server.addresses.endpoint)),
                "frame → handler → post": await _frame(journey, server.addresses.websocket),
            }
        finally:
            await server.stop()


def _item(journey: Journey, client: Any) -> list[str]:
    def put() -> None:
        client.put_item(TableName="Things", Item={"id": {"S": "one"}})

    return _counted(journey, put)


def _counted(journey: Journey, action: Callable[[], None]) -> list[str]:
    action()
    with journey.measured():
        action()
    return sorted(journey.files)


async def _frame(journey: Journey, url: str) -> list[str]:
    async with websockets.connect(url) as client:
        warm = 0
        while warm < 3:  # the first may time out on a busy machine: it imports boto3
            await client.send("ping")
            warm += await client.recv() == "pong"
            await asyncio.sleep(0.1)  # what is tidied up after an answer is not the next frame's
        with journey.measured():
            await client.send("ping")
            assert await client.recv() == "pong"
    return sorted(journey.files)


def table(journeys: dict[str, list[str]]) -> str:
    """The counts, and the files by name."""
    lines = ["| journey | files | goal |", "|--|--|--|"]
    lines += [f"| {name} | {len(files)} | {GOALS[name]} |" for name, files in journeys.items()]
    for name, files in journeys.items():
        lines += ["", f"{name}:", *(f"  {file}" for file in files)]
    return "\n".join(lines)
