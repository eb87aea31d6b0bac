"""The opening handshake, through real sockets: facts HS-* and CN-*."""

from __future__ import annotations

import asyncio
import json

import pytest
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from pingbox.emulator.activity import Refused
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked
from pingbox.model.api import Api, Stage
from pingbox.testing import RefusedError
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api, lambda_route
from support.sockets.raw_socket import upgrade_request, wire_frame
from support.waiting import until


def refusing(answer):
    return FakeFunctions(connect=answer)


@pytest.mark.fact("HS-1", "HS-3", "HS-5")
async def test_the_101_has_the_headers_that_aws_sends(serve):
    """Date, Connection, upgrade, sec-websocket-accept in AWS's letter case; no subprotocol that nobody chose."""
    world = await serve()
    raw = await world.raw()
    answer = await raw.upgrade()
    assert answer.status == 101
    assert set(answer.headers) == {"date", "connection", "upgrade", "sec-websocket-accept"}
    assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert b"Connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: " in answer.head


@pytest.mark.fact("HS-3", "CN-15")
async def test_the_upgrade_waits_for_connect_and_early_frames_wait_with_it(serve):
    """No 101 before `$connect` has ended; a frame that came too early is a message afterwards, not lost."""
    gate = asyncio.Event()

    async def slow(event):
        await gate.wait()
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(connect=slow))
    raw = await world.raw()
    await raw.send(upgrade_request() + wire_frame(1, b"early"))
    await until(lambda: world.events("CONNECT"), "$connect to run")
    assert world.events("MESSAGE") == []
    gate.set()
    assert (await raw.answer()).status == 101
    await until(lambda: world.events("MESSAGE"), "the early frame to arrive")
    assert [event["body"] for event in world.events("MESSAGE")] == ["early"]


@pytest.mark.fact("HS-4")
async def test_an_api_without_the_special_routes_accepts_everybody(serve):
    world = await serve(Api("nn27okk1we", "bare", (), (Stage("dev"),)))
    await world.upgraded()
    assert world.events() == []


@pytest.mark.fact("HS-6")
@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ],
)
async def test_deflate_is_answered_with_a_server_window_of_12_whatever_the_client_limits(serve, offer):
    world = await serve()
    raw = await world.raw()
    answer = await raw.upgrade("/dev", f"Sec-WebSocket-Extensions: {offer}")
    assert answer.headers["sec-websocket-extensions"] == "permessage-deflate;server_max_window_bits=12"


@pytest.mark.fact("HS-6")
async def test_compressed_messages_are_understood_both_ways(serve):
    """A real client with context takeover: short and long messages, repeated, arrive as they were sent."""
    world = await serve(chat_api(lambda_route("$default", two_way=True)), functions=FakeFunctions(default=echo))
    async with connect(world.server.ws_url("dev"), compression="deflate") as client:
        for text in ("short", "long " * 3000, "short", "long " * 3000, "ünï" * 2000):
            await client.send(text)
            assert await client.recv() == text


async def echo(event):
    return {"statusCode": 200, "body": event["body"]}


async def nobodys(request: object) -> None:
    """A fallback that knows none of the addresses, as `pingbox serve` of an app and the test kit have it."""


@pytest.mark.fact("HS-7", "OQ-21")
@pytest.mark.parametrize("fallback", [None, nobodys])
async def test_a_plain_get_on_a_stage_is_426_and_elsewhere_403(serve, fallback):
    world = await serve(fallback=fallback)
    answer = await world.http("GET", "/dev")
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    answer = await world.http("GET", "/nope")
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')


@pytest.mark.fact("HS-11")
@pytest.mark.parametrize("path", ["/dev/", "/dev/x", "/dev/x/y?z=1", "/nn27okk1we/dev/x"])
async def test_a_plain_get_below_a_stage_is_426_too(serve, path):
    world = await serve()
    answer = await world.http("GET", path)
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")


async def test_a_path_that_nothing_has_is_named_once_in_the_log(serve, caplog):
    world = await serve()
    for _ in range(3):
        assert (await world.http("GET", "/items")).status == 403
    [line] = [record.getMessage() for record in caplog.records if "/items" in record.getMessage()]
    assert line.startswith("GET /items is answered with 403: there is no such path")
    assert line.endswith("WebSocket stages: nn27okk1we/dev")


@pytest.mark.fact("HS-8", "OQ-21")
@pytest.mark.parametrize("path", ["/nope", "/", "/dev/more", "/a/b/c", "/DEV"])
async def test_a_wrong_stage_is_403_and_the_log_says_which_there_are(serve, path):
    world = await serve()
    raw = await world.raw()
    answer = await raw.upgrade(path)
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    [refused] = [seen for seen in world.recorder.steps if isinstance(seen, Refused)]
    assert "/dev" in refused.reason
    assert world.events() == []


@pytest.mark.fact("CN-1")
@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_connect_with_2xx_is_101(serve, status):
    world = await serve(functions=refusing({"statusCode": status}))
    await world.upgraded()
    assert len(world.connections.open) == 1


@pytest.mark.fact("CN-2", "CN-3", "CN-16", "OQ-9")
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 501, 503])
async def test_connect_with_another_status_is_that_status_and_no_disconnect_follows(serve, status):
    world = await serve(functions=refusing({"statusCode": status, "body": "ignored"}))
    raw = await world.raw()
    answer = await raw.upgrade()
    assert answer.status == status
    connection_id = world.connection_id()
    assert f'"connectionId":"{connection_id}", "requestId":"'.encode() in answer.body
    assert b"ignored" not in answer.body
    assert await raw.ended() == b""
    assert world.events("DISCONNECT") == []


@pytest.mark.fact("CN-4", "CN-5")
@pytest.mark.parametrize(
    "failure",
    [
        FunctionError("ValueError", "boom"),
        FunctionError("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        FunctionError("Runtime.ExitError", "exit status 1"),
    ],
)
async def test_a_connect_function_that_fails_is_502(serve, failure):
    world = await serve(functions=refusing(failure))
    raw = await world.raw()
    answer = await raw.upgrade()
    assert answer.status == 502
    assert answer.body.startswith(b'{"message": "Internal server error"')


@pytest.mark.fact("CN-6", "RT-30", "CN-13")
@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        "ok",
        200,
        [],
        {"statusCode": None},
        {"statusCode": "abc"},
        {"statusCode": 200, "unknown": 1},
        {"statusCode": 101},
        {"statusCode": "2" * 5000},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat\r\nX-Mine: 1"}},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "чат"}},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "\ud83d"}},
    ],
)
async def test_a_malformed_connect_response_is_502(serve, nonsense):
    world = await serve(functions=refusing(nonsense))
    assert await world.refusal() == 502


@pytest.mark.fact("CN-7")
async def test_a_connect_function_that_may_not_be_invoked_is_500(serve):
    world = await serve(functions=refusing(NotInvoked("no permission")))
    assert await world.refusal() == 500


@pytest.mark.fact("CN-8", "OQ-8", "RR-16")
async def test_a_connect_that_takes_longer_than_its_integration_timeout_is_504(serve):
    async def hang(event):
        await asyncio.Event().wait()

    api = chat_api(lambda_route("$connect", timeout_ms=50))
    world = await serve(api, functions=FakeFunctions(connect=hang))
    assert await world.refusal() == 504


@pytest.mark.fact("CN-9", "QT-1")
async def test_too_many_new_connections_are_429(serve):
    world = await serve(switches=Switches(connect_rate=1, connect_burst=2))
    await world.upgraded()
    await world.upgraded()
    assert await world.refusal() == 429
    world.clock.advance(1)
    await world.upgraded()


@pytest.mark.fact("CN-10")
async def test_a_real_client_sees_a_failed_connection(serve):
    world = await serve(functions=refusing({"statusCode": 403}))
    with pytest.raises(InvalidStatus, match="403"):
        await connect(world.server.ws_url("dev"))
    with pytest.raises(RefusedError) as refused:
        await world.client()
    assert refused.value.status == 403


@pytest.mark.fact("CN-11")
async def test_only_the_subprotocol_of_the_connect_response_is_passed_on(serve):
    response = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat", "X-Mine": "1"}, "body": "hello"}
    world = await serve(functions=refusing(response))
    raw = await world.raw()
    answer = await raw.upgrade("/dev", "Sec-WebSocket-Protocol: chat, superchat")
    assert answer.headers["sec-websocket-protocol"] == "chat"
    assert "x-mine" not in answer.headers
    assert b"hello" not in answer.body


@pytest.mark.fact("CN-11")
@pytest.mark.parametrize(
    ("response", "answered"),
    [
        ({"headers": {"sec-websocket-protocol": "superchat"}}, "superchat"),
        ({"multiValueHeaders": {"Sec-WebSocket-Protocol": ["chat", "superchat"]}}, "superchat"),
        ({"headers": {"Sec-WebSocket-Protocol": "not offered"}}, "not offered"),
        ({"headers": {"Sec-WebSocket-Protocol": None}}, None),
        ({"headers": None, "multiValueHeaders": None}, None),
    ],
    ids=["another letter case", "the last of several", "one that was not offered", "null", "no headers"],
)
async def test_the_subprotocol_is_passed_on_as_it_was_returned(serve, response, answered):
    """That it is one of those offered is the function's business; what AWS does otherwise is not recorded."""
    world = await serve(functions=refusing({"statusCode": 200, **response}))
    raw = await world.raw()
    answer = await raw.upgrade("/dev", "Sec-WebSocket-Protocol: chat, superchat")
    assert (answer.status, answer.headers.get("sec-websocket-protocol")) == (101, answered)


@pytest.mark.fact("CN-12", "OQ-19")
async def test_a_subprotocol_that_connect_does_not_echo_is_not_answered(serve):
    """The gateway never picks one itself; the offer reaches the function as it was sent."""
    world = await serve()
    raw = await world.raw()
    answer = await raw.upgrade("/dev", "Sec-WebSocket-Protocol: chat, superchat")
    assert (answer.status, "sec-websocket-protocol" in answer.headers) == (101, False)
    assert world.events()[0]["headers"]["Sec-WebSocket-Protocol"] == "chat, superchat"


@pytest.mark.fact("CN-14", "MG-10", "OQ-16")
async def test_a_post_to_a_connection_whose_connect_has_not_finished_is_gone(serve):
    answers = []

    async def greets(event):
        try:
            await world.post("too early", event["requestContext"]["connectionId"])
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(connect=greets))
    await world.upgraded()
    assert answers == ["GoneException"]


async def test_a_client_that_leaves_during_connect_is_cleaned_up_by_disconnect(serve):
    """`$connect` may have stored the connection: `$disconnect` follows, with 1006."""
    gate = asyncio.Event()

    async def slow(event):
        await gate.wait()
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(connect=slow))
    raw = await world.raw()
    await raw.send(upgrade_request())
    await until(lambda: world.events("CONNECT"), "$connect to run")
    await raw.drop()
    await asyncio.sleep(0)
    gate.set()
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    assert world.events("DISCONNECT")[0]["requestContext"]["disconnectStatusCode"] == 1006


@pytest.mark.fact("QT-12")
async def test_a_url_of_more_than_4096_characters_is_refused(serve):
    world = await serve()
    await world.upgraded(path="/dev?q=" + "x" * (4096 - 7))
    assert await world.refusal(path="/dev?q=" + "x" * (4096 - 6)) == 414


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), 400),
        (("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short"), 400),
        (("Connection: Upgrade", "Connection: close"), 426),
        (("Host: localhost", "No colon here"), 400),
        (("Host: localhost", "Transfer-Encoding: chunked"), 400),
    ],
)
async def test_a_broken_handshake_gets_a_clear_status_and_runs_nothing(serve, broken, status):

    world = await serve()
    raw = await world.raw()
    await raw.send(upgrade_request().replace(broken[0].encode(), broken[1].encode()))
    assert (await raw.answer()).status == status
    assert world.events() == []
    assert [seen.status for seen in world.recorder.steps if isinstance(seen, Refused)] == [status]


async def test_a_url_that_is_not_percent_encoded_is_told_so(serve):
    world = await serve()
    raw = await world.raw()
    answer = await raw.upgrade("/dev?name=zoë")
    assert answer.status == 400
    assert json.loads(answer.body) == {"message": "the URL has a byte beyond ASCII, expected it percent-encoded"}


async def test_endless_headers_are_refused(serve):
    world = await serve()
    raw = await world.raw()
    await raw.send(b"GET /dev HTTP/1.1\r\n" + b"X: " + b"a" * 40_000)
    assert (await raw.answer()).status == 431
    many = [f"X-{number}: 1" for number in range(200)]
    assert await world.refusal(*many) == 431


async def test_a_client_that_does_not_finish_its_request_is_let_go(serve):
    """Slowloris: ten seconds for a request's head."""
    world = await serve()
    raw = await world.raw()
    await raw.send(b"GET /dev HTTP/1.1\r\nHost: ")
    answer = asyncio.create_task(raw.answer())
    await until(lambda: world.clock.advance(11) or answer.done(), "the client to be let go")
    assert (await answer).status == 408
    assert await raw.ended() == b""


async def test_a_handshake_may_come_in_single_bytes(serve):

    world = await serve()
    raw = await world.raw()
    for byte in upgrade_request():
        await raw.send(bytes([byte]))
    assert (await raw.answer()).status == 101
