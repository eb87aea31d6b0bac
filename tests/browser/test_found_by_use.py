"""What people stumbled over: at the rate that everybody has, and with motion on (no time is wound, no limit lifted)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect

from pingbox.local.chat_server import ChatServer
from pingbox.testing import Clients
from support.chat.people import People, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Writer = Callable[..., Awaitable[None]]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LINE = ".new + .message .body"


@pytest.fixture
def writes(slow_house: ChatServer) -> Writer:
    """`await writes("a", "b")` stores messages from a terminal client of the house with the usual limit."""

    async def write(*texts: str, room: str = "general", name: str = "Terminal") -> None:
        async with Clients(slow_house.addresses.websocket) as ws:
            terminal = await ws.connect(f"?name={name}&room={room}")
            for text in texts:
                await terminal.send_json({"action": "sendMessage", "room": room, "text": text})
                await terminal.expect(text=text)

    return write


async def absent_for(ana: Person, url: str, writes: Writer, count: int) -> None:
    """Ana was here and read everything; she closes the page, `count` messages are written, she comes back."""
    await ana.say("I was here")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    await ana.page.goto(f"{url}config.json")
    await writes(*(f"m{n}" for n in range(1, count + 1)))
    await ana.page.goto(url)
    await ana.online()


# 1


@pytest.mark.parametrize("missed", [60, 600])
async def test_what_was_missed_while_the_page_was_closed_is_new(
    server: ChatServer, people: People, written: Writer, missed: int
) -> None:
    """The page opens at the first of them, under the line, and counts the rest until it is seen."""
    ana = await people.guest(server.addresses.page, "Ana")
    await absent_for(ana, str(server.addresses.page), written, missed)
    await expect(ana.page.locator(LINE)).to_have_text("m1", timeout=15_000)
    await expect(ana.page.locator(LINE)).to_be_in_viewport()
    await expect(ana.page).to_have_title(re.compile(r"^\(\d+\) PingBox$"))
    await expect(ana.page.locator("#jump")).to_contain_text(re.compile(r"^\d+ new since \d\d:\d\d$"))
    await ana.page.locator("#jump .jump-go").click()
    await expect(ana.messages.last).to_have_text(f"m{missed}")
    await expect(ana.page).to_have_title("PingBox")
    await expect(ana.page.locator("#jump")).to_be_hidden()


async def test_three_missed_messages_are_under_the_line_and_read_at_once(
    slow_house: ChatServer, people: People, writes: Writer
) -> None:
    """At the usual rate. The line stays until the room is left."""
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await absent_for(ana, str(slow_house.addresses.page), writes, 3)
    await expect(ana.page.locator(LINE)).to_have_text("m1", timeout=15_000)
    await expect(ana.page).to_have_title("PingBox")
    await expect(ana.page.locator(LINE)).to_have_text("m1")


async def test_after_a_lost_socket_with_a_thousand_missed_the_place_is_kept(
    server: ChatServer, people: People, written: Writer
) -> None:
    ana = await people.guest(server.addresses.page, "Ana")
    await ana.say("before")
    await ana.sees("before")
    await ana.wire.cut()
    await written(*(f"m{n}" for n in range(1, 1001)))
    ana.wire.mend()
    await expect(ana.page.locator(LINE)).to_have_text("m1", timeout=15_000)
    await expect(ana.page.locator(LINE)).to_be_in_viewport()
    await expect(ana.page.locator("#jump")).to_contain_text(re.compile(r"^(9\d\d|1,000) new"))
    await ana.page.get_by_role("button", name="Mark as read").click()
    await expect(ana.page).to_have_title("PingBox")
    await expect(ana.page.locator(LINE)).to_be_in_viewport()


# 2, 8: the time of a grouped message


async def test_the_time_of_a_grouped_message_never_stands_on_its_words(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("first", "second " * 40)
    second = ana.page.locator(".message:not(.head)")
    for act in (second.hover, second.focus):
        await act()
        time, body = second.locator("time"), second.locator(".body")
        await expect(time).to_have_css("opacity", "1")
        a, b = await time.bounding_box(), await body.bounding_box()
        assert a is not None
        assert b is not None
        assert a["x"] + a["width"] <= b["x"], f"the time {a} is over the text {b}"
        await expect(time).to_have_text(re.compile(r"^\d\d:\d\d$"))


# 3


async def test_a_long_topic_does_not_widen_the_dialog(slow_house: ChatServer, people: People) -> None:
    async with Clients(slow_house.addresses.websocket) as ws:
        maker = await ws.connect(subprotocols=["pingbox.v1"])
        await maker.send_json({"action": "hello", "name": "Maker"})
        await maker.expect(type="ready")
        await maker.send_json({"action": "createRoom", "room": "long", "topic": "wordwithoutanend" * 12})
        await maker.expect(type="joined")
        ana = await people.guest(slow_house.addresses.page, "Ana", viewport={"width": 320, "height": 640})
        await ana.page.get_by_role("button", name="Show rooms").click()
        await ana.page.locator("#new-room").click()
        await expect(ana.page.locator("#directory-list button")).to_have_count(2)
        await expect(ana.page.locator("#join-go")).to_be_in_viewport(ratio=1)
        assert await ana.page.locator("#join").evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")


# 4


async def test_a_room_of_ten_thousand_messages_keeps_a_few_hundred_in_the_document(
    people: People, server: ChatServer
) -> None:
    """Each has its number of all, so that a screen reader knows; what is scrolled to is there."""
    ana = await people.guest(server.addresses.page, "Ana")
    await hold_many(ana, 10_000)
    assert await ana.page.locator(".message").count() <= 300
    last = ana.page.locator(".message").last
    await expect(last).to_have_attribute("aria-posinset", "10000")
    await ana.page.locator("#scroller").evaluate("(node) => { node.scrollTop = node.scrollHeight / 2; }")
    await ana.page.wait_for_function(
        """() => {
            const box = document.getElementById('scroller').getBoundingClientRect();
            const middle = document.elementFromPoint(box.left + 200, box.top + 200)?.closest('.message');
            return middle && Math.abs(Number(middle.getAttribute('aria-posinset')) - 5000) < 600;
        }"""
    )
    await ana.page.locator(".message").first.focus()
    await ana.page.keyboard.press("Home")
    await expect(ana.page.locator(".message").first).to_be_focused()
    await expect(ana.page.locator(".message").first).to_have_attribute("aria-posinset", "1")
    await ana.page.keyboard.press("End")
    await expect(ana.page.locator(".message").last).to_have_attribute("aria-posinset", "10000")


async def hold_many(person: Person, count: int) -> None:
    """Let the page hear `count` messages that nobody wrote, as a `sync` would bring them."""
    for start in range(1, count + 1, 500):
        end = min(count, start + 499)
        events = [
            {
                "type": "message", "room": "general", "seq": n, "n": n, "ts": 1764000000000 + n * 1000, "text": f"m{n}",
                "user": {"id": f"g-{n // 7 % 5}", "name": f"P{n // 7 % 5}"},
            }
            for n in range(start, end + 1)
        ]  # fmt: skip
        person.wire.to_page(
            {
                "type": "sync", "room": "general", "events": events, "from": start, "to": end, "head": end,
                "more": False, "reset": False,
            }
        )  # fmt: skip
    await expect(person.page.locator("#log")).to_have_attribute("data-held", str(count))


# 5


async def test_an_address_that_is_not_well_encoded_opens_the_page(slow_house: ChatServer, people: People) -> None:
    ana = await people.newcomer()
    await ana.enter(f"{slow_house.addresses.page}#%E0%A4%A", "Ana")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#General")


async def test_a_room_may_be_called_constructor(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.page.locator("#new-room").click()
    await ana.page.locator("#room-name").fill("constructor")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#constructor")
    await ana.say("here")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1, timeout=15_000)
    await ana.page.reload()
    await ana.online()
    await ana.sees("here")


async def test_a_message_for_a_room_that_does_not_exist_waits_for_it(slow_house: ChatServer, people: People) -> None:
    """It was written before the server's answer could come. Nothing can be written after it."""
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.wire.cut()
    await ana.page.goto(f"{slow_house.addresses.page}#ghost")
    await ana.say("anybody?")
    await expect(ana.page.locator(".message[data-state=queued]")).to_have_count(1)
    ana.wire.mend()
    no_room = ana.page.locator("#no-room")
    await expect(no_room).to_contain_text("There is no #ghost. Start it?", timeout=15_000)
    await expect(no_room).to_contain_text("The message that you wrote waits here")
    await expect(ana.page.locator("#text")).to_be_hidden()
    await ana.page.get_by_role("button", name="Start #ghost").click()
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1, timeout=15_000)


async def test_leaving_a_room_asks_before_it_deletes_what_is_not_sent(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.wire.cut()
    await ana.say("important")
    more = ana.page.get_by_role("button", name="More", exact=True)
    await more.click()
    await ana.page.get_by_role("menuitem", name="Leave room").click()
    question = ana.page.get_by_role("dialog", name="Leave #General?")
    await expect(question).to_contain_text("One message that you wrote here is not sent yet.")
    await question.get_by_role("button", name="Cancel").click()
    await ana.sees("important")
    await more.click()
    await ana.page.get_by_role("menuitem", name="Leave room").click()
    await question.get_by_role("button", name="Leave").click()
    await expect(ana.page.locator("#room-list .room")).to_have_count(0)


# 6


async def test_two_tabs_of_one_person_agree_about_what_is_read(
    slow_house: ChatServer, people: People, writes: Writer
) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    second = await people.another_tab(ana)
    await second.enter(str(slow_house.addresses.page), None)
    for tab in (ana, second):
        await tab.hide()
    await writes("one", "two")
    for tab in (ana, second):
        await expect(tab.page).to_have_title("(2) PingBox")
    await ana.show()
    await expect(ana.page).to_have_title("PingBox")
    await expect(second.page).to_have_title("PingBox")


# 7


async def test_a_drawer_takes_the_focus_and_keeps_it(slow_house: ChatServer, people: People) -> None:
    """With motion on: the focus is inside from the first frame, and nothing behind the drawer answers."""
    ana = await people.guest(slow_house.addresses.page, "Ana", **PHONE, reduced_motion="no-preference")
    for opener, drawer in (("Show rooms", "#rooms"), ("People", "#people")):
        button = ana.page.locator(".bar").get_by_role("button", name=opener)
        await button.click()
        inside = f"() => document.querySelector('{drawer}').contains(document.activeElement)"
        assert await ana.page.evaluate(inside), drawer
        assert await ana.page.locator("#main").evaluate("(node) => node.inert")
        for _ in range(12):
            await ana.page.keyboard.press("Tab")
            assert await ana.page.evaluate(f"() => document.activeElement === document.body || ({inside})()"), drawer
        await ana.page.keyboard.press("Escape")
        await expect(button).to_be_focused()
        assert not await ana.page.locator("#main").evaluate("(node) => node.inert")


# 8


async def test_you_is_said_in_the_readers_language(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("hi")
    await expect(ana.page.locator("#people .you")).to_have_text("you")
    await ana.page.locator("#settings-open").click()
    await ana.page.locator("select").select_option("de")
    await expect(ana.page.locator("#people .you")).to_have_text("du")
    await expect(ana.page.locator("#log .you")).to_have_text("du")


async def test_forced_colours_show_which_room_is_open_and_who_is_there(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana", forced_colors="active")
    current = ana.page.locator('[aria-current="true"]')
    await expect(current).to_have_css("outline-style", "solid")
    await expect(current).to_have_css("outline-width", "2px")
    dot = await ana.page.locator("#people .avatar").evaluate("(n) => getComputedStyle(n, '::after').backgroundColor")
    ground = await ana.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert dot != ground


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_text_that_waits_is_easy_to_read(slow_house: ChatServer, people: People, theme: str) -> None:
    """Contrast of at least 4.5, with motion on."""
    ana = await people.guest(slow_house.addresses.page, "Ana", color_scheme=theme)
    await ana.wire.cut()
    await ana.say("later")
    body = ana.page.locator(".message[data-state=queued] .body")
    await expect(body).to_have_css("color", "rgb(102, 99, 93)" if theme == "light" else "rgb(163, 162, 158)")
    await expect(body).to_have_css("opacity", "1")


async def test_a_message_has_a_name_for_those_who_hear_it(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("hello **there**")
    article = ana.page.get_by_role("article")
    await expect(article).to_have_attribute("aria-label", re.compile(r"^Ana, \d\d:\d\d, hello there$"))


async def test_targets_for_fingers_are_large(slow_house: ChatServer, people: People) -> None:
    """At least 44 by 44 pixels, drawn or reached by a larger area around."""
    ana = await people.guest(slow_house.addresses.page, "Ana", **PHONE)
    await ana.page.locator("#text").fill("one")
    await ana.page.locator("#send").click()
    await expect(ana.messages).to_have_count(1)
    small = await ana.page.evaluate(
        """() => [...document.querySelectorAll('button, textarea, select')]
            .filter((node) => node.offsetParent && !node.closest('.byline'))
            .filter((node) => !['#skip', '.topic'].some((each) => node.matches(each)))
            .map((node) => [node, node.getBoundingClientRect(), getComputedStyle(node, '::after')])
            .filter(([, box, after]) => Math.min(box.width, box.height) < 43.5 && after.content === 'none')
            .map(([node, box]) => `${node.id || node.className} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
    )
    assert small == []


async def test_phones_show_the_time_of_a_grouped_message(slow_house: ChatServer, people: People) -> None:
    """Where it is another minute than that of the message above."""
    ana = await people.guest(slow_house.addresses.page, "Ana", **PHONE, time_machine=True)
    await ana.page.locator("#text").fill("one")
    await ana.page.locator("#send").click()
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    await ana.wire.cut()
    await ana.page.clock.fast_forward(61_000)
    await ana.page.locator("#text").fill("two")
    await ana.page.locator("#send").click()
    await expect(ana.page.locator(".message:not(.head) time")).to_have_css("opacity", "1")


# 9


async def test_lines_are_about_seventy_five_characters_long(slow_house: ChatServer, people: People) -> None:
    wide = {"width": 1920, "height": 1000}
    ana = await people.guest(slow_house.addresses.page, "Ana", viewport=wide)
    await ana.say("word " * 100)
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    width = await ana.messages.first.evaluate("(body) => body.getBoundingClientRect().width")
    assert 400 <= width <= 640


async def test_an_own_message_bears_one_mark_at_most_and_none_after_a_moment(
    slow_house: ChatServer, people: People
) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("hello")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    assert await ana.page.locator(".message .after").count() <= 1
    await expect(ana.page.locator(".message .after")).to_have_count(0)


async def height(message: Locator) -> float:
    """In pixels, once it is drawn: its echo may just draw it anew."""
    async with asyncio.timeout(10):
        while (box := await message.bounding_box()) is None:
            pass
    return box["height"]


async def test_a_long_text_is_folded_and_opens(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("many words " * 300)
    more = ana.page.get_by_role("button", name=re.compile(r"^Show all \d+ lines$"))
    await expect(more).to_be_visible()
    assert await height(ana.messages.first) < 120
    await more.click()
    await expect(more).to_have_count(0)
    assert await height(ana.messages.first) > 400


async def test_a_wrong_clock_of_the_machine_dates_nothing_wrongly(slow_house: ChatServer, people: People) -> None:
    """The browser believes that it is a year later."""
    ana = await people.newcomer()
    await ana.context.clock.install(time="2031-05-05T12:00:00")
    await ana.enter(str(slow_house.addresses.page), "Ana")
    await ana.say("now")
    await expect(ana.page.locator(".day")).to_have_text("Today")


async def test_offline_nobody_seems_to_be_there(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    bo = await people.guest(slow_house.addresses.page, "Bo")
    await ana.sees_online("Ana", "Bo")
    assert bo
    await ana.context.set_offline(True)
    await expect(ana.page.locator("#people h3").first).to_contain_text("Last known")
    dots = "(nodes) => nodes.map((node) => getComputedStyle(node, '::after').boxShadow)"
    assert "none" not in await ana.page.locator("#people .avatar").evaluate_all(dots)


async def test_without_a_room_there_is_somewhere_to_go(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.page.get_by_role("button", name="More", exact=True).click()
    await ana.page.get_by_role("menuitem", name="Leave room").click()
    no_room = ana.page.locator("#no-room")
    await expect(no_room).to_contain_text("Pick a room")
    await no_room.get_by_role("button", name="Find room or person").click()
    await ana.page.keyboard.type("General")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#General")


async def test_the_list_of_rooms_is_filtered_while_one_types(server: ChatServer, people: People) -> None:
    async with Clients(server.addresses.websocket) as ws:
        maker = await ws.connect(subprotocols=["pingbox.v1"])
        await maker.send_json({"action": "hello", "name": "Maker"})
        await maker.expect(type="ready")
        for room in ("retrospective", "cats", "tea"):
            await maker.send_json({"action": "createRoom", "room": room})
            await maker.expect(type="joined")
        ana = await people.guest(server.addresses.page, "Ana")
        await ana.page.locator("#new-room").click()
        await expect(ana.page.locator("#directory-list button")).to_have_count(4)
        await ana.page.locator("#room-name").fill("ret")
        await expect(ana.page.locator("#directory-list button")).to_have_text(["#retrospective"])
        await expect(ana.page.locator("#join-go")).to_have_text("Start #ret")
        await ana.page.locator("#room-name").fill("cats")
        await expect(ana.page.locator("#join-go")).to_have_text("Open #cats")


async def test_a_link_shows_where_it_leads(slow_house: ChatServer, people: People, writes: Writer) -> None:
    """A turn of the line is shown as what it is, and letters that only look alike in punycode."""
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await writes("https://p\u0430ypal.example/login")
    await expect(ana.page.locator("#log a")).to_have_text("https://xn--pypal-4ve.example/login")


async def test_two_people_have_two_colours(slow_house: ChatServer, people: People) -> None:
    page: Page | None = None
    for name in ("Ana", "Bo", "Chi", "Dee"):
        page = (await people.guest(slow_house.addresses.page, name)).page
    assert page is not None
    await expect(page.locator("#people .avatar")).to_have_count(4)
    colours = await page.locator("#people .avatar").evaluate_all(
        "(n) => n.map((each) => getComputedStyle(each).backgroundColor)"
    )
    assert len(set(colours)) == 4
