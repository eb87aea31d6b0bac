"""Looking inside: what ran, who was there, what went over the wires, and the whole of it as a diagram."""

from __future__ import annotations

import re

import pytest

from pingbox.testing import Emulator


class TestInvocations:
    def test_each_has_event_response_log_and_calls(self, emulator, speak):
        ana = emulator.ws.connect()
        ana.send_json(speak("hi"))
        emulator.settle()
        one = emulator.invocations.one("sendMessage")
        assert one.event["requestContext"]["routeKey"] == "sendMessage"
        assert one.connection_id == ana.connection_id
        assert one.response == {"statusCode": 200}
        assert one.error is None
        assert one.duration >= 0
        assert "somebody speaks" in one.logs
        assert [str(call) for call in one.aws_calls] == [
            "dynamodb.Scan",
            "apigatewaymanagementapi.PostToConnection",
        ]
        assert one.aws_calls[1].parameters["ConnectionId"] == ana.connection_id

    def test_a_failed_one_tells_where(self, emulator):
        ana = emulator.ws.connect()
        ana.send_json({"action": "fail"})
        emulator.settle()
        (failed,) = emulator.invocations.failed
        assert failed.error == "KeyError: 'nothing here'"
        with pytest.raises(AssertionError, match=r'an invocation failed:(.|\n)*raise KeyError\("nothing here"\)'):
            emulator.invocations.assert_ok()
        with pytest.raises(AssertionError, match="there is no response"):
            _ = failed.response

    def test_counting_tells_what_ran(self, emulator):
        emulator.ws.connect()
        emulator.invocations.assert_count("$connect", 1)
        with pytest.raises(AssertionError, match=r"sendMessage should have run once, and ran not at all\n\$connect"):
            emulator.invocations.one("sendMessage")

    def test_ok_is_ok(self, emulator):
        emulator.ws.connect()
        emulator.invocations.assert_ok()


def test_connections_tell_who_is_there_and_how_others_left(emulator):
    ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
    ana.close(4000, "enough")
    emulator.settle()
    assert [one.name for one in emulator.connections] == ["ana", "bo"]
    assert [one.name for one in emulator.connections.open] == ["bo"]
    assert (emulator.connections.get(ana).closed.code, emulator.connections.get(ana).closed.reason) == (4000, "enough")
    assert bo in emulator.connections.open
    assert ana not in emulator.connections.open
    with pytest.raises(AssertionError, match="no connection has the id 'x'"):
        emulator.connections.get("x")


def test_frames_tell_what_was_said(emulator, speak):
    ana, bo = emulator.ws.connect(), emulator.ws.connect()
    ana.send_json(speak("hi"))
    emulator.settle()
    assert [frame.json() for frame in emulator.frames.of(ana).incoming] == [speak("hi")]
    assert [frame.json()["text"] for frame in emulator.frames.of(bo).outgoing] == ["hi"]
    assert emulator.frames.of(bo).incoming.texts == []


def test_the_diagram_shows_the_conversation():
    """Who said what to whom, in order, faults among it."""
    echo = {"$connect": lambda event, context: {"statusCode": 200}, "$default": _answer}
    with Emulator(echo, two_way=["$default"]) as emulator:
        ana = emulator.ws.connect(name="ana")
        ana.send("hi")
        ana.expect("hi back")
        ana.close()
        emulator.settle()
        drawn = [line.split("(")[0].rstrip() for line in emulator.diagram().splitlines()]
    assert drawn == [
        "ana  gateway  lambda  _answer",
        " ├─────▶│        │       │   connect",
        " │      ├───────▶│       │   $connect",
        " │      │◀───────┤       │   200",
        f" │◀─────┤        │       │   101 {ana.connection_id}",
        " ├─────▶│        │       │   hi",
        " │      ├────────┼──────▶│   $default",
        " │      │◀───────┼───────┤   200",
        " │◀─────┤        │       │   route response: hi back",
        " ╳      │        │       │   closed 1000",
    ]


def _answer(event, context):
    return {"statusCode": 200, "body": event["body"] + " back"}


def test_a_long_conversation_is_cut_at_its_beginning(emulator, speak):
    ana = emulator.ws.connect()
    for _ in range(20):
        ana.send_json(speak("hi"))
    emulator.settle()
    head, names, *rows = emulator.diagram().splitlines()
    assert head.startswith("… ")
    assert head.endswith(" steps before")
    assert "gateway" in names
    assert len(rows) <= 60


def test_a_diagram_of_many_clients_folds(emulator, speak):
    """Thirty columns would be as wide as no terminal: those beyond the first ones share a column, by name."""
    clients = [emulator.ws.connect(name=f"c{number}") for number in range(30)]
    for client in clients[:2]:
        client.send_json(speak("hi"))
        emulator.settle()
    drawn = emulator.diagram().splitlines()
    assert max(map(len, drawn)) < 200
    heading = next(line for line in drawn if "gateway" in line)
    assert " others" in heading
    # Which ones fit depends on the order of the posts; the others are named in their rows.
    assert any(re.search(r"   c\d+: post: ", line) for line in drawn), "\n".join(drawn)
