"""What clients do wrong, by accident or on purpose, harms nobody but themselves."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.frames import apply_mask

from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import World, chat_api, lambda_route
from support.sockets.raw_socket import RawSocket, wire_frame
from support.waiting import until

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


async def echo(event):
    return {"statusCode": 200, "body": event["body"]}


@pytest.fixture
async def world(serve) -> World:
    """A gateway that echoes every message."""
    return await serve(chat_api(lambda_route("$default", two_way=True)), functions=FakeFunctions(default=echo))


async def assert_well(world: World) -> None:
    """A new client is served as if nothing had happened."""
    raw = await world.upgraded()
    await raw.text("how are you")
    assert await raw.received() == (TEXT, True, b"how are you")
    await raw.frame(CLOSE, b"")
    await raw.ended()


# --- RFC 6455, as the Autobahn test suite asks for it -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        pytest.param(wire_frame(TEXT, b"x", mask=False), 1002, id="unmasked"),
        pytest.param(wire_frame(TEXT, b"x", rsv=0x40), 1002, id="RSV1 without deflate"),
        pytest.param(wire_frame(TEXT, b"x", rsv=0x20), 1002, id="RSV2"),
        pytest.param(wire_frame(TEXT, b"x", rsv=0x10), 1002, id="RSV3"),
        *(
            pytest.param(wire_frame(op, b"x"), 1002, id=f"reserved opcode {op}")
            for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        ),
        pytest.param(wire_frame(0, b"x"), 1002, id="continuation of nothing"),
        pytest.param(wire_frame(TEXT, b"a", fin=False) + wire_frame(TEXT, b"b"), 1002, id="text inside a message"),
        pytest.param(wire_frame(TEXT, b"a", fin=False) + wire_frame(BINARY, b"b"), 1002, id="binary inside a message"),
        pytest.param(wire_frame(PING, b"x", fin=False), 1002, id="fragmented ping"),
        pytest.param(wire_frame(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(wire_frame(CLOSE, b"x"), 1002, id="close with half a code"),
        *(
            pytest.param(wire_frame(CLOSE, struct.pack("!H", code)), 1002, id=f"close with {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        ),
        pytest.param(wire_frame(CLOSE, b"\x03\xe8" + b"x" * 124), 1002, id="close with a long reason"),
        pytest.param(wire_frame(CLOSE, b"\x03\xe8\xff"), 1007, id="close with a reason that is no UTF-8"),
        pytest.param(wire_frame(TEXT, b"\xff"), 1007, id="text that is no UTF-8"),
        pytest.param(wire_frame(TEXT, b"\xed\xa0\x80"), 1007, id="text with a surrogate"),
        pytest.param(
            wire_frame(TEXT, b"\xce", fin=False) + wire_frame(0, b"\xce"), 1007, id="fragments that are no UTF-8"
        ),
        pytest.param(
            wire_frame(BINARY, b"\xce", fin=False) + wire_frame(0, b"\xce"), 1003, id="a binary message in fragments"
        ),
        pytest.param(wire_frame(BINARY, b"x") + wire_frame(TEXT, b"\xff"), 1003, id="a binary message, then text"),
        pytest.param(
            wire_frame(TEXT, b"fragm", fin=False) + wire_frame(CLOSE, b"\x03\xe8"), 1000, id="a close between fragments"
        ),
        pytest.param(b"\x81\xfe\x00\x01", None, id="half a header"),
        pytest.param(b"\x81\xff" + b"\xff" * 12, 1009, id="a length of 2^64 - 1"),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_closed_with_the_code_for_it(world, wire, code):
    raw = await world.upgraded()
    await raw.send(wire)
    if code is None:
        await raw.drop()
    else:
        assert await raw.close_code() == code
        assert await raw.ended() == b""
    assert world.events("MESSAGE") == []
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    await assert_well(world)


@pytest.mark.parametrize(
    ("wire", "answers"),
    [
        pytest.param(wire_frame(PING, b"x" * 125), [(10, b"x" * 125)], id="the longest ping"),
        pytest.param(wire_frame(10, b"unasked"), [], id="a pong nobody asked for"),
        pytest.param(
            wire_frame(TEXT, b"fragm", fin=False) + wire_frame(PING, b"p") + wire_frame(0, b"ented"),
            [(10, b"p"), (TEXT, b"fragmented")],
            id="a ping between fragments",
        ),
        pytest.param(
            wire_frame(TEXT, b"", fin=False) + wire_frame(0, b"", fin=False) + wire_frame(0, b"x"),
            [(TEXT, b"x")],
            id="empty fragments",
        ),
        pytest.param(wire_frame(TEXT, b""), [(TEXT, b"")], id="an empty message"),
        pytest.param(
            wire_frame(TEXT, "κόσμε".encode()[:3], fin=False) + wire_frame(0, "κόσμε".encode()[3:]),
            [(TEXT, "κόσμε".encode())],
            id="a letter split over fragments",
        ),
        pytest.param(wire_frame(TEXT, b"x" * 126), [(TEXT, b"x" * 126)], id="a 16-bit length"),
        pytest.param(
            wire_frame(TEXT, b"\x00\x7f\xf4\x8f\xbf\xbf"), [(TEXT, b"\x00\x7f\xf4\x8f\xbf\xbf")], id="limits of UTF-8"
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_client_that_keeps_the_protocol_is_understood_however_its_bytes_are_cut(world, wire, answers, at_once):
    raw = await world.upgraded()
    for piece in [wire] if at_once else [bytes([byte]) for byte in wire]:
        await raw.send(piece)
    for opcode, payload in answers:
        assert await raw.received() == (opcode, True, payload)
    await raw.frame(CLOSE, b"\x03\xe8bye")
    assert await raw.ended() == b"\x88\x05\x03\xe8bye"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(noise=st.binary(min_size=1, max_size=200), masked=st.booleans())
def test_any_bytes_at_all_end_in_a_proper_close_or_wait_for_more(noise, masked):
    """Fuzz of the protocol layer as the sockets use it: it never raises, and what it writes are whole frames."""
    from pingbox.emulator.http.websocket_frames import new_protocol

    protocol = new_protocol()
    protocol.receive_data(apply_mask(noise, b"\x81\x85\x00\x7f") if masked else noise)
    protocol.receive_eof()
    assert all(isinstance(data, bytes) for data in protocol.data_to_send())
    protocol.events_received()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(st.text(max_size=3000), max_size=8),
    cuts=st.lists(st.integers(min_value=1, max_value=500), min_size=1, max_size=20),
    takeover=st.booleans(),
)
def test_our_deflate_understands_every_client(texts, cuts, takeover):
    """Compressed by zlib with or without context takeover, in fragments of any size: the same texts come out."""
    import zlib

    from websockets.frames import Frame, Opcode

    from pingbox.emulator.http.websocket_frames import ThriftyDeflate

    extension = ThriftyDeflate()
    compressor = zlib.compressobj(wbits=-15)
    for number, text in enumerate(texts):
        if not takeover:
            compressor = zlib.compressobj(wbits=-15)
        if number % 3 == 2:
            plain = extension.decode(Frame(Opcode.TEXT, text.encode()))
            assert plain.data == text.encode()  # an uncompressed message in between, as the extension allows
            continue
        data = (compressor.compress(text.encode()) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        size = cuts[number % len(cuts)]
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        found = b""
        for index, piece in enumerate(pieces):
            opcode = Opcode.CONT if index else Opcode.TEXT
            frame = Frame(opcode, piece, fin=index == len(pieces) - 1, rsv1=index == 0)
            found += extension.decode(frame, max_size=100_000).data
        assert found == text.encode()


async def test_nonsense_where_deflate_was_agreed_is_a_protocol_error(world):
    raw = await world.upgraded("Sec-WebSocket-Extensions: permessage-deflate")
    await raw.frame(TEXT, b"\xff\xff\xff\xff nonsense", rsv=0x40)
    assert await raw.close_code() == 1002
    await assert_well(world)


# --- too much, too slow, half gone ------------------------------------------------------------------------------------


async def test_five_thousand_frames_at_once_are_all_answered_with_a_bounded_number_running(serve):
    running, most = 0, 0

    async def counted(event):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return {"statusCode": 200, "body": event["body"]}

    world = await serve(
        chat_api(lambda_route("$default", two_way=True)), functions=FakeFunctions(default=counted), observer=None
    )
    raw = await world.upgraded()
    await raw.send(b"".join(wire_frame(TEXT, str(number).encode()) for number in range(5000)))
    answers = {int((await raw.received())[2]) for _ in range(5000)}
    assert answers == set(range(5000))
    assert most <= 128


async def test_a_client_that_floods_a_hanging_function_is_held_back(serve):
    """Its socket is not read any further: the kernel's buffers fill up, ours do not."""
    gate = asyncio.Event()

    async def hang(event):
        await gate.wait()
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(default=hang))
    raw = await world.upgraded()
    flood = wire_frame(TEXT, b"x" * 10_000) * 100
    sent = 0
    while sent < 60:
        raw.writer.write(flood)
        try:
            await asyncio.wait_for(raw.writer.drain(), 0.2)
        except TimeoutError:
            break
        sent += 1
    assert sent < 60, "60 MB were taken from a client whose messages nobody handles"
    assert len(world.events("MESSAGE")) == 128
    await assert_connects(world)
    gate.set()


async def assert_connects(world: World) -> None:
    raw = await world.upgraded()
    await raw.frame(CLOSE, b"")
    await raw.ended()


async def test_a_client_that_pings_and_never_reads_is_held_back(world):
    raw = await world.upgraded()
    raw.writer.transport.pause_reading()
    pings = wire_frame(PING, b"p" * 125) * 8000
    sent = 0
    while sent < 60:
        raw.writer.write(pings)
        try:
            await asyncio.wait_for(raw.writer.drain(), 0.2)
        except TimeoutError:
            break
        sent += 1
    assert sent < 60, "60 MB of pings were taken from a client that reads no pong"
    await assert_well(world)


async def test_a_half_open_client_is_noticed_at_the_idle_limit(world):
    """It neither reads nor answers our close frame: the connection is gone at once, its socket soon after."""
    raw = await world.upgraded()
    raw.writer.transport.pause_reading()
    world.clock.advance(minutes=11)
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    assert [one.closed.code for one in world.connections] == [1001]
    raw.writer.transport.resume_reading()
    assert await raw.close_code() == 1001
    assert await raw.ended() == b""  # our side hangs up although the client never said goodbye


async def test_a_client_that_half_closes_is_gone(world):
    raw = await world.upgraded()
    raw.writer.write_eof()
    assert await raw.ended() == b""
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")


async def test_many_clients_that_leave_at_once_leave_nothing_behind(world):
    raws = [await world.upgraded() for _ in range(50)]
    for index, raw in enumerate(raws):
        if index % 2:
            raw.writer.transport.abort()
        else:
            await raw.frame(CLOSE, b"")
    await until(lambda: len(world.events("DISCONNECT")) == 50, "every $disconnect to run")
    ids = [event["requestContext"]["connectionId"] for event in world.events("CONNECT")]
    assert set(world.server.post_to_many("dev", ids, b"anybody there").values()) == {410}


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /dev/@connections/x HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_with_400(world, request_bytes):
    raw = await world.raw()
    await raw.send(request_bytes)
    assert (await raw.answer()).status == 400
    await assert_well(world)


async def test_text_that_is_no_json_or_deeply_nested_json_is_only_text(world):
    raw: RawSocket = await world.upgraded()
    for text in ("{", "[" * 20_000, '{"action":' * 3000, "1" * 5000, '{"action":1e999}', "NaN", "\u2028"):
        await raw.text(text)
        assert (await raw.received())[2].decode() == text
    assert len(world.frames.incoming) == 7


@pytest.mark.fact("RT-26")
async def test_what_follows_our_close_frame_runs_nothing(world):
    raw = await world.upgraded()
    await raw.frame(BINARY, b"x")
    opcode, _, payload = await raw.received()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1003))
    await raw.text("too late")
    await raw.frame(CLOSE, struct.pack("!H", 1000))
    await raw.ended()
    await assert_well(world)
    assert [event["body"] for event in world.events("MESSAGE")] == ["how are you"]
