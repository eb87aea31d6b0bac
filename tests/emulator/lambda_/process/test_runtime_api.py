"""The Runtime API itself, spoken to in raw HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from pingbox.emulator.services.lambda_.process.runtime_api import Delivery, RuntimeApi
from support.waiting import until

DELIVERY = Delivery("id-1", b'{"a":1}', 1_700_000_000.5, "arn:aws:lambda:x", "Root=1-0-0", '{"custom":{}}')


@dataclass
class Told:
    """A runtime's owner that keeps what it is told."""

    calls: list[object] = field(default_factory=list)

    def wants_next(self) -> None:
        self.calls.append("next")

    def answered(self, body: bytes, memory: int) -> None:
        self.calls.append(("answered", body, memory))

    def failed(self, body: bytes, memory: int) -> None:
        self.calls.append(("failed", body, memory))

    def could_not_start(self, body: bytes) -> None:
        self.calls.append(("could not start", body))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def api(told: Told) -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi(told)
    yield api
    await api.close()


@pytest.fixture
async def http(api: RuntimeApi) -> AsyncIterator[aiohttp.ClientSession]:
    address = await api.listen()
    async with aiohttp.ClientSession(f"http://{address}/2018-06-01/runtime/") as session:
        yield session


async def deliver(api: RuntimeApi, told: Told, http: aiohttp.ClientSession) -> aiohttp.ClientResponse:
    count = len(told.calls)
    waiting = asyncio.ensure_future(http.get("invocation/next"))
    await until(lambda: len(told.calls) > count, "the request for the next event")
    api.deliver(DELIVERY)
    return await waiting


@pytest.mark.fact("LM-30")
async def test_next_waits_for_an_event_and_describes_it_in_headers(
    api: RuntimeApi, told: Told, http: aiohttp.ClientSession
) -> None:
    answer = await deliver(api, told, http)
    assert (answer.status, await answer.read()) == (200, b'{"a":1}')
    assert {name: value for name, value in answer.headers.items() if name.startswith("Lambda-")} == {
        "Lambda-Runtime-Aws-Request-Id": "id-1",
        "Lambda-Runtime-Deadline-Ms": "1700000000500",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:x",
        "Lambda-Runtime-Trace-Id": "Root=1-0-0",
        "Lambda-Runtime-Client-Context": '{"custom":{}}',
    }
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.fact("LM-31", "LM-32")
@pytest.mark.parametrize(("path", "call"), [("response", "answered"), ("error", "failed")])
async def test_an_outcome_is_accepted_once(
    api: RuntimeApi, told: Told, http: aiohttp.ClientSession, path: str, call: str
) -> None:
    await deliver(api, told, http)
    headers = {"Lambda-Runtime-Function-Error-Type": "Category.Reason", "Pingbox-Max-Memory": "2048"}
    answer = await http.post(f"invocation/id-1/{path}", data=b"{}", headers=headers)
    assert (answer.status, await answer.json()) == (202, {"status": "OK"})
    assert told.calls == ["next", (call, b"{}", 2048)]
    again = await http.post(f"invocation/id-1/{path}", data=b"{}")
    assert (again.status, (await again.json())["errorType"]) == (403, "InvalidStateTransition")
    assert len(told.calls) == 2


@pytest.mark.fact("LM-31")
async def test_another_id_is_refused(api: RuntimeApi, told: Told, http: aiohttp.ClientSession) -> None:
    await deliver(api, told, http)
    answer = await http.post("invocation/id-2/response", data=b"{}")
    assert (answer.status, await answer.json()) == (
        400,
        {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"},
    )


@pytest.mark.fact("LM-31")
async def test_too_large_a_response_is_refused_in_lambdas_words(
    api: RuntimeApi, told: Told, http: aiohttp.ClientSession
) -> None:
    await deliver(api, told, http)
    answer = await http.post("invocation/id-1/response", data=io.BytesIO(b"x" * 6_291_557))
    assert answer.status == 413
    assert (await answer.json())["errorMessage"] == "Exceeded maximum allowed payload size (6291556 bytes)."


@pytest.mark.fact("LM-33")
async def test_an_init_error_is_accepted(told: Told, http: aiohttp.ClientSession) -> None:
    document = json.dumps({"errorMessage": "m", "errorType": "t", "stackTrace": []}).encode()
    assert (await http.post("init/error", data=document)).status == 202
    assert told.calls == [("could not start", document)]


@pytest.mark.parametrize("path", ["restore/next", "invocation/id-1/nothing", "nothing"])
async def test_nothing_else_is_there(http: aiohttp.ClientSession, path: str) -> None:
    assert (await http.get(path)).status == 404


async def test_an_event_needs_somebody_who_asked_for_it(api: RuntimeApi) -> None:
    with pytest.raises(RuntimeError, match="did not ask for one"):
        api.deliver(DELIVERY)


async def test_a_runtime_that_dies_while_it_posts_is_not_an_error_of_ours(
    api: RuntimeApi, told: Told, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker is killed at its timeout, perhaps amid a large answer: its owner knows of its end by other means."""
    api_url = (await deliver(api, told, http)).url
    _, writer = await asyncio.open_connection(api_url.host, api_url.port)
    writer.write(
        b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\n"
        + f"Host: {api_url.host}:{api_url.port}\r\nContent-Length: 99\r\n\r\nhalf".encode()
    )
    await writer.drain()
    waiting = asyncio.all_tasks()
    writer.transport.abort()
    await until(lambda: len(asyncio.all_tasks()) < len(waiting), "the end of the half-read request")
    assert [record.getMessage() for record in caplog.records] == []
    assert told.calls == ["next"]


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://evil.example/page"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"Host": "evil.example"},
        {"Host": "localhost:1"},
    ],
    ids=str,
)
async def test_a_web_page_gets_no_event(told: Told, http: aiohttp.ClientSession, header: dict[str, str]) -> None:
    for method, path in (("GET", "invocation/next"), ("POST", "init/error"), ("POST", "invocation/id-1/response")):
        answer = await http.request(method, path, headers=header, data=b"{}")
        assert answer.status == 403
    assert told.calls == []


@pytest.mark.parametrize("header", [{}, {"Pingbox-Runtime-Secret": ""}, {"Pingbox-Runtime-Secret": "wröng"}], ids=str)
async def test_a_runtime_of_ours_brings_its_secret_along(told: Told, header: dict[str, str]) -> None:
    api = RuntimeApi(told, "s3cret")
    address = await api.listen()
    async with aiohttp.ClientSession(f"http://{address}/2018-06-01/runtime/") as session:
        assert (await session.post("init/error", headers=header, data=b"{}")).status == 403
        assert told.calls == []
        known = {"Pingbox-Runtime-Secret": "s3cret"}
        assert (await session.post("init/error", headers=known, data=b"{}")).status == 202
    await api.close()
    assert told.calls == [("could not start", b"{}")]
