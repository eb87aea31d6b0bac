"""Real browsers on the real chat: its Lambda handlers, gateway and tables in this process, one Chromium for all.

With PINGBOX_BROWSER_HOUSE=rehearsal it is the chat out of the zip, as it would be deployed (`make test-rehearsal`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from pingbox.emulator.clock import Clock, SystemClock, WoundClock
from pingbox.local.chat_server import ChatServer
from pingbox.settings import ServeSettings
from pingbox.testing import Clients
from support.chat.people import People
from support.chromium import browser, chromium
from support.deploy.rehearsed_server import REHEARSED, RehearsedHouse

__all__ = ["browser", "chromium"]

Writer = Callable[..., Awaitable[None]]


async def _house(settings: ServeSettings, clock: Clock) -> AsyncIterator[ChatServer]:
    running = ChatServer(settings, clock=clock)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def clock() -> WoundClock:
    """The server's clock; the browser's is another (`time_machine`)."""
    return WoundClock()


async def _rehearsed(rate_per_minute: int | None = 0) -> AsyncIterator[RehearsedHouse]:
    running = RehearsedHouse(rate_per_minute=rate_per_minute)
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(clock: WoundClock) -> AsyncIterator[ChatServer | RehearsedHouse]:
    """A chat of its own for each test, empty, without a rate limit."""
    async for running in _rehearsed() if REHEARSED else _house(ServeSettings(port=0, rate=0), clock):
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def strict_house(clock: WoundClock) -> AsyncIterator[ChatServer]:
    """A chat with a low limit, which a slow machine reaches too: a burst, then one message in six seconds."""
    if REHEARSED:
        pytest.skip("the time of functions in processes of their own cannot be wound on")
    async for running in _house(ServeSettings(port=0, rate=10), clock):
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def slow_house() -> AsyncIterator[ChatServer | RehearsedHouse]:
    """A chat with the usual limit, for pages that are used as people use them."""
    async for running in _rehearsed(None) if REHEARSED else _house(ServeSettings(port=0), SystemClock()):
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def open_house(clock: WoundClock) -> AsyncIterator[ChatServer]:
    """A chat that other machines may reach, over plain HTTP."""
    if REHEARSED:
        pytest.skip("a rehearsal listens on this machine only")
    async for running in _house(ServeSettings(host="0.0.0.0", port=0, rate=0, allow_hosts=("chat.example",)), clock):
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser) -> AsyncIterator[People]:
    """Whoever enters during the test leaves at its end; an error in any page fails the test."""
    everyone = People(browser)
    yield everyone
    await everyone.leave()
    assert everyone.troubles == []


@pytest_asyncio.fixture(loop_scope="session")
async def written(server: ChatServer) -> Writer:
    """`await written("a", "b")` stores messages from a terminal client, one after the other."""

    async def write(*texts: str) -> None:
        async with Clients(server.addresses.websocket) as ws:
            terminal = await ws.connect("?name=Terminal")
            for text in texts:
                await terminal.send_json({"action": "sendMessage", "room": "general", "text": text})
                await terminal.expect(text=text)

    return write
