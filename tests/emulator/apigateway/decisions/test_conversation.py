"""What the gateway decides about an open connection: whole lists of effects, and later `now`s instead of waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.common.throttling import Buckets
from pingbox.emulator.services.apigateway.websocket import conversation
from pingbox.emulator.services.apigateway.websocket.connection import Connection
from pingbox.emulator.services.apigateway.websocket.conversation import (
    BinaryMessage,
    Close,
    Deployment,
    EventIds,
    IntegrationFailed,
    Invoke,
    Rendered,
    Send,
    TextMessage,
)
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from pingbox.model.api import Api, LambdaProxy, Route, Stage, Throttle

NOW = 1_705_751_700.453
IDS = EventIds("R1knPH17NjMFftw=", "R1knPc2ntjMCFIA=")
CONNECTION = Connection(
    "R1kmxc2VNjMCFIA=",
    "dl7ptocha9",
    "prod",
    "dl7ptocha9.execute-api.ap-northeast-1.amazonaws.com",
    1_705_751_697.419,
    "192.0.2.1",
    "Mozilla/5.0 …",
)
DEFAULT = Route("$default", LambdaProxy("f"))
JOIN = Route("join", LambdaProxy("f"))


def received(frame, *routes, now=NOW, switches=Switches(), stage=Stage("prod"), buckets=None):  # noqa: B008 - frozen
    deployment = Deployment(Api("dl7ptocha9", "chat", routes, (stage,)), stage)
    return conversation.received(
        deployment, CONNECTION, frame, now=now, ids=IDS, buckets=buckets or Buckets(), switches=switches
    )


def test_a_message_becomes_the_event_of_the_capture():
    """The captured MESSAGE event (EV-*), member by member and in its order."""
    [work] = received(TextMessage('{"action":"sendmessage","data":"hi"}'), DEFAULT)
    expected = {
        "requestContext": {
            "routeKey": "$default",
            "messageId": "R1knPc2ntjMCFIA=",
            "eventType": "MESSAGE",
            "extendedRequestId": "R1knPH17NjMFftw=",
            "requestTime": "20/Jan/2024:11:55:00 +0000",
            "messageDirection": "IN",
            "stage": "prod",
            "connectedAt": 1705751697419,
            "requestTimeEpoch": 1705751700453,
            "identity": {"userAgent": "Mozilla/5.0 …", "sourceIp": "192.0.2.1"},
            "requestId": "R1knPH17NjMFftw=",
            "domainName": "dl7ptocha9.execute-api.ap-northeast-1.amazonaws.com",
            "connectionId": "R1kmxc2VNjMCFIA=",
            "apiId": "dl7ptocha9",
        },
        "body": '{"action":"sendmessage","data":"hi"}',
        "isBase64Encoded": False,
    }
    assert work == Invoke(DEFAULT, expected, IDS)
    assert list(work.event) == list(expected)
    assert list(work.event["requestContext"]) == list(expected["requestContext"])


def test_a_message_without_a_route_is_one_error_frame_to_the_byte():
    frame = '{"message": "Forbidden", "connectionId":"R1kmxc2VNjMCFIA=", "requestId":"R1knPH17NjMFftw="}'
    [sent] = received(TextMessage("x"), JOIN)
    assert isinstance(sent, Send)
    assert (sent.text, sent.cause) == (frame, "gateway")
    assert "no route takes a message" in str(sent.problem)


def test_a_binary_frame_only_closes():
    assert received(BinaryMessage(), DEFAULT) == [Close(1003)]


def test_a_message_that_no_model_accepts_is_one_error_frame_to_the_byte():
    route = Route("$default", LambdaProxy("f"), request_models={"$default": {"type": "object"}})
    frame = '{"message" : "Bad request body", "connectionId": "R1kmxc2VNjMCFIA=", "messageId": "R1knPc2ntjMCFIA="}'
    problem = "a message for route $default is not what its request model expects"
    assert received(TextMessage("[]"), route) == [Send(frame, "gateway", problem)]
    assert [type(effect) for effect in received(TextMessage("{}"), route)] == [Invoke]


def test_throttling_refills_with_time():
    stage, buckets = Stage("prod", throttle=Throttle(rate=2, burst=2)), Buckets()
    kinds = [
        type(received(TextMessage("x"), DEFAULT, now=NOW + later, stage=stage, buckets=buckets)[0]).__name__
        for later in (0, 0, 0, 0.25, 0.5, 0.5, 60, 60, 60)
    ]
    assert kinds == ["Invoke", "Invoke", "Send", "Send", "Invoke", "Send", "Invoke", "Invoke", "Send"]


def test_a_message_that_no_model_accepts_counts_and_is_throttled_first():
    route = Route("$default", LambdaProxy("f"), request_models={"$default": {"type": "object"}})
    stage, buckets = Stage("prod", throttle=Throttle(rate=1, burst=1)), Buckets()
    problems = [received(TextMessage("[]"), route, stage=stage, buckets=buckets)[0].problem for _ in range(2)]
    assert "request model" in problems[0]
    assert "throttled" in problems[1]


def test_throttling_by_closing_is_a_switch():
    stage = Stage("prod", throttle=Throttle(rate=1, burst=0))
    switches = Switches(throttled="close")
    assert received(TextMessage("x"), DEFAULT, stage=stage, switches=switches) == [Close(1008, "Too Many Requests")]


def frame(message):
    return f'{{"message": "{message}", "connectionId":"R1kmxc2VNjMCFIA=", "requestId":"R1knPH17NjMFftw="}}'


@pytest.mark.parametrize(
    ("outcome", "one_way", "two_way"),
    [
        (Returned({"statusCode": 500, "body": "b"}), [], [Send("b", "route response")]),
        (Returned({"statusCode": 200}), [], [Send("", "route response")]),
        (Rendered(200, "b"), [], [Send("b", "route response")]),
        (Rendered(200, None), [], [Send("", "route response")]),
        *(
            (
                outcome,
                [Send(frame("Internal server error"), "gateway")],
                [Send(frame("Internal server error"), "gateway")],
            )
            for outcome in (
                FunctionError("E", "m"),
                NotInvoked("r"),
                IntegrationFailed("p"),
                Returned(None),
                Returned({"statusCode": 200, "x": 1}),
            )
        ),
        (
            IntegrationTimedOut(),
            [Send(frame("Endpoint request timed out"), "gateway")],
            [Send(frame("Endpoint request timed out"), "gateway")],
        ),
    ],
)
def test_what_the_client_hears_of_each_outcome(outcome, one_way, two_way):
    assert conversation.message_ended(CONNECTION, DEFAULT, outcome, IDS) == one_way
    assert conversation.message_ended(CONNECTION, Route("r", two_way=True), outcome, IDS) == two_way


@pytest.mark.parametrize(
    ("after", "silent_for", "close"),
    [
        (0, 0, None),
        (599, 599, None),
        (600, 600, Close(1001, "Going away")),
        (7199, 10, None),
        (7200, 0, Close(1001, "Going away")),
        (9999, 0, Close(1001, "Going away")),
    ],
)
def test_ten_silent_minutes_or_two_hours_are_the_end(after, silent_for, close):
    now = CONNECTION.connected_at + after
    assert conversation.overdue(CONNECTION, now - silent_for, now, Switches()) == close


@given(st.floats(0, 10_000), st.floats(0, 10_000))
def test_nothing_is_overdue_before_it_is_due(after, silent_for):
    """The shell sleeps until `due_at`: a connection must not have to be closed before that moment."""
    last = CONNECTION.connected_at + after
    due = conversation.due_at(CONNECTION, last, Switches())
    assert conversation.overdue(CONNECTION, last, due + 0.001, Switches()) is not None
    assert conversation.overdue(CONNECTION, last, due - 0.001, Switches()) is None


def test_the_end_is_told_to_disconnect_if_there_is_such_a_route():
    stage = Stage("prod")
    route = Route("$disconnect", LambdaProxy("bye"))

    def ended(*routes):
        deployment = Deployment(Api("dl7ptocha9", "chat", routes, (stage,)), stage)
        return conversation.disconnected(deployment, CONNECTION, 1001, "Going away", now=NOW, ids=IDS)

    assert ended(DEFAULT) == []
    assert ended(Route("$disconnect")) == []
    [work] = ended(route)
    assert work.route == route
    context = work.event["requestContext"]
    assert list(context)[:3] == ["routeKey", "disconnectStatusCode", "eventType"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1001, "Going away")
    assert context["identity"] == {"sourceIp": "192.0.2.1"}


def test_causes_of_the_end_in_the_words_of_the_event():
    assert conversation.disconnect_cause(conversation.DELETED) == (1000, "Connection Closed Normally")
    assert conversation.disconnect_cause(conversation.IDLE) == (1001, "Going away")
    assert conversation.disconnect_cause(conversation.BINARY) == (1003, "")
    assert conversation.client_close_cause(None, "") == (1005, "Client-side close frame status not set")
    assert conversation.client_close_cause(4001, "bye") == (4001, "bye")
