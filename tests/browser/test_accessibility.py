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
async def test_nothing_to_object_to(server: ChatServer, people: People, theme: str, size: dict[str, int]) -> None:
    newcomer = await people.newcomer(color_scheme=theme, viewport=size, reduced_motion="reduce")
    page = newcomer.page
    await page.goto(str(server.addresses.page))
    await expect(page.locator("#name")).to_be_visible()
    assert await objections(page) == [], "while the name is asked for"
    await newcomer.enter(str(server.addresses.page), "Ana")
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


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_to_object_to_in_any_state(server: ChatServer, people: People, theme: str) -> None:
    """Menus, pickers, dialogs, cards, search, an edit, an answer, a direct message, what is refused and what waits."""
    ana = await people.guest(str(server.addresses.page), "Ana", color_scheme=theme, reduced_motion="reduce")
    bo = await people.guest(str(server.addresses.page), "Bo")
    page, keys = ana.page, ana.page.keyboard
    assert await objections(page) == [], "in an empty room"
    await bo.say("@Ana **look** at `this`", "- one\n- two", "```python\nx = 1\n```", "https://a.example/ 🎉")
    await ana.say("an answer " * 120)
    await expect(page.locator(".message[data-state=sent]")).to_have_count(1)
    message = page.locator(".message").first

    async def state(name: str, *acts: str, close: bool = True) -> None:
        for act in acts:
            await keys.press(act)
        assert await objections(page) == [], name
        if close:
            await keys.press("Escape")

    await message.focus()
    await state("the menu of a message", "Enter")
    await message.focus()
    await state("the picker", "+")
    await message.focus()
    await state("an answer being written", "r")
    await page.locator("#text").focus()
    await state("the last message being edited", "ArrowUp")
    await page.locator("#text").press_sequentially("@B")
    await state("completion")
    await page.locator("#text").fill("")
    await state("the switcher", "Control+k")
    await state("search", "Control+Shift+F")
    for button in ("#bell", "#more", "#insert", "#emoji", "#new-room"):
        await page.locator(button).click()
        await state(f"behind {button}")
    await page.locator("#settings-open").click()
    for tab in ("You", "Look and language", "Notices", "Keyboard", "Your data"):
        await page.get_by_role("tab", name=tab, exact=True).click()
        await state(f"settings: {tab}", close=False)
    await keys.press("Escape")
    await page.locator("#people .person", has_text="Bo").click()
    await state("a card", close=False)
    await page.get_by_role("dialog", name="Bo").get_by_role("button", name="Message").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bo")
    await state("a direct message")
    await ana.context.set_offline(True)
    await ana.say("later")
    await state("offline")


async def test_what_a_screen_reader_finds(server: ChatServer, people: People) -> None:
    """The tree of names and roles: landmarks, the room as heading, each message as an article with its words."""
    ana = await people.guest(str(server.addresses.page), "Ana")
    await ana.say("hello")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    await expect(ana.page.locator("body")).to_match_aria_snapshot(
        """
        - navigation "Rooms":
          - heading "Rooms" [level=2]
          - list:
            - listitem:
              - button "General"
          - heading "Direct messages" [level=2]
        - main "General":
          - heading "General" [level=1]
          - button /People, 1 online/
          - button "Search in this room (Ctrl Shift F)"
          - 'button "Notices: Mentions"'
          - button "On the wire"
          - button "More"
          - log "Messages in General":
            - article /^Ana, \\d+:\\d+, hello$/
          - button "Insert"
          - 'textbox "Message #General"'
          - button "Emoji"
          - button "Send message" [disabled]
        - complementary "People":
          - heading "People" [level=2]
          - heading "Online · 1" [level=3]
        """
    )


async def test_axe_would_object(people: People) -> None:
    """The judge is awake: grey on grey, a button without a name."""
    page = (await people.newcomer()).page
    await page.set_content(
        "<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"
        "<p style='color:#999;background:#888'>unreadable</p><button></button></main>"
    )
    assert [line.split(" ")[0] for line in await objections(page)] == ["button-name", "color-contrast"]
