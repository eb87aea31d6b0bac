"""The page over HTTP: right types, right headers, and nothing but the page."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

import pingbox.web
from pingbox.web.contents import sources
from pingbox.web.site import site

Serve = Callable[[str], Awaitable[str]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve("/dev")` puts the page on a free port and gives its URL."""
    started: list[web.ServerRunner] = []

    async def start(websocket: str) -> str:
        runner = web.ServerRunner(web.Server(site(websocket), access_log=None))
        await runner.setup()
        started.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in started:
        await runner.cleanup()


@pytest_asyncio.fixture
async def get() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_every_listed_file_is_served_as_what_it_is(serve: Serve, get: aiohttp.ClientSession) -> None:
    url = await serve("/dev")
    for file in pingbox.web.files():
        async with get.get(f"{url}/{file.path}") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == file.content_type
            assert answer.headers["Cache-Control"] == file.cache
            assert await answer.read() == file.body


async def test_a_single_module_can_be_read_by_itself(serve: Serve, get: aiohttp.ClientSession) -> None:
    async with get.get(await serve("/dev") + "/js/store/log.js") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
        assert await answer.read() == sources()["js/store/log.js"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip, deflate, br", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False), ("", False)],
)
async def test_text_is_sent_compressed_to_whoever_takes_it(serve: Serve, accepted: str, packed: bool) -> None:
    [script] = [file for file in pingbox.web.files() if file.path.endswith(".js")]
    url = await serve("/dev")
    async with (
        aiohttp.ClientSession(auto_decompress=False) as raw,
        raw.get(f"{url}/{script.path}", headers={"Accept-Encoding": accepted}) as answer,
    ):
        body, headers = await answer.read(), answer.headers
    assert headers["Vary"] == "Accept-Encoding"
    assert (headers.get("Content-Encoding"), body) == (("gzip", script.packed) if packed else (None, script.body))


async def test_the_page_itself_is_at_the_root(serve: Serve, get: aiohttp.ClientSession) -> None:
    async with get.get(await serve("/dev") + "/?utm=x") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")


async def test_an_unchanged_file_is_not_sent_again(serve: Serve, get: aiohttp.ClientSession) -> None:
    url = await serve("/dev") + "/js/app.js"
    async with get.get(url) as answer:
        tag = answer.headers["ETag"]
    async with get.get(url, headers={"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")
    async with get.get(url, headers={"If-None-Match": '"another"'}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("websocket", "allowed"),
    [
        ("/dev", "ws://{host} wss://{host}"),
        (
            "wss://abc123.execute-api.eu-central-1.amazonaws.com/prod",
            "wss://abc123.execute-api.eu-central-1.amazonaws.com",
        ),
    ],
)
async def test_the_page_learns_its_socket_and_may_open_no_other(
    serve: Serve, get: aiohttp.ClientSession, websocket: str, allowed: str
) -> None:
    url = await serve(websocket)
    async with get.get(f"{url}/config.json") as answer:
        assert json.loads(await answer.read()) == {"wsUrl": websocket, "local": False}
        assert (answer.content_type, answer.headers["Cache-Control"]) == ("application/json", "no-store")
        policy = answer.headers["Content-Security-Policy"]
    assert f"connect-src 'self' {allowed.format(host=url[7:])};" in policy


async def test_every_answer_carries_the_safety_headers(serve: Serve, get: aiohttp.ClientSession) -> None:
    url = await serve("/dev")
    for path in ("/", "/js/app.js", "/config.json", "/nothing"):
        async with get.get(url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "frame-ancestors 'none'" in policy
            assert "require-trusted-types-for 'script'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_host_header_cannot_write_into_the_policy(serve: Serve, get: aiohttp.ClientSession) -> None:
    async with get.get(await serve("/dev"), headers={"Host": "evil.example; script-src *"}) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "evil" not in policy
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/../site.py",
        "/%2e%2e/site.py",
        "/js/../../site.py",
        "//etc/passwd",
        "/js",
        "/js/",
        "/site.py",
        "/index.html/",
        "/%00",
        "/..%5csite.py",
    ],
)
async def test_nothing_else_is_there(serve: Serve, path: str) -> None:
    host = (await serve("/dev"))[7:]
    status = await _raw(host, "GET", path)
    assert status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_reading_is_allowed(serve: Serve, get: aiohttp.ClientSession, method: str) -> None:
    async with get.request(method, await serve("/dev") + "/") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_head_says_the_same_without_a_body(serve: Serve, get: aiohttp.ClientSession) -> None:
    url = await serve("/dev") + "/js/app.js"
    async with get.head(url) as head, get.get(url) as full:
        assert (head.status, await head.read()) == (200, b"")
        assert head.headers["Content-Length"] == full.headers["Content-Length"]


async def _raw(host: str, method: str, path: str) -> int:
    """The path as it stands: clients tidy up `..` before sending."""

    def ask() -> int:
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.putrequest(method, path, skip_host=False)
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status

    return await asyncio.to_thread(ask)
