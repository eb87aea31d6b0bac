"""The log leads to the cause: what a client only sees as an error frame is told to the developer, once."""

from __future__ import annotations

import json

import pytest

from pingbox.emulator.activity import Invoked
from pingbox.emulator.services.apigateway.websocket.route_selection import unrouted
from pingbox.model.api import Api, LambdaProxy, Route, Stage
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api, lambda_route
from support.waiting import until

API = Api("a", "a", (Route("send", LambdaProxy("f")), Route("list", LambdaProxy("f"))), (Stage("dev"),))


@pytest.mark.parametrize(
    ("text", "gave"),
    [
        ('{"action": "sendmesage"}', "'sendmesage'"),
        ('{"Action": "send"}', "''"),
        ("[1]", "''"),
        ("hello", "nothing, because the message is not JSON"),
        (json.dumps({"action": "x" * 100}), f"{'x' * 64!r}…"),
    ],
)
def test_a_message_that_no_route_takes_is_told_with_what_there_is(text: str, gave: str) -> None:
    told = unrouted(API, text)
    assert told == f"no route takes a message: $request.body.action gave {gave}; routes: send, list, and no $default"


async def test_it_is_in_the_log(serve, caplog):
    api = Api("nn27okk1we", "a", (lambda_route("$connect"), lambda_route("send")), (Stage("dev"),))
    world = await serve(api)
    raw = await world.upgraded()
    await raw.text('{"action": "sned"}')
    await until(lambda: "no route takes a message" in caplog.text, "the line")
    assert f"{world.connection_id()}: no route takes a message: $request.body.action gave 'sned'" in caplog.text


async def test_a_malformed_response_is_told_with_its_invocation(serve):
    world = await serve(chat_api(lambda_route("bad", "fn")), functions=FakeFunctions(fn=lambda event: {"status": 200}))
    raw = await world.upgraded()
    await raw.text('{"action": "bad"}')

    def told() -> list[str]:
        seen = [entry.activity for entry in world.history.entries()]
        return [one.problem for one in seen if isinstance(one, Invoked) and one.problem]

    await until(told, "the invocation")
    assert told()[0].startswith("malformed Lambda proxy response: the function's response has the unknown member")
