"""`Clients`: the kit's clients for a server that the kit did not start."""

from __future__ import annotations

import asyncio
import gc
import re
import ssl
import threading
import weakref

import pytest
from websockets.asyncio.server import serve
from websockets.utils import accept_key

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.http.certificates import LocalAuthority
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.model.api import Api, LambdaProxy, Route, Stage
from pingbox.testing import Clients, Emulator, RefusedError


def echo(event, context):
    return {"statusCode": 200, "body": event["body"]}


def guard(event, context):
    return {"statusCode": 401 if "bad" in (event.get("queryStringParameters") or {}) else 200}


@pytest.fixture(scope="module")
def address():
    """A server of which the tests know the address only."""
    with Emulator({"$connect": guard, "$default": echo}, two_way=["$default"]) as emulator:
        emulator.suspend()
        yield emulator.ws_url


def test_they_speak_and_hear_as_the_emulators_own(address):
    with Clients(address) as ws:
        ana, bo = ws.connect(), ws.connect("?room=general", name="bo")
        ana.send_json({"type": "say", "text": "hi"})
        assert ana.expect(type="say")["text"] == "hi"
        bo.expect_nothing()
        bo.send("x" * 32769)
        bo.closed_with(1009)
        assert (ana.open, ana.connection_id) == (True, "")


def test_what_came_instead_is_told(address):
    with Clients(address) as ws:
        bo = ws.connect(name="bo")
        bo.send_json({"text": "one"})
        bo.send_json({"text": "two"})
        bo.expect(text="two")
        with pytest.raises(AssertionError, match=r'bo expected nothing\nbut 1 message came:\n  1. \{"text":"one"}'):
            bo.expect_nothing()


def test_a_refusal_is_told(address):
    with Clients(address) as ws, pytest.raises(RefusedError, match="refused with 401"):
        ws.connect("?bad=1")


async def test_a_refused_client_leaves_no_socket():
    """Even where the server would leave the connection open: it would be a warning, and so an error, when collected."""
    over = asyncio.Event()

    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await over.wait()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(RefusedError, match="403"):
            async with Clients(address) as ws:
                await ws.connect()
        gc.collect()
        over.set()


async def test_in_a_test_with_a_loop(address):
    async with Clients(address) as ws:
        ana = await ws.connect()
        await ana.send("hi")
        await ana.expect("hi")
        await ana.expect_nothing()


@pytest.mark.fact("HS-9")
async def test_over_tls_to_a_server_whose_certificate_is_trusted():
    tls = LocalAuthority()
    api = Api("nn27okk1we", "echo", (Route("$default", LambdaProxy("echo"), two_way=True),), (Stage("dev"),))
    functions = InProcessFunctions({"echo": InProcessFunction.of(echo)})
    server = GatewayServer([api], functions, clock=SystemClock(), tls=tls.context)
    await server.start()
    try:
        address = f"wss://localhost:{server.tls_port}/dev"
        async with Clients(address, tls=ssl.create_default_context(cadata=tls.pem.decode())) as ws:
            ana = await ws.connect()
            await ana.send("hi")
            await ana.expect("hi")
            await ana.close(4000)
        async with Clients(address) as ws:
            with pytest.raises(ssl.SSLCertVerificationError):
                await ws.connect()
    finally:
        await server.stop()
        functions.close()


async def test_a_binary_message_is_told_from_a_text():
    async def say_both(connection):
        await connection.send([b"whole ", b"bytes"])
        await connection.send("text")
        await connection.wait_closed()

    async with (
        serve(say_both, "127.0.0.1", 0) as server,
        Clients(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as ws,
    ):
        ana = await ws.connect()
        await ana.expect("text")
        assert (ana.received, ana.binary) == (["whole bytes", "text"], ["whole bytes"])
        await ana.close()


def test_an_address_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="begins with ws:// or wss://"):
        Clients("http://127.0.0.1:3001/dev")


def test_nothing_is_left(address):
    with Clients(address) as ws:
        ana = ws.connect()
    assert "pingbox-clients" not in [thread.name for thread in threading.enumerate()]
    assert not ana.open


def test_who_comes_and_goes_costs_nothing(address):
    """A load test's connections are let go of when they end, not when it does."""
    with Clients(address) as ws:
        gone = [weakref.ref(leaving(ws)) for _ in range(20)]
        stays = ws.connect()
        gc.collect()
        assert [ref for ref in gone if ref() is not None] == []
        assert (stays.name, stays.open) == ("client 21", True)


async def test_who_was_sent_away_is_hung_up_on_even_if_the_server_never_does():
    """It would be a warning, and so an error, when collected; another that connects later changes nothing."""
    hung_up = asyncio.Queue()

    async def send_away(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        accept = accept_key(re.search(rb"Sec-WebSocket-Key: (\S+)", request)[1].decode())
        head = ["HTTP/1.1 101 Welcome", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
        writer.write("\r\n".join([*head, "", ""]).encode() + b"\x88\x02" + (1001).to_bytes(2, "big"))
        await reader.read()
        hung_up.put_nowait(True)
        writer.close()

    async with await asyncio.start_server(send_away, "127.0.0.1", 0) as server:
        async with Clients(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as ws:
            for _ in range(2):
                await (await ws.connect()).closed_with(1001)
        for _ in range(2):
            await asyncio.wait_for(hung_up.get(), 5)


def leaving(ws):
    """The inside of a client that has left."""
    client = ws.connect()
    client.close()
    return client._client
