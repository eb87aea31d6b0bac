"""Clients: they connect, speak, hear, and say what came instead."""

from __future__ import annotations

import re

import pytest

from pingbox.testing import Emulator, RefusedError


def test_everybody_hears(emulator, speak):
    """Ten lines of an app, four lines of a test."""
    ana, bo = emulator.ws.connect(), emulator.ws.connect("?room=general")
    ana.send_json(speak("hi"))
    assert bo.expect(type="message", text="hi") == {"type": "message", "text": "hi"}
    ana.expect(type="message")


async def test_everybody_hears_in_a_test_with_a_loop(emulator, speak):
    ws = emulator.as_async().ws
    ana, bo = await ws.connect(), await ws.connect("?room=general")
    await ana.send_json(speak("hi"))
    await bo.expect(type="message", text="hi")
    await ana.expect(type="message", text="hi")
    await bo.expect_nothing()
    await bo.close()
    await ana.drop()


class TestExpecting:
    @pytest.mark.parametrize("text", ["no JSON", '"a text"', "[1]", "7"])
    def test_any_message_is_one_that_is_no_object_too(self, emulator, text):
        ana = emulator.ws.connect()
        emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=text.encode())
        emulator.settle()
        with pytest.raises(AssertionError, match="but 1 message came"):
            ana.expect_nothing()
        ana.expect()
        ana.expect_nothing()

    @pytest.fixture
    def post(self, emulator):
        def post(ws, text):
            emulator.management.post_to_connection(ConnectionId=ws.connection_id, Data=text.encode())
            emulator.settle()

        return post

    def test_none_is_jsons_null_and_not_any_message(self, emulator, post):
        """A variable that happens to be None would check nothing otherwise."""
        ana = emulator.ws.connect()
        post(ana, "7")
        ana.expect_nothing(None)
        with pytest.raises(AssertionError, match="the message: expected null, got 7"):
            ana.expect(None, timeout=0)
        post(ana, "null")
        with pytest.raises(AssertionError, match="expected nothing like null"):
            ana.expect_nothing(None)
        assert ana.expect(None) is None

    def test_a_text_that_is_no_json_is_told(self, emulator, post):
        ana = emulator.ws.connect()
        post(ana, "welcome")
        with pytest.raises(AssertionError, match="client 1 expected JSON, and this came: welcome"):
            ana.receive_json()

    def test_a_pattern_finds_a_text_and_returns_it(self, emulator):
        ana = emulator.ws.connect()
        emulator.management.post_to_connection(ConnectionId=ana.connection_id, Data=b"welcome")
        assert ana.expect(re.compile("^wel")) == "welcome"

    def test_a_message_that_is_something_else_waits_for_its_turn(self, emulator, speak):
        """Two messages whose order nobody promised can be expected in either."""
        ana = emulator.ws.connect()
        ana.send_json(speak("one"))
        ana.expect(text="one")
        ana.send_json(speak("two"))
        ana.send_json(speak("three"))
        ana.expect(text="three")
        ana.expect(text="two")

    def test_members_may_be_patterns(self, emulator, speak):
        ana = emulator.ws.connect()
        ana.send_json(speak("hello"))
        ana.expect({"type": ...}, text=re.compile("^hel"))

    def test_the_failure_tells_what_came_instead_and_where_it_differs(self, emulator, speak):
        bo = emulator.ws.connect(name="bo")
        bo.send_json(speak("hj"))
        emulator.settle()
        with pytest.raises(AssertionError) as failure:
            bo.expect(type="message", text="hi", user={"name": "Ana"}, timeout=0.01)
        assert str(failure.value).splitlines() == [
            'bo expected within 0.01 s: {"type": "message", "text": "hi", "user": {"name": "Ana"}}',
            "1 message came instead:",
            '  1. {"type": "message", "text": "hj"}',
            '       text: expected "hi", got "hj"',
            '       user: expected {"name": "Ana"}, got nothing of that name',
        ]

    def test_the_failure_tells_of_handlers_that_failed(self, emulator):
        """The most frequent reason why nothing comes stands beside it."""
        ana = emulator.ws.connect(name="ana")
        ana.send_json({"action": "fail"})
        emulator.settle()
        with pytest.raises(AssertionError, match=r"fail → fail: KeyError: 'nothing here'"):
            ana.expect(type="message", timeout=0.01)

    def test_nothing_is_a_promise_that_can_fail(self, emulator, speak):
        ana = emulator.ws.connect(name="ana")
        ana.send_json(speak("hi"))
        ana.expect_nothing(type="warning")
        with pytest.raises(AssertionError, match="ana expected nothing\nbut 1 message came"):
            ana.expect_nothing()

    def test_nothing_waits_for_what_is_under_way(self, emulator, speak):
        """What somebody else has sent before is handled and delivered before silence is believed."""
        ana, bo = emulator.ws.connect(), emulator.ws.connect()
        for text in "abc":
            ana.send_json(speak(text))
        with pytest.raises(AssertionError, match="3 messages came"):
            bo.expect_nothing()

    def test_the_next_message_is_the_next_message(self, emulator, speak):
        ana = emulator.ws.connect()
        ana.send_json(speak("hi"))
        assert ana.receive_json() == {"type": "message", "text": "hi"}

    def test_an_error_frame_is_a_message_like_any(self, emulator):
        ana = emulator.ws.connect()
        ana.send("no JSON")
        ana.expect(message="Forbidden", connectionId=ana.connection_id)


class TestClosing:
    def test_idle_for_eleven_minutes(self, emulator):
        """QT-7: no traffic for ten minutes."""
        ana = emulator.ws.connect()
        emulator.clock.advance(minutes=11)
        ana.closed_with(1001, "Going away")
        assert not ana.open

    def test_another_code_than_expected_is_told(self, emulator):
        ana = emulator.ws.connect(name="ana")
        ana.send(b"binary")
        with pytest.raises(AssertionError, match="ana expected to be closed with 1000; it was closed with 1003"):
            ana.closed_with(1000)

    def test_the_code_is_known_once_it_is_closed(self, emulator):
        ana, bo = emulator.ws.connect(), emulator.ws.connect()
        assert ana.close_code is None
        ana.send(b"binary")
        ana.closed_with(1003)
        bo.drop()
        assert (ana.close_code, bo.close_code) == (1003, 1006)

    def test_still_open_is_told(self, emulator):
        ana = emulator.ws.connect(name="ana")
        with pytest.raises(AssertionError, match=r"closed with 1001 within 0\.01 s; it is still open"):
            ana.closed_with(1001, timeout=0.01)

    def test_sending_on_a_closed_connection_is_told(self, emulator):
        ana = emulator.ws.connect(name="ana")
        ana.close()
        with pytest.raises(AssertionError, match="ana wanted to send, but"):
            ana.send("x")

    def test_waiting_ends_with_the_connection(self, emulator):
        """Nothing can come any more: the failure does not wait for the deadline."""
        ana = emulator.ws.connect(name="ana")
        ana.send(b"binary")
        with pytest.raises(AssertionError, match="it was closed with 1003"):
            ana.expect(type="message", timeout=60)

    def test_a_cut_connection_disconnects(self, emulator):
        ana = emulator.ws.connect(name="ana")
        ana.drop()
        emulator.settle()
        assert emulator.connections.get(ana).closed.code == 1006
        assert emulator.dynamodb.items("people") == []


def test_a_refused_upgrade_tells_status_and_body(emulator):
    with pytest.raises(RefusedError) as refused:
        emulator.ws.connect("?token=bad")
    assert refused.value.status == 401
    assert "Unauthorized" in refused.value.body


def test_a_route_with_a_response_answers():
    """RR-2: only a route with a route response returns to its client."""
    echo = {"$default": lambda event, context: {"statusCode": 200, "body": "echo " + event["body"]}}
    with Emulator(echo, two_way=["$default"]) as emulator:
        ana = emulator.ws.connect()
        ana.send("hi")
        ana.expect("echo hi")


def test_a_client_offers_what_it_is_told_to():
    seen = {}

    def connect(event, context):
        seen.update(event["headers"])
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat.v1"}}

    with Emulator({"$connect": connect}) as emulator:
        ana = emulator.ws.connect(headers={"X-Who": "ana"}, subprotocols=["chat.v1"], origin="https://example.com")
        assert ana.subprotocol == "chat.v1"
    assert (seen["X-Who"], seen["Origin"], seen["Sec-WebSocket-Protocol"]) == ("ana", "https://example.com", "chat.v1")
