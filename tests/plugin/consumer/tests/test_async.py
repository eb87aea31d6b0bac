import pytest

pytestmark = pytest.mark.asyncio


async def test_everybody_hears(pingbox, ws):
    ana, bo = await ws.connect(), await ws.connect("?room=general")
    await ana.send_json({"action": "sendMessage", "text": "hi"})
    await bo.expect(type="message", text="hi")
    await ana.expect(type="message", text="hi")
    await bo.expect_nothing()
    pingbox.clock.advance(minutes=11)
    await ana.closed_with(1001)


async def test_begins_clean(pingbox, ws, dynamodb):
    assert dynamodb.items("people") == []
    assert len(pingbox.invocations) == 0
    ana = await ws.connect()
    assert dynamodb.items("people") == [{"id": ana.connection_id}]


async def test_another_app_beside_it(ws, pingbox_api):
    echo = pingbox_api(
        {"$default": lambda event, context: {"statusCode": 200, "body": event["body"]}}, two_way=["$default"]
    )
    other, ana = await echo.ws.connect(), await ws.connect()
    await other.send("hi")
    await other.expect("hi")
    await ana.send_json({"action": "sendMessage", "text": "here"})
    await ana.expect(text="here")
    await other.expect_nothing()
