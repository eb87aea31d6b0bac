"""`pingbox serve` as a new user meets it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import urllib.request

import pytest
from websockets.asyncio.client import connect

from pingbox.chat.app import chat_app
from pingbox.testing import Clients, RefusedError
from support.serving import pingbox, serving


def said(text):
    return {"action": "sendMessage", "text": text}


needs_uvloop = pytest.mark.skipif(sys.platform == "win32", reason="uvloop needs POSIX")
loops = pytest.mark.parametrize("fast", [False, pytest.param(True, marks=needs_uvloop)], ids=["asyncio", "uvloop"])


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=needs_uvloop)], ids=["asyncio", "uvloop"])
def served(request, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("serve"), "--ephemeral", fast=request.param) as running:
        yield running


@pytest.fixture
async def ws(served):
    """Makes clients of the server."""
    async with Clients(served.addresses["websocket"], timeout=30) as clients:
        yield clients


async def test_two_terminals_chat_without_saying_hello(ws):
    """Decision 13: connecting is enough to hear, `sendMessage` is enough to be heard."""
    ana, bo = await ws.connect(), await ws.connect()
    await ana.send_json(said("hi"))
    assert (await ana.receive_json())["text"] == "hi"
    assert (await bo.receive_json())["text"] == "hi"


async def test_a_terminal_and_a_page_meet_in_the_default_room(ws):
    terminal, page = await ws.connect(), await ws.connect(subprotocols=["pingbox.v1"])
    await page.send_json({"action": "hello", "v": 1, "name": "Ana"})
    while (await page.receive_json())["type"] != "ready":
        pass
    await terminal.send_json(said("hello page"))
    assert (await page.receive_json())["text"] == "hello page"


def test_the_page_and_its_config_are_on_the_same_port(served):
    with urllib.request.urlopen(served.addresses["page"]) as answer:
        assert b"<title>" in answer.read()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    with urllib.request.urlopen(served.addresses["page"] + "config.json") as answer:
        assert json.load(answer) == {"wsUrl": "/dev", "local": True}


async def test_a_foreign_page_may_not_connect(ws):
    """D3: the Origin list holds our own page only."""
    with pytest.raises(RefusedError, match="403"):
        await ws.connect(origin="https://evil.example")


@pytest.mark.parametrize(
    "frame", ["not json", "[1]", '{"action":"fly"}', "{}", '{"action":"sendMessage"}', "\x00", '{"action":' * 500]
)
async def test_bad_input_gets_an_error_event_and_the_server_goes_on(ws, frame):
    ana = await ws.connect()
    await ana.send(frame)
    answer = await ana.receive_json()
    assert answer["type"] == "error"
    assert answer["retry"] is False
    await ana.send_json(said("still here"))
    assert (await ana.receive_json())["text"] == "still here"


@pytest.mark.parametrize(("frame", "code"), [("x" * 40_000, 1009), (b"binary", 1003)])
async def test_frames_that_api_gateway_refuses_close_the_connection(ws, frame, code):
    """QT-20, QT-21."""
    ana = await ws.connect()
    await ana.send(frame)
    await ana.closed_with(code)
    assert ana.received == []


async def test_five_thousand_frames_at_once_leave_the_others_unharmed(ws):
    flood = await ws.connect()
    for _ in range(5_000):
        await flood.send('{"action":"ping"}')
    other = await ws.connect()
    await other.send_json(said("I can talk"))
    assert (await other.receive_json())["text"] == "I can talk"


@loops
def test_ctrl_c_says_goodbye_and_leaves_nothing(tmp_path, fast):
    with serving(tmp_path, "--ephemeral", fast=fast) as running:
        with Clients(running.addresses["websocket"]) as ws:
            ana = ws.connect()
            assert running.stop(signal.SIGINT) == 0
            ana.closed_with(1001)
            assert ana.received == []
        assert "Traceback" not in running.output
        assert not (tmp_path / "ready.json").exists()


SLOW_APP = """
[tool.pingbox.routes]
slow = { handler = "app.slow", integration-timeout = 0.05 }
"""


@pytest.mark.fact("RT-22")
@loops
def test_an_integration_that_times_out_is_told_to_the_client_in_the_log_and_in_the_trace(tmp_path, fast):
    (tmp_path / "pyproject.toml").write_text(SLOW_APP)
    (tmp_path / "app.py").write_text("import time\n\n\ndef slow(event, context):\n    time.sleep(1)\n")
    trace = tmp_path / "trace"
    with serving(tmp_path, "--trace", str(trace), str(tmp_path), fast=fast) as running:
        with Clients(running.addresses["websocket"]) as ws:
            ana = ws.connect()
            ana.send_json({"action": "slow"})
            assert ana.receive_json()["message"] == "Endpoint request timed out"
        running.stop()
    assert "the integration timed out" in running.output
    assert "Traceback" not in running.output
    told = [json.loads(line) for file in trace.iterdir() for line in file.read_text().splitlines()]
    assert [one["outcome"] for one in told if one["type"] == "Invoked"] == [{"timedOut": True}]


def test_what_was_written_is_there_after_a_restart(tmp_path):
    data = ("--data-dir", str(tmp_path / "data"))
    with serving(tmp_path, *data) as running, Clients(running.addresses["websocket"]) as ws:
        ana = ws.connect()
        ana.send_json(said("remember me"))
        ana.receive()
        running.stop(signal.SIGKILL)
    with serving(tmp_path, *data) as running, Clients(running.addresses["websocket"]) as ws:
        bo = ws.connect()
        bo.send_json({"action": "history"})
        assert [event["text"] for event in bo.receive_json()["events"]] == ["remember me"]


def test_a_second_serve_on_the_same_folder_is_refused(tmp_path):
    with serving(tmp_path, "--data-dir", str(tmp_path)):
        second = pingbox("serve", "--port", "0", "--data-dir", str(tmp_path))
    assert second.returncode == 1
    assert "in use by another process" in second.stderr
    assert "Traceback" not in second.stderr


def test_reset_asks_and_then_empties_the_folder(tmp_path):
    with serving(tmp_path, "--data-dir", str(tmp_path / "data")) as running:
        busy = pingbox("reset", "--data-dir", str(tmp_path / "data"), "--yes")
        assert busy.returncode == 1
        assert "in use" in busy.stderr
        running.stop()
    assert pingbox("reset", "--data-dir", str(tmp_path / "data"), input="n\n").returncode == 1
    assert list((tmp_path / "data").iterdir())
    assert pingbox("reset", "--data-dir", str(tmp_path / "data"), input="y\n").returncode == 0
    assert list((tmp_path / "data").iterdir()) == []
    assert "nothing is kept" in pingbox("reset", "--data-dir", str(tmp_path / "data")).stdout


def test_reset_of_an_app_empties_the_folder_that_serve_gave_it(tmp_path):
    (tmp_path / "app.py").write_text("def ping(event, context):\n    return {'statusCode': 200}\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pingbox.routes]\n"$default" = "app.ping"\n[tool.pingbox.tables.people]\npartition-key = "id"\n'
    )
    env = {"XDG_DATA_HOME": str(tmp_path / "home"), "HOME": str(tmp_path / "home")}
    with serving(tmp_path, str(tmp_path), env=env) as running:
        running.stop()
    kept = [file.parent for file in tmp_path.rglob("dynamodb.sqlite3")]
    assert len(kept) == 1
    emptied = pingbox("reset", str(tmp_path), "--yes", env=os.environ | env)
    assert (emptied.returncode, emptied.stdout) == (0, f"emptied {kept[0]}\n")
    assert list(kept[0].iterdir()) == []


def test_a_port_in_use_gets_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = pingbox("serve", "--ephemeral", "--port", port)
    assert refused.returncode == 1
    assert refused.stderr.strip().splitlines()[-1].startswith(f"Error: port {port} is in use on 127.0.0.1")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "$default"], "'$default' is not a stage name"),
        (["--stage", "my stage"], "letters, digits, - and _"),
        (["--region", "Frankfurt"], "region 'Frankfurt' is not a region of AWS"),
        (["--port", "70000"], "70000"),
        (["--port", "many"], "'many' is not a valid integer"),
        (["--nonsense"], "No such option"),
        (["--ephemeral", "--data-dir", "somewhere"], "--ephemeral keeps nothing"),
        (["--ephemeral", "--switch", "message_order"], "has no value; expected NAME=VALUE"),
        (["--ephemeral", "--switch", "gravity=off"], "--switch gravity is not known; expected one of message_order"),
        (["--ephemeral", "--switch", "throttled=shout"], "expected frame or close"),
        (["--ephemeral", "--switch", "idle_timeout=soon"], "is not a number above 0"),
        (["--host", "192.0.2.1", "--ephemeral"], "cannot listen on 192.0.2.1"),
    ],
)
def test_a_bad_option_gets_a_clear_line_and_an_exit_code(arguments, words):
    refused = pingbox("serve", *arguments)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.fact("HS-2")
def test_an_app_that_cannot_be_served_gets_a_clear_line_and_an_exit_code(tmp_path):
    (tmp_path / "app.py").write_text("def ping(event, context):\n    return {'statusCode': 200}\n")
    table = tmp_path / "pyproject.toml"
    table.write_text('[tool.pingbox]\nstage = "a b"\nroutes = {"$default" = "app.ping"}\n')
    refused = pingbox("serve", "--ephemeral", str(tmp_path))
    assert refused.returncode == 1
    assert "stage name 'a b': expected letters, digits, - and _" in refused.stderr
    assert "Traceback" not in refused.stderr


@loops
async def test_the_same_is_served_over_tls_under_aws_own_names(tmp_path, fast):
    """HS-1, HS-9: for clients that insist on https, trusting the authority that was written for them."""
    import ssl

    authority = tmp_path / "ca.pem"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(tmp_path, "--ephemeral", "--tls-port", str(port), "--tls-ca", str(authority), fast=fast):
        trusting = ssl.create_default_context(cafile=str(authority))
        api_id = chat_app().apis[0].api_id
        address = f"wss://{api_id}.execute-api.us-east-1.amazonaws.com:{port}/dev"
        async with connect(address, host="127.0.0.1", port=port, ssl=trusting) as ana:
            await ana.send(json.dumps(said("hi over TLS")))
            assert json.loads(await ana.recv())["text"] == "hi over TLS"


@pytest.mark.fact("HS-12")
async def test_a_stage_may_have_hyphens(tmp_path):
    """HS-2."""
    with serving(tmp_path, "--ephemeral", "--stage", "my-stage") as running:
        assert running.addresses["websocket"].endswith("/my-stage")
        async with connect(running.addresses["websocket"]) as ana:
            await ana.send(json.dumps(said("hi")))
            assert json.loads(await ana.recv())["text"] == "hi"


def test_the_tls_options_go_together():
    refused = pingbox("serve", "--tls-port", "0")
    assert refused.returncode == 2
    assert "--tls-port and --tls-ca go together" in refused.stderr
