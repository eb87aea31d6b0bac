"""People in front of the page: each a browser context of their own, and a wire that tests may cut or tamper with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, WebSocketRoute, expect

Frame = dict[str, Any]
Tamper = Callable[[Frame], list[Frame]]
"""What becomes of one frame: [frame] passes it on, [] loses it, [frame, frame] doubles it."""


class Wire:
    """The sockets of one person. `cut()` kills them and keeps new ones from opening until `mend()`."""

    def __init__(self) -> None:
        self.broken = False
        self.opened = 0
        self.sent: list[Frame] = []
        self.inward: Tamper = lambda frame: [frame]
        self.outward: Tamper = lambda frame: [frame]
        self._routes: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    async def attach(self, context: BrowserContext) -> None:
        await context.route_web_socket(lambda url: True, self._opened)

    async def _opened(self, page: WebSocketRoute) -> None:
        if self.broken:
            await page.close(code=1001)
            return
        self.opened += 1
        server = page.connect_to_server()
        self._routes.append((page, server))
        page.on_message(lambda data: self._pass(data, self.outward, server.send, self.sent))
        server.on_message(lambda data: self._pass(data, self.inward, page.send, []))

    @staticmethod
    def _pass(data: str | bytes, tamper: Tamper, send: Callable[[str], None], seen: list[Frame]) -> None:
        frame = json.loads(data)
        for kept in tamper(frame):
            seen.append(kept)
            send(json.dumps(kept))

    async def cut(self) -> None:
        self.broken = True
        for page, server in self._routes:
            await page.close(code=1001)
            await server.close(code=1000)
        self._routes.clear()

    def mend(self) -> None:
        self.broken = False

    def to_page(self, frame: Frame) -> None:
        """Let the page hear something now."""
        self._routes[-1][0].send(json.dumps(frame))

    def to_server(self, data: str) -> None:
        """Send something raw that the page never would."""
        self._routes[-1][1].send(data)


class Person:
    """One tab of one person."""

    def __init__(self, page: Page, wire: Wire, context: BrowserContext) -> None:
        self.page = page
        self.wire = wire
        self.context = context

    async def enter(self, url: str, name: str | None) -> None:
        """Open the page; give a name if it asks (`name` None: it must know us)."""
        await self.page.goto(url)
        if name is not None:
            await self.page.get_by_role("textbox", name="What should people call you?").fill(name)
            await self.page.keyboard.press("Enter")
        await self.online()

    async def online(self) -> None:
        await expect(self.page.locator("#link-dot")).to_have_attribute("data-phase", "online", timeout=15_000)

    async def say(self, *texts: str) -> None:
        for text in texts:
            await self.page.locator("#text").fill(text)
            await self.page.locator("#text").press("Enter")

    @property
    def messages(self) -> Locator:
        return self.page.locator("#log .message .body")

    async def sees(self, *texts: str) -> None:
        """Exactly these messages, in this order."""
        await expect(self.messages).to_have_text(list(texts), timeout=15_000)

    async def shows_everything(self) -> None:
        """The list holds a few hundred messages at a time; for the browser's own search all can be put in."""
        await self.page.get_by_role("button", name="More", exact=True).click()
        await self.page.get_by_role("menuitem", name="Show everything loaded").click()

    def online_people(self) -> Locator:
        return self.page.locator("[data-group=here] .person-name bdi")

    async def sees_online(self, *names: str) -> None:
        await expect(self.online_people()).to_have_text(list(names), timeout=15_000)

    async def hide(self) -> None:
        """Another tab is in front of this one."""
        await self._set_hidden("true")

    async def show(self) -> None:
        await self._set_hidden("false")

    async def _set_hidden(self, hidden: str) -> None:
        await self.page.evaluate(
            f"""() => {{
                Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});
                document.dispatchEvent(new Event('visibilitychange'));
            }}"""
        )


class People:
    """Everyone in a test. `troubles` collects what no page should ever report: script errors, policy violations."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    async def newcomer(self, *, time_machine: bool = False, **options: Any) -> Person:
        """A fresh browser profile with one tab. `time_machine`: its clock can be wound on with `page.clock`."""
        context = await self._browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        self._contexts.append(context)
        wire = Wire()
        await wire.attach(context)
        if time_machine:
            await context.clock.install()
        return await self._tab(context, wire)

    async def guest(self, url: str | None, name: str, **options: Any) -> Person:
        """Somebody who has been here before: the browser remembers the name, and the page asks nothing."""
        assert url is not None
        person = await self.newcomer(**options)
        remembered = json.dumps(json.dumps(name))
        await person.context.add_init_script(f"localStorage['pingbox:name'] ??= {remembered};")
        await person.enter(url, None)
        return person

    async def another_tab(self, person: Person) -> Person:
        """The same person in one more tab."""
        return await self._tab(person.context, person.wire)

    async def _tab(self, context: BrowserContext, wire: Wire) -> Person:
        page = await context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._console)
        page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        return Person(page, wire, context)

    def _console(self, message: ConsoleMessage) -> None:
        network = "WebSocket connection to" in message.text or "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not network:
            self.troubles.append(message.text)

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()
