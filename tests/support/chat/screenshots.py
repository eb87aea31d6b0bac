"""The README's picture, made from the chat itself: `make screenshots` writes docs/images/chat.png."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import async_playwright

from pingbox.local.chat_server import ChatServer
from pingbox.settings import ServeSettings
from support.chat.people import People, Person
from support.chromium import ARGUMENTS, install

IMAGE = Path(__file__).parents[3] / "docs" / "images" / "chat.png"
CODE = "```python\nasync with emulator.client() as bo:\n    await bo.drop_line()           # cable out\n```"


async def conversation(ana: Person, bo: Person, chi: Person) -> None:
    """A little of everything that a picture can show."""
    await chi.say("This is the test:", CODE)
    await ana.say("The deploy is out; `pingbox plan` shows nothing left to change.")
    await bo.say(
        "@Ana Lind can you look at the retry path before noon?", "No hurry if you are in the middle of something."
    )
    message = ana.page.locator(".message", has_text="retry path")
    await message.focus()
    for person in (ana, chi):
        await person.page.locator(".message", has_text="retry path").focus()
        await person.page.keyboard.press("+")
        await person.page.keyboard.type("eyes")
        await person.page.keyboard.press("Enter")
    await message.focus()
    await ana.page.keyboard.press("r")
    await ana.say("On it.")
    await bo.page.locator("#people .person", has_text="Ana").click()
    await bo.page.get_by_role("button", name="Message", exact=True).click()
    await bo.page.get_by_role("heading", level=1, name="Ana Lind").wait_for()
    await bo.say("Merged. Your review made it half as long")
    await ana.page.locator("#direct-list .room").wait_for()
    await chi.page.locator("#text").press_sequentially("and")
    await ana.page.locator("#typing .dots").wait_for()


async def main() -> None:
    server = ChatServer(ServeSettings(port=0, rate=0))
    await server.start()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=install(), args=ARGUMENTS)
        people = People(browser)
        ana, bo, chi = [await people.guest(server.addresses.page, name) for name in ("Ana Lind", "Bo", "Chi Nguyen")]
        await conversation(ana, bo, chi)
        await ana.page.screenshot(path=IMAGE)
        await people.leave()
        await browser.close()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
