"""[21] axe-core finds nothing to object to: contrast in both themes, roles, names, landmarks; wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from pingbox.local.chat_server import ChatServer
from support.chat.people import People

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


async def objections(page: Page) -> list[str]:
    """One line for each rule that is broken: its name, how bad it is, and the elements."""
    found: list[dict[str, Any]] = (await Axe().run(page)).response["violations"]
    return [f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_nothing_to_object_to(house: ChatServer, people: People, theme: str, size: dict[str, int]) -> None:
    newcomer = await people.newcomer(color_scheme=theme, viewport=size, reduced_motion="reduce")
    page = newcomer.page
    await page.goto(str(house.addresses.page))
    await expect(page.locator("#name")).to_be_visible()
    assert await objections(page) == [], "while the name is asked for"
    await newcomer.enter(str(house.addresses.page), "Ana")
    await newcomer.say("**Hello** from https://pingbox.example/ with `code`", "> a quotation\nand an answer")
    await expect(page.locator(".message[data-state=sent]")).to_have_count(2)
    assert await objections(page) == [], "in the room"
    if size == NARROW:
        await page.get_by_role("button", name="Show rooms").click()
        await expect(page.locator("#rooms")).to_be_in_viewport(ratio=1)
        assert await objections(page) == [], "with the rooms open"
    await page.locator("#new-room").click()
    await expect(page.locator("#room-name")).to_be_visible()
    assert await objections(page) == [], "while a room is chosen"
    await page.keyboard.press("Escape")
    await newcomer.wire.cut()
    await expect(page.locator("#status-now")).to_be_visible(timeout=10_000)
    assert await objections(page) == [], "while it reconnects"


async def test_axe_would_object(people: People) -> None:
    """The judge is awake: grey on grey, a button without a name."""
    page = (await people.newcomer()).page
    await page.set_content(
        "<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"
        "<p style='color:#999;background:#888'>unreadable</p><button></button></main>"
    )
    assert [line.split(" ")[0] for line in await objections(page)] == ["button-name", "color-contrast"]
