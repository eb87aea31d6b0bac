"""What pytest shows of a failure ends at the test's own line: neither the kit's nor the event loops' frames follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pingbox.testing import Clients, Emulator, RefusedError, SyncWebSocket, WebSocket
from tests.support.waiting import until


def handler(event, context):
    if event["requestContext"]["routeKey"] == "$connect" and "queryStringParameters" in event:
        return {"statusCode": 403}
    if event.get("body") == "fail":
        raise ValueError("as asked")
    return {"statusCode": 200, "body": event.get("body") or ""}


APP: dict[str, Any] = {"app": {"$connect": handler, "$default": handler}, "two_way": ["$default"]}


def shown(failed: pytest.ExceptionInfo[Any]) -> list[str]:
    """The files whose lines pytest shows."""
    return [str(entry.path) for entry in failed.traceback.filter(failed)]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda ws: ws.expect("never", timeout=0), id="expect"),
        pytest.param(lambda ws: ws.expect_nothing(), id="expect_nothing"),
        pytest.param(lambda ws: ws.closed_with(1009, timeout=0), id="closed_with"),
        pytest.param(lambda ws: ws.receive_json(), id="receive_json of a text"),
    ],
)
class TestOfAClient:
    async def test_to_be_awaited(self, asked: Callable[[WebSocket], Any]):
        async with Emulator(**APP) as emulator:
            ana = await emulator.ws.connect()
            await ana.send("hi")
            with pytest.raises(AssertionError) as failed:
                await asked(ana)
        assert shown(failed) == [__file__]

    def test_of_a_plain_test(self, asked: Callable[[SyncWebSocket], Any]):
        with Emulator(**APP) as emulator:
            ana = emulator.ws.connect()
            ana.send("hi")
            with pytest.raises(AssertionError) as failed:
                asked(ana)
        assert shown(failed) == [__file__, __file__]

    async def test_of_a_server_elsewhere(self, asked: Callable[[WebSocket], Any]):
        with Emulator(**APP) as emulator:
            async with Clients(emulator.ws_url) as ws:
                ana = await ws.connect()
                await ana.send("hi")
                await until(lambda: emulator.frames.outgoing, "the answer")
                with pytest.raises(AssertionError) as failed:
                    await asked(ana)
        assert shown(failed) == [__file__]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda emulator: emulator.invocations.one("$default"), id="one"),
        pytest.param(lambda emulator: emulator.invocations.assert_count("$connect", 2), id="assert_count"),
        pytest.param(lambda emulator: emulator.invocations.assert_ok(), id="assert_ok"),
        pytest.param(lambda emulator: emulator.invocations.failed[0].response, id="response"),
        pytest.param(lambda emulator: emulator.connections.get("nobody"), id="get"),
    ],
)
def test_of_looking_inside(asked: Callable[[Emulator], Any]):
    with Emulator(**APP) as emulator:
        ana = emulator.ws.connect()
        ana.send("fail")
        ana.send("fail")
        emulator.settle()
        with pytest.raises(AssertionError) as failed:
            asked(emulator)
    assert shown(failed) == [__file__, __file__]


def test_of_no_rest():
    with Emulator(**APP) as emulator:
        emulator.ws.connect()
        with pytest.raises(AssertionError, match="no rest") as failed:
            emulator.settle(within=0)
    assert shown(failed) == [__file__]


async def forget_of_the_emulator():
    async with Emulator(**APP) as emulator:
        emulator.ws.connect()


async def forget_elsewhere():
    async with Clients("ws://127.0.0.1:1") as ws:
        ws.connect()


@pytest.mark.parametrize("forget", [forget_of_the_emulator, forget_elsewhere])
async def test_of_a_forgotten_await(forget: Callable[[], Any]):
    with pytest.raises(AssertionError, match="never awaited") as failed:
        await forget()
    assert shown(failed) == [__file__, __file__]


async def test_of_a_refused_upgrade_too():
    async with Emulator(**APP) as emulator:
        with pytest.raises(RefusedError) as failed:
            await emulator.ws.connect("?token=bad")
    assert shown(failed) == [__file__]


def test_a_slip_of_the_kits_own_is_shown_with_all_its_frames():
    """A `TypeError` might be our bug: nothing of it is hidden."""
    with Emulator(**APP) as emulator:
        ana = emulator.ws.connect()
        with pytest.raises(TypeError) as failed:
            ana.send(1)
    assert any("websockets.py" in path for path in shown(failed))
