"""The newcomer's round with MiniStack in place of AWS: deploy, chat in two browsers, change, redeploy, destroy."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from support.chromium import browser, chromium  # noqa: F401 - fixtures

PATIENCE = 30_000  # milliseconds: a function's first event starts its process


async def enter(browser: Browser, url: str, name: str) -> Page:  # noqa: F811 - the fixture's value
    """A browser of one's own, past the question for a name."""
    page = await (await browser.new_context()).new_page()
    await page.goto(url)
    await page.locator("#name").fill(name)
    await page.locator("#entry-go").click()
    await expect(page.locator("#text")).to_be_enabled(timeout=PATIENCE)
    return page


async def say(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_the_whole_round(pingbox, pingbox_with, browser: Browser) -> None:  # noqa: F811 - the fixture
    """What one types the other reads; after a redeploy of changed code it is still there; in the end nothing is."""
    await asyncio.to_thread(pingbox, "deploy", "--yes", "--no-alarm")
    url = (await asyncio.to_thread(pingbox, "open", "--print")).output.strip()
    ana, bo = await enter(browser, url, "Ana"), await enter(browser, url, "Bo")
    await say(ana, "hi Bo, by way of the cloud")
    await expect(bo.get_by_text("hi Bo, by way of the cloud", exact=True)).to_be_visible(timeout=PATIENCE)
    await asyncio.to_thread(pingbox_with, "one", "deploy", "--yes")
    await say(bo, "still here")
    await expect(ana.get_by_text("still here", exact=True)).to_be_visible(timeout=PATIENCE)
    cy = await enter(browser, url, "Cy")
    await expect(cy.get_by_text("hi Bo, by way of the cloud", exact=True)).to_be_visible(timeout=PATIENCE)
    for page in (ana, bo, cy):
        await page.context.close()
    assert "Nothing is left." in (await asyncio.to_thread(pingbox, "destroy", "--yes")).output
