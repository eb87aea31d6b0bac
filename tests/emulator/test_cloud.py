"""One assembly for `serve`, `invoke`, `rehearse` and the test kit: what it promises to all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from pingbox.emulator.activity import AwsCalled, FrameReceived, FrameSent, InvocationStarted
from pingbox.emulator.clock import WoundClock
from pingbox.emulator.cloud import LocalCloud
from pingbox.emulator.redirect.process import redirected_process
from pingbox.emulator.services.lambda_.app_functions import HowToRun
from pingbox.emulator.services.lambda_.outcome import NotInvoked, Returned
from pingbox.local.item_store import item_store
from pingbox.model.api import Api, LambdaProxy, Route, Stage
from pingbox.model.app import App, Schedule, Table
from pingbox.model.function import FunctionSpec
from pingbox.settings import ServeSettings
from pingbox.testing import Clients
from support.waiting import until

POSTING = """
import boto3

def handler(event, context):
    context = event["requestContext"]
    api = boto3.client(
        "apigatewaymanagementapi", endpoint_url=f"https://{context['domainName']}/{context['stage']}"
    )
    api.post_to_connection(ConnectionId=context["connectionId"], Data=b"pong")
    return {"statusCode": 200}
"""
VARIABLES = """
import os

def handler(event, context):
    return {name: os.environ.get(name) for name in ("TABLE", "HOME_OF_THE_DEVELOPER")}
"""
THINGS = Table(
    "Things",
    {
        "TableName": "Things",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
)


def app(folder: Path, code: str, *names: str, **parts: object) -> App:
    (folder / "app.py").write_text(code)
    functions = tuple(FunctionSpec(name, "app.handler", str(folder), timeout=20) for name in names)
    routes = (Route("$default", LambdaProxy(names[0])),)
    api = Api("abcdefghij", "test", routes, (Stage("dev"),))
    return App("test", "test", "us-east-1", (api,), functions, **parts)


@contextlib.asynccontextmanager
async def running(declared: App, *, redirected: bool = False, **options: object) -> AsyncIterator[LocalCloud]:
    cloud = LocalCloud(declared, item_store(ServeSettings(port=0)), **options)
    await cloud.start()
    try:
        with redirected_process(cloud.redirect) if redirected else contextlib.nullcontext():
            yield cloud
    finally:
        await cloud.stop()


@pytest.mark.parametrize("in_process", [True, False], ids=["in process", "in processes"])
async def test_a_frame_that_a_client_gets_leads_back_to_the_one_that_another_sent(tmp_path: Path, in_process: bool):
    """frame -> invocation -> AWS call -> frame, whether the function runs here or in a process of its own."""
    how = HowToRun(in_process=in_process)
    async with running(app(tmp_path, POSTING, "echo"), how=how, redirected=in_process) as cloud:
        async with Clients(cloud.server.ws_url("dev"), timeout=30) as ws:
            ana = await ws.connect()
            await ana.send("ping")
            assert await ana.receive() == "pong"
        entries = cloud.history.entries()
        [sent] = [entry for entry in entries if isinstance(entry.activity, FrameSent)]
        # The call is recorded when it has been answered, which the client does not wait for.
        await until(lambda: len(cloud.history.causes(sent.number)) == 4, "the call's own entry")
        chain = [entry.activity for entry in cloud.history.causes(sent.number)]
        assert [type(one) for one in chain] == [FrameSent, AwsCalled, InvocationStarted, FrameReceived]
        call = chain[1].call
        assert (call.service, call.operation, call.error) == ("apigatewaymanagementapi", "PostToConnection", None)


async def test_each_function_sees_its_own_variables_wherever_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """LM-1: what another function has, and what the developer has, are not among them."""
    monkeypatch.setenv("HOME_OF_THE_DEVELOPER", "/home/me")
    declared = app(tmp_path, VARIABLES, "with", "without")
    with_table = replace(declared.functions[0], environment={"TABLE": "Things"})
    declared = replace(declared, functions=(with_table, declared.functions[1]))
    for in_process in (True, False):
        async with running(declared, how=HowToRun(in_process=in_process)) as cloud:
            assert await cloud.functions.invoke("with", {}) == Returned(
                {"TABLE": "Things", "HOME_OF_THE_DEVELOPER": None}
            )
            assert await cloud.functions.invoke("without", {}) == Returned(
                {"TABLE": None, "HOME_OF_THE_DEVELOPER": None}
            )


async def test_a_function_that_the_app_declares_no_more_is_gone(tmp_path: Path):
    declared = app(tmp_path, VARIABLES, "stays", "goes")
    for in_process in (True, False):
        async with running(declared, how=HowToRun(in_process=in_process)) as cloud:
            assert isinstance(await cloud.functions.invoke("goes", {}), Returned)
            await cloud.replace(replace(declared, functions=declared.functions[:1]))
            assert isinstance(await cloud.functions.invoke("goes", {}), NotInvoked)
            assert isinstance(await cloud.functions.invoke("stays", {}), Returned)


async def test_a_schedule_runs_by_the_clock_with_the_event_of_eventbridge(tmp_path: Path):
    clock = WoundClock()
    schedules = (Schedule("each-five", "swept", "rate(5 minutes)"), Schedule("noon", "swept", "cron(0 12 * * ? *)"))
    declared = app(tmp_path, "def handler(event, context):\n    return None\n", "swept", schedules=schedules)
    async with running(declared, how=HowToRun(in_process=True), clock=clock) as cloud:
        clock.advance(minutes=5)
        await until(lambda: _started(cloud) == 1, "the schedule to run")
        [started] = [e.activity for e in cloud.history.entries() if isinstance(e.activity, InvocationStarted)]
        assert started.event["detail-type"] == "Scheduled Event"
        assert started.event["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/each-five"]
        await cloud.replace(replace(declared, schedules=()))
        clock.advance(minutes=5)
        await asyncio.sleep(0)
        assert _started(cloud) == 1


def _started(cloud: LocalCloud) -> int:
    return sum(isinstance(entry.activity, InvocationStarted) for entry in cloud.history.entries())


async def test_tables_are_made_at_the_start_and_added_by_a_deploy(tmp_path: Path):
    declared = app(tmp_path, VARIABLES, "any")
    async with running(declared) as cloud:
        client = cloud.redirect.client("dynamodb")
        assert client.list_tables()["TableNames"] == []
        await cloud.replace(replace(declared, tables=(THINGS,)))
        await cloud.replace(replace(declared, tables=(THINGS,)))
        assert client.list_tables()["TableNames"] == ["Things"]


async def test_given_python_objects_take_the_place_of_the_code(tmp_path: Path):
    declared = app(tmp_path, VARIABLES, "given", "loaded")
    how = HowToRun({"given": lambda: lambda event, context: "mine"}, in_process=True)
    async with running(declared, how=how) as cloud:
        assert await cloud.functions.invoke("given", {}) == Returned("mine")
        assert isinstance(await cloud.functions.invoke("loaded", {}), Returned)
        assert cloud.parts.apart == frozenset()


async def test_the_process_is_as_it_was_when_its_redirect_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import os

    monkeypatch.setenv("AWS_PROFILE", "prod")
    before = dict(os.environ)
    async with running(app(tmp_path, VARIABLES, "any", tables=(THINGS,)), redirected=True) as cloud:
        assert "AWS_PROFILE" not in os.environ
        tables = await asyncio.to_thread(lambda: boto3.client("dynamodb").list_tables()["TableNames"])
        assert tables == ["Things"]
        assert cloud.url == os.environ["AWS_ENDPOINT_URL"]
    assert dict(os.environ) == before


async def test_a_port_in_use_leaves_nothing_behind(tmp_path: Path):
    async with running(app(tmp_path, VARIABLES, "any")) as cloud:
        from pingbox.emulator.cloud import Listen

        second = LocalCloud(cloud.app, item_store(ServeSettings(port=0)), listen=Listen(port=cloud.server.port))
        with pytest.raises(OSError, match="in use"):
            await second.start()
