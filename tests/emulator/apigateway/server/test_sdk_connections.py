"""Connections of SDKs are answered without aiohttp, and every answer is the one that aiohttp's way gives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.emulator.http.dispatch import HttpTimeouts
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.emulator.services.registry import ServiceRegistry

SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
BY_AIOHTTP = "Connection: keep-alive"


class Mirror:
    """A service whose answer is what it was asked; `at once` like `@connections`, or on a later turn of the loop."""

    def __init__(self, name: str, later: bool) -> None:
        self.name = name
        self.asked: list[AwsRequest] = []
        if not later:
            self.answer = self._answer

    def matches(self, request: AwsRequest) -> bool:
        return request.scope is not None and "/@connections/" not in request.path

    async def handle(self, request: AwsRequest) -> AwsResponse:
        await asyncio.sleep(0)
        return self._answer(request)

    def _answer(self, request: AwsRequest) -> AwsResponse:
        self.asked.append(request)
        if request.body == b"fail":
            raise ValueError("as ordered")
        said = f"{request.method} {request.path} {request.query} {request.headers.get('x-a')} {request.size} "
        return AwsResponse(201, {"Content-Type": "text/x", "X-Kind": self.name}, said.encode() + request.body)


def raw(method: str, target: str, body: bytes, *headers: str, host: str = "127.0.0.1") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture
async def world(serve):
    services = ServiceRegistry([Mirror("soon", later=True), Mirror("now", later=False)])
    return await serve(services=services)


async def told(world: Any, data: bytes, pieces: list[bytes] | None = None) -> tuple[int, bytes, str | None]:
    client = await world.raw()
    for piece in pieces or [data]:
        await client.send(piece)
        await asyncio.sleep(0)
    answer = await client.answer()
    await client.drop()
    return answer.status, answer.body, answer.headers.get("content-type")


@pytest.mark.parametrize("name", ["now", "soon"])
@pytest.mark.parametrize(
    ("method", "target", "body", "headers"),
    [
        ("POST", "/", b"{}", []),
        ("GET", "/a%20b?x=1&y=%2F", b"", ["X-A: b: c"]),
        ("PUT", "/key", b"\x00\xff" * 5000, ["x-a:  spaced  "]),
        ("DELETE", "/dev/thing", b"", []),
        ("PATCH", "/other/method", b"x", []),
        ("POST", "/", b"fail", []),
        ("POST", "/", b"x", ["Origin: http://evil.example"]),
        ("POST", "/", b"x", ["Referer: http://evil.example/"]),
        ("POST", "/", b"x", ["Sec-Fetch-Site: cross-site"]),
        ("POST", "/", b"x", ["X-A: 1", "X-A: 2"]),
        ("POST", "/", b"x" * 200_000, []),
    ],
)
async def test_an_answer_is_the_same_as_aiohttps(world, name, method, target, body, headers):
    signed = SIGNED.format(name)
    ours = await told(world, raw(method, target, body, signed, *headers))
    theirs = await told(world, raw(method, target, body, signed, BY_AIOHTTP, *headers))
    assert ours == theirs


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "x.execute-api.eu-west-1.amazonaws.com"])
@pytest.mark.parametrize("signed", [[], [SIGNED.format("nowhere")], [SIGNED.format("execute-api")]])
async def test_what_is_no_services_is_refused_as_aiohttps_way_refuses_it(world, host, signed):
    ours = await told(world, raw("POST", "/x", b"{}", *signed, host=host))
    assert ours == await told(world, raw("POST", "/x", b"{}", *signed, BY_AIOHTTP, host=host))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
async def test_however_the_bytes_arrive_and_however_many_requests_wait_the_answers_come_in_order(world, data):
    names = data.draw(st.lists(st.sampled_from(["now", "soon"]), min_size=1, max_size=5))
    stream = b"".join(raw("POST", f"/{n}", b"b" * n, SIGNED.format(name)) for n, name in enumerate(names))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=6)))
    client = await world.raw()
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        await client.send(stream[begin:end])
        await asyncio.sleep(0)
    answers = [await client.answer() for _ in names]
    await client.drop()
    assert [(one.headers["x-kind"], one.body) for one in answers] == [
        (name, f"POST /{n}  None {n} ".encode() + b"b" * n) for n, name in enumerate(names)
    ]


async def test_a_later_request_that_is_not_an_sdks_is_aiohttps_with_the_rest_of_the_connection(world):
    client = await world.raw()
    await client.send(raw("POST", "/1", b"", SIGNED.format("now")) + raw("GET", "/", b""))
    first, second = await client.answer(), await client.answer()
    assert (first.status, second.status) == (201, 403)
    await client.send(raw("POST", "/2", b"", SIGNED.format("now")))
    assert (await client.answer()).status == 201


async def test_a_body_that_does_not_arrive_ends_in_408_and_an_idle_connection_ends(serve):
    mirror = Mirror("now", later=False)
    world = await serve(services=ServiceRegistry([mirror]), timeouts=HttpTimeouts(body=0.2, idle=0.2))
    slow, idle = await world.raw(), await world.raw()
    await slow.send(raw("POST", "/", b"1234", SIGNED.format("now"))[:-1])
    await idle.send(raw("POST", "/", b"", SIGNED.format("now")))
    assert (await idle.answer()).status == 201
    assert (await slow.answer()).status == 408
    assert await asyncio.wait_for(idle.reader.read(), 10) == b""
    assert len(mirror.asked) == 1


async def test_a_client_that_hangs_up_while_it_is_answered_harms_nobody(world):
    client = await world.raw()
    await client.send(raw("POST", "/", b"", SIGNED.format("soon")))
    await client.drop()
    assert (await told(world, raw("POST", "/", b"", SIGNED.format("soon"))))[0] == 201
