"""The port itself: nothing runs for a web page, slow bodies and idle connections end, a foreign page is told once."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from pingbox.emulator.http.access import Access
from pingbox.emulator.http.dispatch import HttpTimeouts
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.emulator.services.registry import ServiceRegistry
from support.sockets.raw_socket import upgrade_request

TABLES = ("POST", "/", b"{}", "X-Amz-Target: DynamoDB_20120810.ListTables")
INVOKE = ("POST", "/2015-03-31/functions/NAME/invocations", b'{"evil":1}', "Content-Type: text/plain")
PAGE = ("GET", "/", b"")
PREFLIGHT = ("OPTIONS", "/", b"")


class Everything:
    """A service that takes every request, and keeps it."""

    name = "everything"

    def __init__(self) -> None:
        self.asked: list[AwsRequest] = []

    def matches(self, request: AwsRequest) -> bool:
        return "/@connections/" not in request.path

    async def handle(self, request: AwsRequest) -> AwsResponse:
        self.asked.append(request)
        return AwsResponse(200)


def raw(method: str, path: str, body: bytes, *headers: str, host: str = "127.0.0.1:3001") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("request_", [TABLES, INVOKE, PAGE, PREFLIGHT], ids=["tables", "invoke", "page", "preflight"])
@pytest.mark.parametrize(
    ("host", "header"),
    [
        ("evil.example:3001", "X: rebound"),
        ("127.0.0.1:3001", "Origin: http://evil.example"),
        ("127.0.0.1:3001", "Origin: null"),
        ("127.0.0.1:3001", "Referer: http://evil.example/page"),
        ("127.0.0.1:3001", "Sec-Fetch-Site: cross-site"),
    ],
)
async def test_nothing_runs_for_a_web_page(serve, request_, host, header):
    everything = Everything()
    world = await serve(services=ServiceRegistry([everything]))
    method, path, body, *headers = request_
    client = await world.raw()
    await client.send(raw(method, path, body, header, *headers, host=host))
    answer = await client.answer()
    assert answer.status == 403
    assert "web page" in json.loads(answer.body)["message"]
    assert everything.asked == []


async def test_the_second_request_of_a_connection_is_held_to_the_rule_too(serve):
    everything = Everything()
    world = await serve(services=ServiceRegistry([everything]))
    client = await world.raw()
    await client.send(raw(*TABLES))
    assert (await client.answer()).status == 200
    await client.send(raw(*TABLES, host="evil.example"))
    assert (await client.answer()).status == 403
    assert len(everything.asked) == 1


async def test_a_rebound_page_opens_no_websocket(serve):
    world = await serve()
    client = await world.raw()
    await client.send(
        upgrade_request("/dev", "Origin: http://evil.example:3001").replace(b"localhost", b"evil.example:3001")
    )
    assert (await client.answer()).status == 403
    assert world.asked == []


async def test_a_foreign_page_connects_as_on_aws_and_is_told_once(serve, caplog):
    world = await serve()
    for _ in range(3):
        await world.upgraded("Origin: http://evil.example")
    await world.upgraded("Origin: http://localhost:5173")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].startswith("a web page of http://evil.example has connected; as on AWS any page may")


async def test_with_allowed_origins_a_foreign_page_is_refused_before_connect_runs(serve):
    world = await serve(access=Access(origins=("https://app.example.com",)))
    assert await world.refusal("Origin: http://evil.example") == 403
    assert world.asked == []
    await world.upgraded("Origin: https://app.example.com")
    await world.upgraded()


async def test_refusals_are_logged_once_each_and_not_without_end(serve, caplog):
    world = await serve()
    for n in range(30):
        for _ in range(2):
            await world.http("GET", "/", b"", f"Origin: http://evil{n}.example")
    assert len(caplog.records) == 20
    assert len({record.getMessage() for record in caplog.records}) == 20


@pytest.mark.parametrize("service", [True, False], ids=["a service", "the page"])
async def test_a_body_that_does_not_arrive_ends_in_408(serve, service):
    async def page(request):
        return web.Response(body=await request.read())

    options = {"services": ServiceRegistry([Everything()])} if service else {"fallback": page}
    world = await serve(timeouts=HttpTimeouts(body=0.2), **options)
    client = await world.raw()
    await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
    answer = await client.answer()
    assert (answer.status, json.loads(answer.body)["message"]) == (
        408,
        "the request's body did not arrive within 0.2 seconds",
    )
    assert await client.ended() == b""


async def test_a_slow_answer_is_none_of_a_slow_body(serve):
    let_go = asyncio.Event()

    async def page(request):
        body = await request.read()
        await let_go.wait()
        return web.Response(body=body)

    world = await serve(timeouts=HttpTimeouts(body=0.05), fallback=page)
    client = await world.raw()
    await client.send(raw("POST", "/", b"whole"))
    asyncio.get_running_loop().call_later(0.3, let_go.set)
    assert (await client.answer()).body == b"whole"


async def test_an_idle_connection_is_closed(serve):
    world = await serve(timeouts=HttpTimeouts(idle=0.2))
    client = await world.raw()
    await client.send(raw("GET", "/", b""))
    assert (await client.answer()).status == 403  # nothing is there
    assert await client.ended() == b""


def test_the_times_are_those_of_the_guide():
    assert HttpTimeouts() == HttpTimeouts(body=30.0, idle=75.0)
