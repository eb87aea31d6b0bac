"""Quotas, timers and how connections end: facts QT-* and DC-*, through real sockets."""

from __future__ import annotations

import asyncio

import pytest

from pingbox.emulator.http.websocket_frames import compress
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.model.api import Api, Stage
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api, lambda_route
from support.waiting import until


async def disconnect_of(world) -> tuple[int, str]:
    """Code and reason of the only `$disconnect` event."""
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    [event] = world.events("DISCONNECT")
    context = event["requestContext"]
    [connection] = world.connections
    assert (connection.closed.code, connection.closed.reason) == (
        context["disconnectStatusCode"],
        context["disconnectReason"],
    )
    return context["disconnectStatusCode"], context["disconnectReason"]


# --- sizes ----------------------------------------------------------------------------------------------------------


@pytest.mark.fact("QT-4", "RT-17")
async def test_a_frame_of_32_kb_is_taken(serve):
    world = await serve()
    raw = await world.upgraded()
    await raw.text("x" * 32768)
    await until(lambda: world.events("MESSAGE"), "the message to be routed")


@pytest.mark.fact("QT-4", "QT-20", "DC-16", "OQ-5")
@pytest.mark.parametrize("size", [32769, 40 * 1024, 200 * 1024])
async def test_a_larger_frame_closes_with_1009_and_never_reaches_a_function(serve, size, caplog):
    """AWS's words for it are not known: the close frame has none, the log says what was wrong."""
    world = await serve()
    raw = await world.upgraded()
    await raw.text("x" * size)
    assert await raw.received() == (8, True, (1009).to_bytes(2, "big"))
    assert f"closed with 1009: frame with {size} bytes exceeds limit of 32768 bytes" in caplog.text
    assert await disconnect_of(world) == (1009, "")
    assert world.events("MESSAGE") == []


@pytest.mark.fact("QT-5", "QT-20")
async def test_a_message_of_more_than_128_kb_closes_with_1009(serve):
    world = await serve()
    raw = await world.upgraded()
    for index in range(4):
        await raw.frame(1 if index == 0 else 0, b"x" * 32768, fin=False)
    await raw.frame(0, b"x", fin=True)
    assert await raw.close_code() == 1009
    assert world.events("MESSAGE") == []


@pytest.mark.fact("QT-5", "RT-17")
async def test_a_message_of_just_128_kb_is_taken_with_a_ping_before_its_end(serve):
    world = await serve()
    raw = await world.upgraded()
    for index in range(4):
        await raw.frame(1 if index == 0 else 0, b"x" * 32768, fin=False)
    await raw.frame(9, b"are you there")
    await raw.frame(0, b"", fin=True)
    assert await raw.received() == (10, True, b"are you there")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    assert world.events("MESSAGE")[0]["body"] == "x" * 131072


@pytest.mark.fact("QT-5", "HS-6")
@pytest.mark.parametrize(("size", "taken"), [(131072, True), (131073, False)])
async def test_a_compressed_message_is_measured_by_what_it_inflates_to(serve, size, taken):
    world = await serve()
    raw = await world.upgraded("Sec-WebSocket-Extensions: permessage-deflate")
    wire = compress(b"x" * size)
    cut = [wire[start : start + 8] for start in range(0, len(wire), 8)]
    cut.append(b"\x00\x00\xff\xff\x00")  # ends that block and begins an empty one: not a letter more (RFC 7692, 7.2.1)
    for index, piece in enumerate(cut):
        await raw.frame(0 if index else 1, piece, fin=index == len(cut) - 1, rsv=0 if index else 0x40)
    if taken:
        await until(lambda: world.events("MESSAGE"), "the message to be routed")
        assert len(world.events("MESSAGE")[0]["body"]) == size
    else:
        assert await raw.close_code() == 1009
        assert world.events("MESSAGE") == []


@pytest.mark.fact("QT-20")
async def test_a_small_frame_that_inflates_beyond_the_limit_closes_with_1009(serve):
    """A compression bomb is stopped while it is inflated."""
    world = await serve()
    raw = await world.upgraded("Sec-WebSocket-Extensions: permessage-deflate")
    bomb = compress(b"0" * 20_000_000)
    assert len(bomb) < 32768 * 4
    await raw.frame(1, bomb[:32768], rsv=0x40)
    assert await raw.close_code() == 1009
    assert world.events("MESSAGE") == []


@pytest.mark.fact("RT-26", "QT-21", "DC-16", "OQ-5")
@pytest.mark.parametrize("payload", [b"", b"text", b"\xff\x00"])
async def test_a_binary_frame_closes_with_1003_and_never_reaches_a_function(serve, payload):
    world = await serve()
    raw = await world.upgraded()
    await raw.frame(2, payload)
    assert await raw.received() == (8, True, (1003).to_bytes(2, "big"))
    assert await disconnect_of(world) == (1003, "")
    assert world.events("MESSAGE") == []


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.fact("QT-7", "QT-22", "DC-13")
async def test_ten_silent_minutes_close_with_1001(serve):
    world = await serve()
    client = await world.client()
    world.clock.advance(minutes=9, seconds=58)
    await client.send("still here")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    world.clock.advance(minutes=9, seconds=58)
    await world.post("still served")
    await client.expect("still served")
    world.clock.advance(minutes=10)
    await client.closed_with(1001, "Going away")
    assert await disconnect_of(world) == (1001, "Going away")


@pytest.mark.fact("QT-30")
async def test_pushes_alone_keep_a_silent_client(serve):
    world = await serve()
    client = await world.client()
    for number in range(5):
        world.clock.advance(minutes=9.5)
        await world.post(str(number))
        assert await client.receive() == str(number)
    assert world.events("DISCONNECT") == []


@pytest.mark.fact("QT-6", "QT-23", "DC-14", "OQ-3")
async def test_two_hours_close_with_1001_however_busy_the_connection_is(serve):
    world = await serve()
    client = await world.client()
    for _ in range(13):
        world.clock.advance(minutes=9)
        await world.post("busy")
        await client.expect("busy")
    world.clock.advance(minutes=3)
    await client.closed_with(1001, "Going away")
    assert await disconnect_of(world) == (1001, "Going away")


@pytest.mark.fact("QT-31", "OQ-2")
async def test_a_ping_is_answered_reaches_no_function_and_does_not_reset_the_idle_timer(serve):
    world = await serve()
    raw = await world.upgraded()
    world.clock.advance(minutes=6)
    await raw.frame(9, b"are you there")
    assert await raw.received() == (10, True, b"are you there")
    world.clock.advance(minutes=5)
    assert await raw.close_code() == 1001
    assert world.events("MESSAGE") == []


@pytest.mark.fact("QT-31", "OQ-2")
async def test_a_switch_lets_pings_reset_the_idle_timer(serve):
    world = await serve(switches=Switches(pings_reset_idle=True))
    raw = await world.upgraded()
    for _ in range(3):
        world.clock.advance(minutes=6)
        await raw.frame(9, b"")
        assert await raw.received() == (10, True, b"")


@pytest.mark.fact("QT-32")
async def test_the_gateway_sends_no_pings(serve):
    world = await serve()
    raw = await world.upgraded()
    for _ in range(5):
        world.clock.advance(minutes=9)
        await world.post("push")
        assert await raw.received() == (1, True, b"push")


async def test_shorter_limits_can_be_asked_for(serve):
    world = await serve(switches=Switches(idle_timeout=0.05))
    raw = await world.upgraded()
    assert await raw.close_code() == 1001


# --- the client's own ends --------------------------------------------------------------------------------------------


@pytest.mark.fact("DC-10", "QT-26")
async def test_a_close_without_a_code_is_1005_with_awss_words(serve):
    world = await serve()
    raw = await world.upgraded()
    await raw.frame(8, b"")
    assert await disconnect_of(world) == (1005, "Client-side close frame status not set")


@pytest.mark.fact("DC-11")
@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, ""), (4321, "tab closed ü"), (3000, "x" * 123)])
async def test_a_close_with_a_code_and_a_reason_is_passed_on(serve, code, reason):
    world = await serve()
    client = await world.client()
    await client.close(code, reason)
    assert await disconnect_of(world) == (code, reason)


@pytest.mark.fact("DC-15", "QT-26", "OQ-4")
@pytest.mark.parametrize("abort", [True, False])
async def test_a_lost_tcp_connection_is_1006(serve, abort):
    world = await serve()
    raw = await world.upgraded()
    if abort:
        raw.writer.transport.abort()
    else:
        await raw.drop()
    assert await disconnect_of(world) == (1006, "")


@pytest.mark.fact("DC-1", "DC-2")
async def test_disconnect_runs_when_the_connection_is_gone_and_its_result_goes_nowhere(serve):
    answers = []

    async def disconnect(event):
        path = f"/dev/@connections/{event['requestContext']['connectionId']}"
        answers.append(await asyncio.to_thread(world.server.management, "POST", "", path, b"too late"))
        return {"nonsense": True}

    world = await serve(functions=FakeFunctions(disconnect=disconnect))
    raw = await world.upgraded()
    await raw.frame(8, b"")
    assert await raw.ended() == b"\x88\x00"
    await until(lambda: answers, "$disconnect to post")
    assert answers[0].status == 410


@pytest.mark.fact("OR-5")
async def test_messages_before_a_close_are_invoked_before_disconnect(serve):
    world = await serve()
    raw = await world.upgraded()
    for number in range(300):
        await raw.text(str(number))
    await raw.frame(8, b"")
    await disconnect_of(world)
    bodies = [event.get("body") for event in world.events()]
    assert bodies == [None, *map(str, range(300)), None]


@pytest.mark.fact("HS-4")
async def test_an_api_without_disconnect_runs_nothing_at_the_end(serve):
    world = await serve(Api("nn27okk1we", "no end", (lambda_route("$connect"),), (Stage("dev"),)))
    raw = await world.upgraded()
    await raw.frame(8, b"")
    await raw.ended()
    await until(lambda: any(one.closed for one in world.connections), "the end to be noticed")
    assert world.asked == ["connect"]


async def test_a_function_that_hangs_in_disconnect_harms_nobody(serve):
    async def hang(event):
        await asyncio.Event().wait()

    api = chat_api(lambda_route("$default", two_way=True))
    world = await serve(api, functions=FakeFunctions(disconnect=hang, default={"statusCode": 200, "body": "ok"}))
    raw = await world.upgraded()
    await raw.frame(8, b"")
    await raw.ended()
    other = await world.upgraded()
    await other.text("hello")
    assert (await other.received())[2] == b"ok"
