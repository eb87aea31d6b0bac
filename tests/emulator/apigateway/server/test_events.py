"""The events that functions receive, member by member and in order: facts EV-*."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pytest

from pingbox.model.api import Stage
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api, lambda_route
from support.waiting import until

IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{14}[AEIMQUYcgkosw048]=")
DOMAIN = f"{API_ID}.execute-api.us-east-1.amazonaws.com"


async def conversation(serve, *, api=None, path="/dev?room=lobby", headers=(), **options):
    """The three events of a connection that says `hi` once and closes with no code."""
    world = await serve(api or chat_api(lambda_route("talk")), **options)
    raw = await world.upgraded("User-Agent: Mozilla/5.0 (X11; Linux x86_64)", *headers, path=path)
    await raw.text('{"action":"talk","text":"hi"}')
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    await raw.frame(8, b"")
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    return world.events()


@pytest.mark.fact("EV-1", "EV-2", "EV-3", "EV-4", "EV-5", "EV-6", "EV-7", "EV-8", "EV-35", "RT-27")
async def test_each_event_has_exactly_the_members_of_the_captures_in_their_order(serve):
    connect, message, disconnect = await conversation(serve)
    assert list(connect) == [
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "requestContext",
        "isBase64Encoded",
    ]
    assert list(message) == ["requestContext", "body", "isBase64Encoded"]
    assert list(disconnect) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]
    assert [event["isBase64Encoded"] for event in (connect, message, disconnect)] == [False, False, False]
    assert message["body"] == '{"action":"talk","text":"hi"}'


@pytest.mark.fact("EV-20", "EV-21", "EV-22", "EV-23", "EV-34")
async def test_each_request_context_has_exactly_the_members_of_the_captures_in_their_order(serve):
    connect, message, disconnect = (event["requestContext"] for event in await conversation(serve))
    tail = ["stage", "connectedAt", "requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"]
    middle = ["eventType", "extendedRequestId", "requestTime", "messageDirection"]
    assert list(connect) == ["routeKey", *middle, *tail]
    assert list(message) == ["routeKey", "messageId", *middle, *tail]
    assert list(disconnect) == ["routeKey", "disconnectStatusCode", *middle, "disconnectReason", *tail]
    assert [context["routeKey"] for context in (connect, message, disconnect)] == ["$connect", "talk", "$disconnect"]
    assert [context["eventType"] for context in (connect, message, disconnect)] == ["CONNECT", "MESSAGE", "DISCONNECT"]
    assert {context["messageDirection"] for context in (connect, message, disconnect)} == {"IN"}


@pytest.mark.fact("EV-26", "EV-27", "EV-28", "EV-29", "EV-30", "EV-31", "EV-40", "EV-43", "EV-44")
async def test_ids_and_addresses_agree_over_all_events_of_a_connection(serve):
    contexts = [event["requestContext"] for event in await conversation(serve)]
    for same in ("connectionId", "connectedAt", "stage", "apiId", "domainName"):
        assert len({context[same] for context in contexts}) == 1, same
    assert [contexts[0][each] for each in ("stage", "apiId", "domainName")] == ["dev", API_ID, DOMAIN]
    assert len({context["requestId"] for context in contexts}) == 3
    for context in contexts:
        assert context["requestId"] == context["extendedRequestId"]
        assert IDENTIFIER.fullmatch(context["requestId"])
        assert IDENTIFIER.fullmatch(context["connectionId"])
    assert IDENTIFIER.fullmatch(contexts[1]["messageId"])


@pytest.mark.fact("EV-41")
async def test_ids_have_the_marks_of_the_captures(serve):
    contexts = [event["requestContext"] for event in await conversation(serve)]
    connection_id, message_id = contexts[1]["connectionId"], contexts[1]["messageId"]
    assert (connection_id[11], message_id[11]) == ("C", "C")
    assert message_id[-5:] == connection_id[-5:]
    assert [context["requestId"][11] for context in contexts] == ["F", "F", "F"]


@pytest.mark.fact("EV-42")
async def test_the_first_bytes_of_an_id_are_a_clock_of_25_ms(serve):
    world = await serve()
    await world.upgraded()
    world.clock.advance(10)
    await world.upgraded()
    first, second = (
        int.from_bytes(base64.urlsafe_b64decode(world.connection_id(which))[:4], "big") for which in (0, 1)
    )
    assert 400 <= (second - first) % 2**32 < 600


@pytest.mark.fact("EV-24", "EV-25")
async def test_times_are_utc_and_in_milliseconds(serve):
    connect, message, disconnect = (event["requestContext"] for event in await conversation(serve))
    for context in (connect, message, disconnect):
        at = datetime.fromtimestamp(context["requestTimeEpoch"] // 1000, UTC)
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        assert context["requestTime"] == f"{at:%d}/{months[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"
        assert isinstance(context["connectedAt"], int)
    assert 0 <= connect["requestTimeEpoch"] - connect["connectedAt"] < 1000
    assert message["requestTimeEpoch"] <= disconnect["requestTimeEpoch"]


@pytest.mark.fact("EV-9", "EV-11")
async def test_a_header_in_two_letter_cases_is_two_members(serve):
    events = await conversation(serve, headers=("X-Twice: a", "x-twice: b", "X-Twice: c"))
    headers, multi = events[0]["headers"], events[0]["multiValueHeaders"]
    assert (headers["X-Twice"], headers["x-twice"]) == ("c", "b")
    assert (multi["X-Twice"], multi["x-twice"]) == (["a", "c"], ["b"])


@pytest.mark.fact("EV-9", "EV-10", "EV-11")
async def test_connect_shows_the_clients_headers_in_its_own_letter_case(serve):
    """Without Connection and Upgrade, with the canonical Host and with what the gateway adds."""
    events = await conversation(serve, headers=("x-LOWER-Upper: 1", "X-Twice: a", "X-Twice: b", "Content-Length: 0"))
    headers, multi = events[0]["headers"], events[0]["multiValueHeaders"]
    assert list(headers) == [
        "Host",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "User-Agent",
        "x-LOWER-Upper",
        "X-Twice",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    ]
    assert headers["Host"] == DOMAIN
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["X-Amzn-Trace-Id"])
    assert [headers[f"X-Forwarded-{name}"] for name in ("For", "Port", "Proto")] == ["127.0.0.1", "443", "https"]
    assert (headers["X-Twice"], multi["X-Twice"]) == ("b", ["a", "b"])
    assert list(multi) == list(headers)


@pytest.mark.fact("EV-4", "EV-11", "EV-12", "OQ-20")
async def test_connect_shows_the_query_decoded_with_all_values_of_repeated_keys(serve):
    connect, *_ = await conversation(serve, path="/dev?name=J%C3%BCrg+B&a=1&a=2&empty=")
    assert connect["queryStringParameters"] == {"name": "Jürg B", "a": "2", "empty": ""}
    assert connect["multiValueQueryStringParameters"] == {"name": ["Jürg B"], "a": ["1", "2"], "empty": [""]}


@pytest.mark.fact("EV-4")
async def test_connect_without_a_query_has_no_members_for_it(serve):
    connect, *_ = await conversation(serve, path="/dev")
    assert list(connect) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]


@pytest.mark.fact("EV-5")
async def test_stage_variables_are_in_all_events_if_there_are_any(serve):
    stage = Stage("dev", variables={"table": "dev-table"})
    for event in await conversation(serve, api=chat_api(lambda_route("talk"), stages=(stage,))):
        assert event["stageVariables"] == {"table": "dev-table"}


@pytest.mark.fact("EV-32")
async def test_identity_has_the_address_and_the_user_agent_if_there_is_one(serve):
    connect, message, disconnect = (event["requestContext"]["identity"] for event in await conversation(serve))
    agent = "Mozilla/5.0 (X11; Linux x86_64)"
    assert connect == {"userAgent": agent, "sourceIp": "127.0.0.1"}
    assert message == {"userAgent": agent, "sourceIp": "127.0.0.1"}
    assert disconnect == {"sourceIp": "127.0.0.1"}

    world = await serve()
    await world.upgraded()
    assert world.events()[0]["requestContext"]["identity"] == {"sourceIp": "127.0.0.1"}


@pytest.mark.fact("EV-13", "DC-20")
async def test_disconnect_has_the_four_synthetic_headers(serve):
    *_, disconnect = await conversation(serve)
    assert disconnect["headers"] == {"Host": DOMAIN, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert disconnect["multiValueHeaders"] == {
        "Host": [DOMAIN],
        "x-api-key": [""],
        "X-Forwarded-For": [""],
        "x-restapi": [""],
    }


async def test_a_function_that_changes_its_event_changes_nothing_else(serve):
    def spoil(event):
        event["requestContext"]["connectionId"] = "spoilt"
        event["requestContext"].clear()
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(default=spoil))
    raw = await world.upgraded()
    connection_id = world.connection_id()
    await raw.text("one")
    await raw.text("two")
    await until(lambda: len(world.asked) == 3, "both messages to be routed")
    await world.post("still there", connection_id)
    assert (await raw.received())[2] == b"still there"
