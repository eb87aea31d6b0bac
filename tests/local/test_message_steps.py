"""What a message did, as the page's drawer "On the wire" asks for it."""

from __future__ import annotations

import aiohttp
import pytest

from pingbox.emulator.activity import AwsCall, AwsCalled, FrameReceived, FrameSent, InvocationEnded, InvocationStarted
from pingbox.emulator.history import Entry
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.local.chat_server import ChatServer
from pingbox.local.message_steps import message_steps
from pingbox.settings import ServeSettings

PUT = AwsCall("dynamodb", "PutItem", {"TableName": "Messages", "Item": {"text": {"S": "hi"}}}, "Conditional", 0.002)
POST = AwsCall("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": "A=", "Data": b"hi"}, None, 0.001)


def received(text: str, at: float = 100.0) -> FrameReceived:
    return FrameReceived(at=at, connection_id="A=", text=text)


ENTRIES = [
    Entry(1, None, received('{"cid":"other123"}', 99.0)),
    Entry(2, None, received('{"action":"sendMessage","cid":"wanted12"}')),
    Entry(3, 2, InvocationStarted(at=100.001, function="MessageLambda", request_id="r", event={"body": "x"})),
    Entry(4, 3, AwsCalled(at=100.005, request_id="r", call=PUT)),
    Entry(5, 1, AwsCalled(at=100.006, request_id="q", call=PUT)),
    Entry(7, 3, FrameSent(at=100.007, connection_id="A=", text="hi", cause="post")),
    Entry(6, 3, AwsCalled(at=100.008, request_id="r", call=POST)),
    Entry(8, 3, InvocationEnded(100.010, "MessageLambda", "r", Returned({}), 0.009)),
    Entry(9, None, received("not json wanted12")),
]  # fmt: skip


def test_the_steps_of_a_message_and_of_no_other() -> None:
    """Milliseconds since the frame came in; what was refused says why."""
    shown = [
        (s["kind"], s["name"], s["about"], s["start"], s["duration"], s["error"])
        for s in message_steps(ENTRIES, "wanted12")
    ]
    assert shown == [
        ("frame", "frame in", "A=", 0, 0, None),
        ("lambda", "MessageLambda", "", 1, 9, None),
        ("table", "PutItem", "Messages", 3, 2, "Conditional"),
        ("post", "PostToConnection", "A=", 7, 1, None),
        ("frame", "frame out", "A=", 7, 0, None),
    ]


@pytest.mark.parametrize("cid", ["", "unknown1", "wanted", "cid", '"'])
def test_nothing_is_told_of_what_was_not_asked_for(cid: str) -> None:
    assert message_steps(ENTRIES, cid) == []


async def test_the_answer_is_for_nobody_else_and_never_kept() -> None:
    """No page of another origin may read it, and a request for another host is refused as everywhere on this port."""
    server = ChatServer(ServeSettings(port=0))
    await server.start()
    url = f"{server.addresses.page}wire"
    try:
        async with aiohttp.ClientSession() as http:
            async with http.get(url, params={"cid": "unknown1"}) as answer:
                assert await answer.json() == {"steps": []}
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Access-Control-Allow-Origin" not in answer.headers
            async with http.get(url, headers={"Host": "evil.example"}) as answer:
                assert answer.status == 403
            async with http.post(url) as answer:
                assert answer.status == 405
    finally:
        await server.stop()
