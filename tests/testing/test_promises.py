"""A forgotten `await` makes a test green that tested nothing: it is told, at the line where it was forgotten."""

from __future__ import annotations

import asyncio

import pytest

from pingbox.testing import Clients, Emulator

ECHO = {"$default": lambda event, context: {"statusCode": 200, "body": event["body"]}}


async def forgetful(client_maker):
    async with client_maker as maker:
        ws = getattr(maker, "ws", maker)
        ana = await ws.connect()
        ana.expect("never")


async def test_what_was_never_awaited_fails_the_block():
    with pytest.raises(
        AssertionError, match=r"never awaited.*\n  WebSocket\.expect\(…\) in test_promises\.py:\d+, forget"
    ):
        await forgetful(Emulator(ECHO))


async def test_so_it_does_with_clients_of_a_server_elsewhere(emulator):
    with pytest.raises(AssertionError, match="never awaited"):
        await forgetful(Clients(emulator.ws_url))


async def test_a_failure_that_came_of_it_gets_a_note():
    """`ana.send` of a coroutine is Python's own, and its error tells nothing."""

    async def sends_to_nobody():
        async with Emulator(ECHO) as emulator:
            emulator.ws.connect().send("hi")

    with pytest.raises(TypeError) as failed:
        await sends_to_nobody()
    assert "WebSockets.connect(…) in test_promises.py" in failed.value.__notes__[0]


async def test_gathered_cancelled_and_failed_calls_were_awaited():
    async with Emulator(ECHO, two_way=["$default"]) as emulator:
        ana, bo = await asyncio.gather(emulator.ws.connect(), emulator.ws.connect())
        await asyncio.gather(ana.send("1"), bo.send("2"))
        await asyncio.create_task(ana.expect("1"))
        waiting = asyncio.create_task(bo.expect("never"))
        await bo.expect("2")
        waiting.cancel()
        with pytest.raises(AssertionError):
            await ana.expect("never", timeout=0)
        emulator.check_unawaited()


async def test_a_long_test_keeps_only_what_is_not_awaited():
    async with Emulator(ECHO) as emulator:
        ana = await emulator.ws.connect()
        ana.expect("never")
        for _ in range(300):
            await ana.send("x")
        with pytest.raises(AssertionError, match="never awaited") as told:
            emulator.check_unawaited()
        assert str(told.value).count("test_promises.py") == 1
