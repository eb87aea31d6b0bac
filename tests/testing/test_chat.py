"""PingBox's own chat under the kit: real handlers, the emulator's clock, faults by seed."""

from __future__ import annotations

import json

import pytest

from pingbox.testing import Emulator
from pingbox.testing.faults import DynamoDBThrottled, FunctionKilled, InvocationDuplicated, PostDropped


@pytest.fixture(scope="module")
def running_chat():
    with Emulator("pingbox:chat") as emulator:
        yield emulator


@pytest.fixture
def chat(running_chat):
    yield running_chat
    running_chat.reset()


def test_schedules_run_by_the_clock(chat):
    """The sweep comes every five minutes, and it comes at once when five minutes are over."""
    ana = chat.ws.connect(name="ana")
    chat.faults.lose_disconnect(of=ana)
    ana.drop()
    chat.clock.advance(minutes=6)
    chat.settle()
    chat.invocations.assert_count("SweepLambda", 1)
    assert chat.invocations.one("SweepLambda").error is None


def test_what_a_handler_called_is_known(chat):
    """Posts too, which on a laptop do not go through boto3."""
    ana = chat.ws.connect()
    ana.send_json({"action": "sendMessage", "text": "hi"})
    ana.expect(text="hi")
    chat.settle()
    services = {call.service for call in chat.invocations.one("sendMessage").aws_calls}
    assert services == {"dynamodb", "apigatewaymanagementapi"}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_goes_wrong_no_message_is_twice_in_the_log(chat, seed):
    """One `cid`, one entry: the client sends again until it is told, through killed and doubled handlers."""
    ana = chat.ws.connect(name="ana")
    chat.faults.schedule(seed, count=5, kinds=[FunctionKilled, InvocationDuplicated, PostDropped, DynamoDBThrottled])
    for number in range(4):
        message = {"action": "sendMessage", "text": str(number), "cid": f"cid-{seed}-{number}-000000"}
        for _ in range(8):
            ana.send_json(message)
            chat.settle()
            if any(_is_echo(json.loads(text), message["cid"]) for text in ana.received):
                break
            chat.clock.advance(seconds=5)  # too fast is told, too
    chat.faults.clear()
    entries = [item for item in chat.dynamodb.items("Messages") if str(item.get("cid", "")).startswith("cid-")]
    assert sorted(entry["cid"] for entry in entries) == [f"cid-{seed}-{number}-000000" for number in range(4)]
    assert sorted(entry["seq"] for entry in entries) == list(range(1, 5))


def _is_echo(event, cid: str) -> bool:
    return event.get("type") == "message" and event.get("cid") == cid
