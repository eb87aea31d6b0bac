"""Recorded events can be sent to the handlers again."""

from __future__ import annotations

import json

import pytest

from pingbox.testing import Clients
from support.serving import pingbox, serving

APP = """
def calm(event, context):
    return {"statusCode": 200, "body": event["body"].upper()}

def upset(event, context):
    raise ValueError("bad day")

ROUTES = {"$default": calm, "upset": upset}
"""


@pytest.fixture
def app(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.pingbox.routes]\n"$default" = "app.calm"\nupset = "app.upset"\n')
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_an_event_from_a_file_is_answered_as_the_function_answers_it(app):
    (app / "event.json").write_text('{"body": "hi"}')
    answered = pingbox("invoke", "$default", str(app), "--event", str(app / "event.json"))
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == {"statusCode": 200, "body": "HI"}


def test_a_function_that_raises_is_an_exit_code(app):
    (app / "event.json").write_text("{}")
    answered = pingbox("invoke", "upset", str(app), "--event", str(app / "event.json"))
    assert answered.returncode == 1
    assert json.loads(answered.stdout)["error"]["errorMessage"] == "bad day"


@pytest.mark.parametrize(
    ("route", "event", "words"),
    [("nowhere", "{}", "no function answers route 'nowhere'; the routes are"), ("$default", "{", "is not JSON")],
)
def test_a_bad_call_says_what_was_expected(app, route, event, words):
    (app / "event.json").write_text(event)
    refused = pingbox("invoke", route, str(app), "--event", str(app / "event.json"))
    assert refused.returncode == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_trace_can_be_replayed_and_tells_what_has_changed(app, tmp_path):
    with serving(tmp_path, str(app), "--ephemeral", "--trace", str(tmp_path / "trace")) as served:
        with Clients(served.addresses["websocket"], timeout=30) as ws:
            ana = ws.connect()
            ana.send("hi")
            ana.send_json({"action": "upset"})
            assert "Internal server error" in ana.receive()
        served.stop()
    (trace,) = (tmp_path / "trace").glob("*.jsonl")
    same = pingbox("replay", str(trace), str(app))
    assert same.returncode == 0, same.stdout
    assert "2 events, 0 ended otherwise" in same.stdout
    (app / "app.py").write_text(APP.replace("upper", "lower"))
    changed = pingbox("replay", str(trace), str(app))
    assert changed.returncode == 1
    assert "2 events, 1 ended otherwise" in changed.stdout
