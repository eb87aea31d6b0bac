"""The page itself: safe, usable without eyes, without a mouse, on a phone, on plain HTTP (chat.md E4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from pingbox.local.chat_server import ChatServer
from pingbox.testing import Clients
from support.chat.people import People

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Writer = Callable[..., Awaitable[None]]

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</script><svg onload=alert(1)>",
    "[click](javascript:alert(1)) javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    '`"><img src=x onerror=alert(1)>`',
    "{{constructor.constructor('alert(1)')()}}",
)


async def test_what_people_write_is_shown_as_text_and_nothing_else(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[14] No dialog, no policy report, no request to anywhere else."""
    ana = await people.guest(server.addresses.page, "Ana")
    requests: list[str] = []
    ana.page.on("request", lambda request: requests.append(request.url))
    await written(*ATTACKS)
    await ana.sees(*(text.strip("`") for text in ATTACKS))
    assert await ana.page.locator("#log a, #log img, #log script, #log svg:not(.icon)").count() == 0
    await written("https://a.example/?q=<b>")
    link = ana.page.locator("#log a")
    await expect(link).to_have_attribute("href", "https://a.example/?q=")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    assert [url for url in requests if not url.startswith(str(server.addresses.page))] == []


async def test_a_name_cannot_turn_the_line_around(server: ChatServer, people: People) -> None:
    """[14] Direction marks are taken out, and the name stays apart from the text around it."""
    ana = await people.guest(server.addresses.page, "Ana")
    async with Clients(server.addresses.websocket) as ws:
        forger = await ws.connect(subprotocols=["pingbox.v1"])
        name = "\u202eeve\u202c<b>"
        await forger.send_json({"action": "hello", "name": name, "rooms": [{"room": "general"}]})
        await ana.sees_online("Ana", "eve<b>")
        frame = {"action": "sendMessage", "room": "general", "text": "hi", "userId": "g-ana", "name": "Ana"}
        await forger.send_json(frame)
        await expect(ana.page.locator("#log .byline bdi")).to_have_text(["eve<b>"])


async def test_too_long_is_refused_before_it_is_sent(server: ChatServer, people: People) -> None:
    """[16] And what was written is not lost."""
    ana = await people.guest(server.addresses.page, "Ana")
    text = ana.page.locator("#text")
    note = ana.page.locator("#composer-note")
    await text.fill("x" * 3_200)
    await expect(note).to_have_text("800 characters left")
    await text.fill("x" * 4_001)
    await expect(note).to_have_text("1 character too many")
    await expect(ana.page.locator("#send")).to_be_disabled()
    await text.press("Enter")
    await text.fill("€" * 13_000)
    await text.press("Enter")
    await expect(text).to_have_value("€" * 13_000)
    await ana.sees()
    assert not any(frame["action"] == "sendMessage" for frame in ana.wire.sent)
    await ana.say("x" * 4_000)
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")


async def test_a_frame_that_closes_the_socket_is_survived(server: ChatServer, people: People) -> None:
    """[16] More than 32 KB: 1009, and back again."""
    ana = await people.guest(server.addresses.page, "Ana")
    ana.wire.to_server("x" * 40_000)
    while ana.wire.opened < 2:
        await ana.page.wait_for_timeout(10)
    await ana.online()
    await ana.say("still here")
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")


async def test_a_person_with_two_tabs_is_one_person(server: ChatServer, people: People) -> None:
    """[11] Who goes stays green for 20 seconds: a reload is no farewell."""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    bo = await people.guest(server.addresses.page, "Bo")
    second = await people.another_tab(bo)
    await second.enter(str(server.addresses.page), None)
    await ana.sees_online("Ana", "Bo")
    await second.sees_online("Bo", "Ana")
    await bo.page.close()
    await second.say("still here")
    await ana.sees("still here")
    await ana.sees_online("Ana", "Bo")
    await second.page.close()
    await expect(ana.page.locator("#online-count")).to_have_text("1")
    await ana.sees_online("Ana", "Bo")
    await ana.page.clock.fast_forward(21_000)
    await ana.sees_online("Ana")
    await expect(ana.page.locator("[data-group=away] .person-name bdi")).to_have_text("Bo")


async def test_the_server_knows_a_guest_again(server: ChatServer, people: People) -> None:
    """The token of the first visit makes the second one the same person: own messages stay own."""
    ana = await people.guest(server.addresses.page, "Ana")
    await ana.say("mine")
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")
    await ana.page.reload()
    await ana.online()
    await expect(ana.page.locator(".message.own .body")).to_have_text("mine")


async def test_a_token_that_is_no_longer_good_costs_the_identity_but_not_the_chat(
    server: ChatServer, people: People
) -> None:
    """The handshake just fails (close 1006): after two such failures the page tries without the token."""
    ana = await people.newcomer()
    await ana.page.goto(str(server.addresses.page))
    await ana.page.evaluate(
        """() => {
            localStorage.setItem('pingbox:name', '"Ana"');
            localStorage.setItem('pingbox:token', '"forged.token.here"');
        }"""
    )
    await ana.page.reload()
    await ana.online()
    await ana.sees_online("Ana")
    token = await ana.page.evaluate("() => localStorage.getItem('pingbox:token')")
    assert token != '"forged.token.here"'


async def test_rooms_are_started_found_and_left(server: ChatServer, people: People) -> None:
    """One starts it, the other finds it in the list; a message there counts as unread elsewhere."""
    ana = await people.guest(server.addresses.page, "Ana")
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.page.get_by_role("button", name="Find or start a room").click()
    await ana.page.locator("#room-name").fill("Book Club!")
    await expect(ana.page.locator("#room-hint")).to_contain_text("#book-club")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#Book Club!")
    await bo.page.get_by_role("button", name="Find or start a room").click()
    await bo.page.locator("#directory-list button", has_text="Book Club!").click()
    await bo.sees_online("Bo", "Ana")
    await bo.page.locator("#room-list button", has_text="General").click()
    await ana.say("which book?")
    await expect(bo.page.locator(".room.unread .number")).to_have_text("1")
    await expect(bo.page).to_have_title("(1) PingBox")
    await bo.page.locator("#room-list button", has_text="Book Club!").click()
    await bo.sees("which book?")
    await expect(bo.page).to_have_title("PingBox")
    await bo.page.get_by_role("button", name="More").click()
    await bo.page.get_by_role("menuitem", name="Leave room").click()
    await expect(bo.page.locator("#room-list .label")).to_have_text(["General"])
    await ana.say("Bo?")
    await expect(bo.page).to_have_title("PingBox")


async def test_a_link_leads_into_a_room(server: ChatServer, people: People) -> None:
    ana = await people.newcomer()
    await ana.enter(f"{server.addresses.page}#tea", "Ana")
    await expect(ana.page.locator("#no-room")).to_contain_text("There is no #tea. Start it?")
    await ana.page.get_by_role("button", name="Start #tea").click()
    await expect(ana.page.locator("#no-room")).to_be_hidden()
    await ana.say("water is on")
    bo = await people.newcomer()
    await bo.enter(f"{server.addresses.page}#tea", "Bo")
    await bo.sees("water is on")


async def test_a_phone_has_drawers_and_no_sideways_scroll(server: ChatServer, people: People, written: Writer) -> None:
    """[18]"""
    await written("a" * 300, "```\n" + "wide " * 60 + "\n```")
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    ana = await people.guest(server.addresses.page, "Ana", **phone)
    await expect(ana.messages).to_have_count(2)
    width = await ana.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1] == 390
    await ana.page.set_viewport_size({"width": 320, "height": 640})
    assert await ana.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    await ana.page.set_viewport_size({"width": 390, "height": 844})
    rooms = ana.page.locator("#rooms")
    await expect(rooms).not_to_be_visible()
    await ana.page.get_by_role("button", name="Show rooms").click()
    await expect(rooms).to_be_in_viewport(ratio=1)
    await ana.page.keyboard.press("Escape")
    await expect(rooms).not_to_be_visible()
    await expect(ana.page.get_by_role("button", name="Show rooms")).to_be_focused()
    await ana.page.get_by_role("button", name="People").click()
    await expect(ana.page.locator("#people")).to_be_in_viewport(ratio=1)
    await ana.page.locator("#people-close").click()
    await ana.page.set_viewport_size({"width": 390, "height": 420})  # the keyboard is up
    await expect(ana.page.locator("#text")).to_be_in_viewport(ratio=1)
    await ana.page.locator("#text").fill("line one")
    await ana.page.locator("#text").press("Enter")
    await expect(ana.page.locator("#text")).to_have_value("line one\n")
    await ana.page.locator("#send").click()
    await expect(ana.messages.last).to_have_text("line one")


async def test_a_screen_reader_hears_what_is_new_and_only_that(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[20]"""
    await written("old news")
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    await ana.sees("old news")
    said = ana.page.locator("#said p")
    await expect(said).to_have_count(0)
    await written("fresh news")
    await expect(said).to_have_text(["Terminal says: fresh news"])
    await ana.say("my own words")
    await expect(ana.messages).to_have_count(3)
    await expect(said).to_have_count(1)
    status = ana.page.get_by_role("status")
    await expect(status).to_have_text("")
    await ana.wire.cut()
    await ana.page.clock.fast_forward(3_000)
    await expect(status).to_have_text("Reconnecting…")
    await expect(ana.page.locator("#status-now")).to_be_visible()
    await written("a", "b", "c")
    ana.wire.mend()
    # The page also tries by itself, and may be sooner: then there is no button any more, and nothing to press it for.
    await ana.page.locator("#status-now").dispatch_event("click")
    await expect(status).to_have_text("Connected")
    await expect(said.last).to_have_text("3 new messages in General")


async def test_everything_can_be_done_with_the_keyboard(server: ChatServer, people: People) -> None:
    """[19] as far as there is something to do: enter, start a room, write, read, leave; focus is never lost."""
    ana = await people.newcomer()
    await ana.page.goto(str(server.addresses.page))
    keyboard = ana.page.keyboard
    await expect(ana.page.locator("#name")).to_be_focused()
    await keyboard.type("Ana")
    await keyboard.press("Enter")
    await ana.online()
    await expect(ana.page.locator("#text")).to_be_focused()
    await keyboard.type("one")
    await keyboard.press("Shift+Enter")
    await keyboard.type("two")
    await keyboard.press("Enter")
    await keyboard.type("three")
    await keyboard.press("Enter")
    await expect(ana.messages).to_have_count(2)
    await keyboard.press("Shift+Tab")
    await keyboard.press("Shift+Tab")
    await expect(ana.page.locator(".message").last).to_be_focused()
    await keyboard.press("ArrowUp")
    await expect(ana.page.locator(".message").first).to_be_focused()
    await ana.page.locator("#new-room").focus()
    await keyboard.press("Enter")
    await expect(ana.page.locator("#room-name")).to_be_focused()
    await keyboard.type("tea")
    await keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#tea")
    await expect(ana.page.locator("#text")).to_be_focused()
    await ana.page.locator("#more").focus()
    await keyboard.press("Enter")
    await keyboard.press("End")
    await keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#General")
    assert await ana.page.evaluate("() => document.activeElement !== document.body")


async def test_plain_http_works_and_says_so(open_house: ChatServer, people: People) -> None:
    """[23] As on an S3 website: no secure context, none of its functions, and a word of warning."""
    ana = await people.newcomer()
    await ana.enter(f"http://chat.example:{open_house.cloud.server.port}/", "Ana")
    assert await ana.page.evaluate("() => window.isSecureContext || 'randomUUID' in crypto") is False
    await expect(ana.page.locator("#insecure")).to_be_visible()
    await ana.say("hello")
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")
    bo = await people.guest(f"http://localhost:{open_house.cloud.server.port}/", "Bo")
    await expect(bo.page.locator("#insecure")).to_be_hidden()


async def test_language_and_theme_are_chosen_and_remembered(server: ChatServer, people: People) -> None:
    """The reader's language comes from the browser; both can be switched."""
    ana = await people.newcomer(locale="de-AT")
    await ana.page.goto(str(server.addresses.page))
    await ana.page.get_by_label("Wie sollen dich die anderen nennen?").fill("Ana")
    await ana.page.get_by_role("button", name="Loslegen").click()
    await ana.online()
    await ana.page.get_by_role("button", name="Einstellungen").click()
    await ana.page.get_by_role("combobox", name="Sprache").select_option("en")
    await expect(ana.page.locator("html")).to_have_attribute("lang", "en")
    await ana.page.get_by_role("radio", name="Dark").click()
    await ana.page.reload()
    await ana.online()
    ground = await ana.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(26, 27, 30)"
    await expect(ana.page.locator("html")).to_have_attribute("lang", "en")


async def test_another_name_is_taken_at_once_and_shown_to_the_others(server: ChatServer, people: People) -> None:
    """Without a new connection, and messages keep the name they were written under."""
    ana = await people.guest(server.addresses.page, "Ana")
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.say("first")
    await bo.sees("first")
    await ana.page.get_by_role("button", name="Change name: Ana").click()
    await ana.page.get_by_role("dialog", name="Ana").get_by_role("button", name="Change name").click()
    await ana.page.locator("#name").fill("x" * 33)
    await expect(ana.page.locator("#name-hint")).to_have_text("Please use 1 to 32 visible characters.")
    await ana.page.locator("#name").fill("Anabel")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.locator("#me bdi")).to_have_text("Anabel")
    await ana.say("second")
    await expect(bo.page.locator("#log .byline bdi")).to_have_text(["Ana", "Anabel"])
    assert ana.wire.opened == 1
