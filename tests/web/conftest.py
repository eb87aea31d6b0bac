"""The page's modules in a real browser: served with the page's own site, next to the files in tests/web/js."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page

from pingbox.web.site import site
from support.chromium import browser, chromium

__all__ = ["browser", "chromium"]

JS = Path(__file__).parent / "js"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def modules(browser: Browser) -> AsyncIterator[Page]:
    """A blank page from which `/js/…` (the product) and `/tests/…` (its tests) can be imported."""
    handler = site("/dev")

    async def page(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    async def blank(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>modules</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/blank", blank)
    app.router.add_static("/tests", JS)
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    context = await browser.new_context()
    tab = await context.new_page()
    await tab.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/blank")
    yield tab
    await context.close()
    await runner.cleanup()
