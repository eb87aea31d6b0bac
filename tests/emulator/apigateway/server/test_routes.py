"""Messages, their routes, the frames that come back: facts RT-*, RR-* and OR-*, through real sockets."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.lambda_.details import details
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked
from pingbox.model.api import Api, LambdaProxy, Route, Stage, Throttle
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api, lambda_route
from support.waiting import until

PAYLOAD = '{"service":"chat","action":"join","data":{"room":"room1234"}}'
ERROR = re.compile(
    r'\{"message": "(?P<text>[^"]+)", "connectionId":"(?P<connection>[^"]+)", "requestId":"(?P<request>[^"]+)"\}'
)


@pytest.mark.fact("LM-41")
async def test_a_route_may_call_an_alias(serve):
    seen = []

    def function(event):
        seen.append((details.get().qualifier, details.get().version))
        return {"statusCode": 200}

    live = Route("live", LambdaProxy("fn", qualifier="live", version="3"))
    world = await serve(chat_api(live, lambda_route("plain", "fn")), functions=FakeFunctions(fn=function))
    raw = await world.upgraded()
    for action in ("live", "plain"):
        await raw.text(json.dumps({"action": action}))
    await until(lambda: len(seen) == 2, "both messages")
    assert sorted(seen, key=str) == [("live", "3"), (None, "$LATEST")]


async def routed_to(serve, api: Api, *messages: str) -> list[str]:
    """The route keys of the messages' events, in order."""
    world = await serve(api, switches=Switches(message_order="serial"))
    raw = await world.upgraded()
    for message in messages:
        await raw.text(message)
    await until(lambda: len(world.events("MESSAGE")) == len(messages), "all messages to be routed")
    return [event["requestContext"]["routeKey"] for event in world.events("MESSAGE")]


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        pytest.param("$request.body.action", "join", marks=pytest.mark.fact("RT-1")),
        pytest.param("${request.body.action}", "join", marks=pytest.mark.fact("RT-2")),
        pytest.param("${request.body.service}/${request.body.action}", "chat/join", marks=pytest.mark.fact("RT-3")),
        pytest.param("${request.body.action}-${request.body.invalidPath}", "join-", marks=pytest.mark.fact("RT-4")),
        pytest.param("action", "action", marks=pytest.mark.fact("RT-5")),
        pytest.param("\\$default", "$default", marks=pytest.mark.fact("RT-6")),
        pytest.param("$request.body.data.room", "room1234", marks=pytest.mark.fact("RT-7")),
    ],
)
async def test_selection_expressions(serve, expression, key):
    routes = () if key == "$default" else (lambda_route(key),)
    api = chat_api(*routes, lambda_route("wrong"), route_selection_expression=expression)
    assert await routed_to(serve, api, PAYLOAD) == [key]


@pytest.mark.fact("RT-8")
async def test_the_value_of_a_variable_is_not_evaluated_again(serve):
    api = chat_api(lambda_route("join"), lambda_route("chat"))
    assert await routed_to(serve, api, '{"action":"$request.body.other","other":"join"}') == ["$default"]


@pytest.mark.fact("RT-9", "OQ-17")
@pytest.mark.parametrize(
    ("value", "key"), [('["item1","item2"]', "[item1, item2]"), ("42", "42"), ("true", "true"), ('{"a":1}', '{"a":1}')]
)
async def test_values_that_are_no_text_are_compared_as_text(serve, value, key):
    assert await routed_to(serve, chat_api(lambda_route(key, "f")), f'{{"action":{value}}}') == [key]


@pytest.mark.fact("RT-10")
async def test_a_key_matches_exactly_or_not_at_all(serve):
    api = chat_api(lambda_route("join"))
    messages = [json.dumps({"action": action}) for action in ("join", "Join", "joi", "joining", " join")]
    assert await routed_to(serve, api, *messages) == ["join", *["$default"] * 4]


@pytest.mark.fact("RT-12")
async def test_a_route_key_is_never_a_pattern(serve):
    api = chat_api(lambda_route("/jo.*/", "f"), lambda_route("join"))
    messages = [json.dumps({"action": action}) for action in ("/jo.*/", "joker", "join")]
    assert await routed_to(serve, api, *messages) == ["/jo.*/", "$default", "join"]


@pytest.mark.fact("RT-13", "RT-14", "RT-15")
@pytest.mark.parametrize(
    "text", ["not json", "", '{"other":"join"}', '{"action":"unknown"}', "[1]", '"join"', "42", "{"]
)
async def test_what_names_no_route_goes_to_default_with_its_raw_text(serve, text):
    world = await serve(chat_api(lambda_route("join")))
    raw = await world.upgraded()
    await raw.text(text)
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    [event] = world.events("MESSAGE")
    assert (event["requestContext"]["routeKey"], event["body"]) == ("$default", text)


@pytest.mark.fact("RT-16", "OQ-12", "RT-11")
@pytest.mark.parametrize("action", ["$connect", "$disconnect", "$default"])
async def test_a_client_cannot_call_the_special_routes_by_name(serve, action):
    assert await routed_to(serve, chat_api(), json.dumps({"action": action})) == ["$default"]


@pytest.mark.fact("RT-17", "QT-4", "QT-5")
async def test_a_message_in_several_frames_is_one_event(serve):
    world = await serve()
    raw = await world.upgraded()
    parts = [bytes([letter]) * 32 * 1024 for letter in b"abcd"]
    for index, part in enumerate(parts):
        await raw.frame(1 if index == 0 else 0, part, fin=index == 3)
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    assert [event["body"] for event in world.events("MESSAGE")] == [b"".join(parts).decode()]


async def error_frame(world, raw, message="{}") -> tuple[str, dict]:
    """The text of the error frame that `message` gets; its ids are checked."""
    await raw.text(message)
    opcode, fin, payload = await raw.received()
    assert (opcode, fin) == (1, True)
    found = ERROR.fullmatch(payload.decode())
    assert found, payload
    assert found["connection"] == world.connection_id()
    return found["text"], found["request"]


@pytest.mark.fact("RT-20", "RT-25")
async def test_a_message_without_a_route_is_forbidden_and_the_connection_stays(serve):
    world = await serve(Api("nn27okk1we", "bare", (lambda_route("$connect"), lambda_route("join")), (Stage("dev"),)))
    raw = await world.upgraded()
    assert (await error_frame(world, raw))[0] == "Forbidden"
    assert (await error_frame(world, raw, "x"))[0] == "Forbidden"
    await raw.text('{"action":"join"}')
    await until(lambda: "join" in world.asked, "the next message to be routed")


@pytest.mark.fact("RT-21", "RT-25", "RT-29", "RT-30", "OQ-14")
@pytest.mark.parametrize(
    "outcome",
    [
        FunctionError("ValueError", "boom"),
        FunctionError("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        NotInvoked("no permission"),
        None,
        "text",
        {"statusCode": 200, "ConnectionId": "x", "Data": "y"},
        {"statusCode": "no number"},
        {"statusCode": "2" * 5000},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["not", "an object"]},
    ],
)
async def test_a_failing_integration_is_an_internal_server_error(serve, outcome):
    world = await serve(functions=FakeFunctions(default=outcome))
    raw = await world.upgraded()
    text, request_id = await error_frame(world, raw)
    assert text == "Internal server error"
    assert request_id == world.events()[-1]["requestContext"]["requestId"]


@pytest.mark.fact("RT-22", "RT-25", "QT-8", "RR-16")
async def test_a_slow_integration_times_out_at_its_own_limit(serve):
    async def slow(event):
        await asyncio.Event().wait()

    world = await serve(chat_api(lambda_route("$default", timeout_ms=50)), functions=FakeFunctions(default=slow))
    raw = await world.upgraded()
    text, request_id = await error_frame(world, raw)
    assert text == "Endpoint request timed out"
    assert request_id == world.events()[-1]["requestContext"]["requestId"]


@pytest.mark.fact("RT-23", "RR-18")
async def test_a_message_that_its_model_refuses_never_reaches_the_function(serve):
    schema = {"type": "object", "required": ["action", "text"], "properties": {"text": {"type": "string"}}}
    route = lambda_route("say", request_models={"$default": schema}, model_selection_expression="$request.body.kind")
    world = await serve(chat_api(route))
    raw = await world.upgraded()
    await raw.text('{"action":"say","text":5}')
    frame = (await raw.received())[2].decode()
    found = re.fullmatch(
        r'\{"message" : "Bad request body", "connectionId": "([^"]+)", "messageId": "([^"]+)"\}', frame
    )
    assert found
    assert found[1] == world.connection_id()
    assert world.events("MESSAGE") == []
    await raw.text('{"action":"say","text":"five"}')
    await until(lambda: world.events("MESSAGE"), "the good message to be routed")


@pytest.mark.fact("RT-24", "QT-33", "OQ-7")
async def test_a_throttled_message_is_told_so_and_the_connection_stays(serve):
    stage = Stage("dev", throttle=Throttle(rate=1, burst=3), route_throttles={"vip": Throttle(rate=100, burst=100)})
    world = await serve(chat_api(lambda_route("vip"), stages=(stage,)))
    raw = await world.upgraded()  # takes the first token of three
    await raw.text("1")
    await raw.text("2")
    await until(lambda: len(world.events("MESSAGE")) == 2, "two messages to be routed")
    assert (await error_frame(world, raw, "3"))[0] == "Too Many Requests"
    await raw.text('{"action":"vip"}')
    await until(lambda: "vip" in world.asked, "the route with its own throttle to answer")
    world.clock.advance(1)
    await raw.text("4")
    await until(lambda: world.events()[-1].get("body") == "4", "a later message to be routed")


@pytest.mark.fact("QT-27", "OQ-7")
async def test_a_switch_closes_a_throttled_connection_with_1008(serve):
    stage = Stage("dev", throttle=Throttle(rate=1, burst=1))
    world = await serve(chat_api(stages=(stage,)), switches=Switches(throttled="close"))
    raw = await world.upgraded()
    await raw.text("one too many")
    assert await raw.close_code() == 1008


@pytest.mark.fact("RT-28", "RR-1", "RR-19")
@pytest.mark.parametrize("status", [200, 201, 301, 401, 500, 501])
async def test_a_one_way_route_is_silent_whatever_the_function_returns(serve, status):
    world = await serve(functions=FakeFunctions(default={"statusCode": status, "body": "unseen"}))
    raw = await world.upgraded()
    await raw.text("hello")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    await world.post("the next thing seen")
    assert (await raw.received())[2] == b"the next thing seen"
    assert len(world.events("MESSAGE")) == 1


@pytest.mark.fact("RR-2", "RR-3", "RR-4", "OQ-10")
@pytest.mark.parametrize("status", [200, 201, 404, 500])
async def test_a_two_way_route_sends_the_body_whatever_the_status(serve, status):
    functions = FakeFunctions(ask={"statusCode": status, "body": "answer"})
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=functions)
    raw = await world.upgraded()
    await raw.text('{"action":"ask"}')
    assert await raw.received() == (1, True, b"answer")


@pytest.mark.fact("RR-4")
async def test_half_a_surrogate_pair_in_the_body_reaches_the_client_as_a_question_mark(serve):
    """A handler's JSON can hold what a text frame cannot: JavaScript's `slice` leaves it of an emoji."""
    functions = FakeFunctions(ask={"statusCode": 200, "body": "cut \ud83d"})
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=functions)
    raw = await world.upgraded()
    await raw.text('{"action":"ask"}')
    assert await raw.received() == (1, True, b"cut ?")


@pytest.mark.fact("QT-5", "RR-4")
@pytest.mark.parametrize(("text", "warned"), [("x" * 131072, False), ("x" * 131073, True), ("é" * 65537, True)])
async def test_an_answer_of_more_than_128_kb_is_sent_with_a_warning(serve, text, warned, caplog):
    """The quota is known, what happens to such an answer is not."""
    functions = FakeFunctions(ask={"statusCode": 200, "body": text})
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=functions)
    client = await world.client()
    await client.send_json({"action": "ask"})
    assert await client.receive() == text
    assert (f"its answer has {len(text.encode())} bytes" in caplog.text) == warned


@pytest.mark.fact("RR-4")
async def test_a_body_that_calls_itself_base64_is_sent_as_it_is(serve):
    """What AWS does with the member on a route is not recorded; text frames are all it has (MG-30)."""
    functions = FakeFunctions(ask={"statusCode": 200, "body": "aGk=", "isBase64Encoded": True})
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=functions)
    raw = await world.upgraded()
    await raw.text('{"action":"ask"}')
    assert await raw.received() == (1, True, b"aGk=")


@pytest.mark.fact("RR-5")
@pytest.mark.parametrize("response", [{"statusCode": 200}, {"statusCode": 200, "body": None}])
async def test_a_two_way_route_without_a_body_sends_an_empty_message(serve, response):
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=FakeFunctions(ask=response))
    raw = await world.upgraded()
    await raw.text('{"action":"ask"}')
    assert await raw.received() == (1, True, b"")


@pytest.mark.fact("RR-6")
async def test_a_two_way_route_whose_function_fails_sends_the_error_frame(serve):
    functions = FakeFunctions(ask=FunctionError("ValueError", "boom"))
    world = await serve(chat_api(lambda_route("ask", two_way=True)), functions=functions)
    raw = await world.upgraded()
    assert (await error_frame(world, raw, '{"action":"ask"}'))[0] == "Internal server error"


@pytest.mark.fact("RR-8")
async def test_connect_and_disconnect_never_answer_with_frames(serve):
    api = chat_api(
        lambda_route("$connect", two_way=True),
        lambda_route("$disconnect", two_way=True),
        lambda_route("$default", two_way=True),
    )
    body = {"statusCode": 200, "body": "body"}
    world = await serve(api, functions=FakeFunctions(connect=body, disconnect=body, default=body))
    raw = await world.upgraded()
    await raw.text("first")
    assert await raw.received() == (1, True, b"body")
    await raw.frame(8, b"")
    assert await raw.ended() == b"\x88\x00"


def waiting_functions(release: asyncio.Event) -> FakeFunctions:
    async def first_waits(event):
        if event["body"] == "first":
            await release.wait()
        return {"statusCode": 200, "body": event["body"]}

    return FakeFunctions(default=first_waits)


@pytest.mark.fact("OR-1", "OR-2", "OR-6", "RR-7", "OQ-1")
async def test_messages_of_one_connection_run_concurrently_and_may_answer_in_another_order(serve):
    release = asyncio.Event()
    world = await serve(chat_api(lambda_route("$default", two_way=True)), functions=waiting_functions(release))
    raw = await world.upgraded()
    await raw.text("first")
    await raw.text("second")
    assert (await raw.received())[2] == b"second"
    release.set()
    assert (await raw.received())[2] == b"first"


@pytest.mark.fact("OR-4", "OQ-1")
async def test_a_switch_invokes_one_message_of_a_connection_after_the_other(serve):
    release = asyncio.Event()
    api = chat_api(lambda_route("$default", two_way=True))
    world = await serve(api, functions=waiting_functions(release), switches=Switches(message_order="serial"))
    raw = await world.upgraded()
    await raw.text("first")
    await raw.text("second")
    await until(lambda: world.events("MESSAGE"), "the first message to be routed")
    other = await world.upgraded()
    await other.text("other connections do not wait")
    await other.received()
    assert [event["body"] for event in world.events("MESSAGE")][1:] == ["other connections do not wait"]
    release.set()
    assert [(await raw.received())[2], (await raw.received())[2]] == [b"first", b"second"]


async def test_a_route_without_an_integration_is_an_internal_server_error(serve):
    world = await serve(chat_api(Route("empty")))
    raw = await world.upgraded()
    assert (await error_frame(world, raw, '{"action":"empty"}'))[0] == "Internal server error"


async def test_functions_that_break_the_emulator_itself_are_an_internal_server_error(serve):
    """An exception of whoever runs the functions is logged; the client learns no more than usual."""

    def broken(event):
        raise RuntimeError("the runner has a bug")

    world = await serve(functions=FakeFunctions(default=broken))
    raw = await world.upgraded()
    assert (await error_frame(world, raw))[0] == "Internal server error"
