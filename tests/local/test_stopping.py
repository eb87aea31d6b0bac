"""Ctrl-C on `pingbox serve`: what an app keeps of its connections is cleaned up, and nothing is waited for in vain."""

from __future__ import annotations

import signal

import pytest

from pingbox.testing import Clients
from support.serving import serving
from support.waiting import until_sync

SETTINGS = """
[tool.pingbox]
[tool.pingbox.routes]
"$connect" = "app.connect"
"$disconnect" = "app.disconnect"
who = { handler = "app.who", two-way = true }
[tool.pingbox.tables.connections]
partition-key = "id"
"""

CODE = """
import json
import boto3

table = boto3.resource("dynamodb").Table("connections")

def connect(event, context):
    table.put_item(Item={"id": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}

def disconnect(event, context):
    table.delete_item(Key={"id": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}

def who(event, context):
    return {"statusCode": 200, "body": json.dumps(len(table.scan()["Items"]))}
"""

HANGING = """
import pathlib, time

def connect(event, context):
    return {"statusCode": 200}

def disconnect(event, context):
    (pathlib.Path(__file__).parent / "hangs").touch()
    time.sleep(60)

who = connect
"""


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(SETTINGS)
    (folder / "app.py").write_text(CODE)
    return folder


def kept_after_ctrl_c(app, tmp_path, clients, *how):
    """How many connections the app's table still has, after as many clients were there when `serve` was stopped."""
    options = [str(app), "--data-dir", str(tmp_path / "data"), *how]
    with serving(tmp_path, *options, fast=True) as served:
        with Clients(served.addresses["websocket"], timeout=30) as ws:
            there = [ws.connect() for _ in range(clients)]
            assert served.stop() == 0
            for client in there:
                client.closed_with(1001)
        assert "Traceback" not in served.output
        assert "killed" not in served.output
    with serving(tmp_path, *options) as served, Clients(served.addresses["websocket"], timeout=30) as ws:
        alone = ws.connect()
        alone.send_json({"action": "who"})
        return alone.receive_json() - 1


HOW = pytest.mark.parametrize("how", [[], ["--in-process"]], ids=["processes", "in process"])


@pytest.mark.fact("QT-28")
@HOW
def test_disconnect_of_every_client_has_done_its_work_when_serve_has_ended(app, tmp_path, how):
    assert kept_after_ctrl_c(app, tmp_path, 8, *how) == 0


CLEANING = """
def clean(event, context):
    return disconnect(event, context)

def invoke_clean(event, context):
    request = {"requestContext": {"connectionId": event["requestContext"]["connectionId"]}}
    boto3.client("lambda").invoke(FunctionName="app-clean", InvocationType="Event", Payload=json.dumps(request))
    return {"statusCode": 200}
"""


@HOW
def test_what_disconnect_invoked_asynchronously_has_done_its_work_too(app, tmp_path, how):
    settings = SETTINGS.replace('"app.disconnect"', '"app.invoke_clean"')
    (app / "pyproject.toml").write_text(settings + '[tool.pingbox.functions.app-clean]\nhandler = "app.clean"\n')
    (app / "app.py").write_text(CODE + CLEANING)
    assert kept_after_ctrl_c(app, tmp_path, 4, *how) == 0


def test_a_disconnect_that_hangs_does_not_hold_a_second_ctrl_c_up(app, tmp_path):
    (app / "app.py").write_text(HANGING)
    with serving(tmp_path, str(app), "--ephemeral") as served:
        with Clients(served.addresses["websocket"], timeout=30) as ws:
            ws.connect()
            served.process.send_signal(signal.SIGINT)
            until_sync((app / "hangs").exists, "$disconnect to hang")
            assert served.stop(signal.SIGINT) == 0
        assert "Traceback" not in served.output
