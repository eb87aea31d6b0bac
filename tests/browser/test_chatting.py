"""People chat in real browsers; what the network does to them leaves no trace (chat.md E4, numbers in brackets)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from pingbox.emulator.clock import WoundClock
from pingbox.local.chat_server import ChatServer
from support.chat.people import Frame, People

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Writer = Callable[..., Awaitable[None]]


async def test_two_guests_meet_and_read_the_same_in_the_same_order(server: ChatServer, people: People) -> None:
    """[1] And who looks away sees in the title how much was missed."""
    ana = await people.newcomer()
    bo = await people.newcomer()
    await ana.enter(str(server.addresses.page), "Ana")
    await bo.enter(str(server.addresses.page), "Bo")
    await ana.sees_online("Ana", "Bo")
    await bo.sees_online("Bo", "Ana")
    await ana.say("hi Bo")
    await bo.sees("hi Bo")
    await bo.say("hi Ana", "how are you?")
    await ana.sees("hi Bo", "hi Ana", "how are you?")
    await bo.sees("hi Bo", "hi Ana", "how are you?")
    await expect(ana.page).to_have_title("PingBox")
    await ana.hide()
    await bo.say("still there?")
    await expect(ana.page).to_have_title("(1) PingBox")
    await expect(ana.page.locator("link[rel=icon]")).to_have_attribute("href", "favicon-unread.svg")
    await ana.show()
    await expect(ana.page).to_have_title("PingBox")
    await expect(ana.page.locator(".new + .message .body")).to_have_text("still there?")


async def test_a_lost_socket_costs_nothing(server: ChatServer, people: People) -> None:
    """[4] Three messages are written meanwhile: exactly these three come, in order, below the line."""
    ana = await people.guest(server.addresses.page, "Ana")
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.say("one")
    await bo.sees("one")
    await bo.wire.cut()
    await expect(bo.page.locator("#link-dot")).not_to_have_attribute("data-phase", "online")
    await ana.say("two", "three", "four")
    await ana.sees("one", "two", "three", "four")
    await bo.sees("one")
    bo.wire.mend()
    await bo.sees("one", "two", "three", "four")
    await expect(bo.page.locator(".new")).to_have_count(1)
    await expect(bo.page.locator(".new + .message .body")).to_have_text("two")
    assert bo.wire.opened >= 2, "it came over a new socket"


async def test_a_message_shows_at_once_and_settles_in_place(server: ChatServer, people: People) -> None:
    """[2] One element per cid, before the echo and after it."""
    ana = await people.guest(server.addresses.page, "Ana")
    held: list[Frame] = []
    ana.wire.inward = lambda frame: held.append(frame) or [] if frame["type"] == "message" else [frame]
    await ana.say("hello")
    message = ana.page.locator(".message.own")
    await expect(message).to_have_attribute("data-state", "sending")
    await message.evaluate("(node) => { node.marked = true; }")
    ana.wire.inward = lambda frame: [frame]
    while not held:
        await ana.page.wait_for_timeout(10)
    ana.wire.to_page(held[0])
    await expect(message).to_have_attribute("data-state", "sent")
    assert await message.evaluate("(node) => node.marked === true"), "it is still the same element"
    cids = await ana.page.locator("[data-cid]").evaluate_all("(nodes) => nodes.map((node) => node.dataset.cid)")
    assert len(cids) == 1


async def test_a_lost_echo_is_asked_for_and_nothing_is_stored_twice(server: ChatServer, people: People) -> None:
    """[3]"""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    bo = await people.guest(server.addresses.page, "Bo")
    ana.wire.inward = lambda frame: [] if frame["type"] == "message" else [frame]
    await ana.say("hello")
    await bo.sees("hello")
    await ana.page.clock.fast_forward(8_500)
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")
    await ana.sees("hello")
    await bo.say("once?")
    ana.wire.inward = lambda frame: [frame]
    await bo.sees("hello", "once?")


async def test_a_lost_message_leaves_its_sender_and_is_sent_again(server: ChatServer, people: People) -> None:
    """[3] The other way round: the frame never reached the server."""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    ana.wire.outward = lambda frame: [] if frame["action"] == "sendMessage" else [frame]
    await ana.say("hello")
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sending")
    ana.wire.outward = lambda frame: [frame]
    await ana.page.clock.fast_forward(8_500)
    await expect(ana.page.locator(".message.own")).to_have_attribute("data-state", "sent")
    assert [frame["text"] for frame in ana.wire.sent if frame["action"] == "sendMessage"] == ["hello"]


async def test_a_post_that_got_lost_silently_is_found_by_the_next_ping(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[7] No later message tells of the hole."""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    ana.wire.inward = lambda frame: [] if frame["type"] == "message" else [frame]
    await written("hello?")
    await ana.sees()
    await ana.page.clock.fast_forward(271_000)
    await ana.sees("hello?")


async def test_events_in_the_wrong_order_end_in_the_right_one(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[8]"""
    ana = await people.guest(server.addresses.page, "Ana")
    held: list[Frame] = []
    ana.wire.inward = lambda frame: held.append(frame) or [] if frame["type"] == "message" else [frame]
    await written("one", "two", "three", "four")
    while len(held) < 4:
        await ana.page.wait_for_timeout(10)
    for frame in reversed(held):
        ana.wire.to_page(frame)
        ana.wire.to_page(frame)
    await ana.sees("one", "two", "three", "four")


async def test_what_was_written_without_a_connection_survives_a_reload(server: ChatServer, people: People) -> None:
    """[10] And is sent once."""
    ana = await people.guest(server.addresses.page, "Ana")
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.wire.cut()
    await ana.say("first", "second")
    await expect(ana.page.locator(".message.own")).to_have_count(2)
    await ana.page.reload()
    await ana.sees("first", "second")
    await expect(ana.page.locator(".message[data-state=queued]")).to_have_count(2)
    ana.wire.mend()
    await ana.online()
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(2)
    await bo.sees("first", "second")
    await ana.page.reload()
    await ana.online()
    await ana.sees("first", "second")


async def test_a_draft_is_kept_per_room_and_over_a_reload(server: ChatServer, people: People) -> None:
    ana = await people.guest(server.addresses.page, "Ana")
    await ana.page.locator("#text").fill("half a thou")
    await ana.page.reload()
    await expect(ana.page.locator("#text")).to_have_value("half a thou")


async def test_being_far_behind_leaves_a_gap_that_says_how_much_is_missing(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[5] And loads it on demand."""
    ana = await people.guest(server.addresses.page, "Ana")
    await written("before")
    await ana.sees("before")
    await ana.wire.cut()
    await written(*(f"m{n}" for n in range(1, 601)))
    ana.wire.mend()
    await expect(ana.page.locator(".new + .message .body")).to_have_text("m1", timeout=15_000)
    gap = ana.page.locator(".gap span")
    await expect(gap).to_have_text(re.compile("^[2-4][0-9][0-9] messages not loaded$"))
    await expect(ana.messages.first).to_have_text("before")
    await ana.page.locator(".gap button").evaluate("(button) => button.click()")
    await expect(gap).to_have_count(0)
    await ana.shows_everything()
    await ana.sees("before", *(f"m{n}" for n in range(1, 601)))


async def test_reading_back_keeps_the_place_and_says_when_the_top_is_reached(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[9]"""
    await written(*(f"m{n}" for n in range(1, 301)))
    ana = await people.guest(server.addresses.page, "Ana")
    await expect(ana.messages.last).to_have_text("m300")
    place = """() => {
        const scroller = document.getElementById('scroller');
        const top = scroller.getBoundingClientRect().top;
        const below = (node) => node.getBoundingClientRect().top >= top;
        const first = [...document.querySelectorAll('.message')].find(below);
        return [first.querySelector('.body').textContent, Math.round(first.getBoundingClientRect().top - top)];
    }"""
    top = ana.page.locator("#top")
    for held in (100, 150, 200, 250, 300):
        before = await ana.page.evaluate(
            f"""() => new Promise((done) => {{
                const scroller = document.getElementById('scroller');
                scroller.scrollTop = 300;
                requestAnimationFrame(() => done(({place})()));
            }})"""
        )
        await expect(ana.page.locator("#log")).to_have_attribute("data-held", str(held))
        text, y = await ana.page.evaluate(place)
        assert (text, abs(y - before[1]) <= 2) == (before[0], True), f"moved from {before} to {[text, y]} at {held}"
    await expect(top).to_have_text("This is the start of #General")
    await ana.shows_everything()
    await ana.sees(*(f"m{n}" for n in range(1, 301)))
    assert sum(frame["action"] == "history" for frame in ana.wire.sent) == 5


async def test_new_messages_do_not_drag_a_reader_to_the_end(
    server: ChatServer, people: People, written: Writer
) -> None:
    await written(*(f"m{n}" for n in range(1, 41)))
    ana = await people.guest(server.addresses.page, "Ana")
    await expect(ana.messages.last).to_be_in_viewport()
    await ana.page.locator("#scroller").hover()
    await ana.page.mouse.wheel(0, -400)
    await expect(ana.page.locator("#jump")).to_be_visible()
    await written("n1", "n2")
    await expect(ana.page.locator("#jump")).to_contain_text("2 new since")
    await expect(ana.messages.last).not_to_be_in_viewport()
    await ana.page.locator("#jump .jump-go").click()
    await expect(ana.messages.last).to_be_in_viewport()
    await expect(ana.page.locator("#jump")).to_be_hidden()
    await expect(ana.page).to_have_title("PingBox")


async def test_a_flood_is_slowed_down_and_arrives_whole(
    strict_house: ChatServer, clock: WoundClock, people: People
) -> None:
    """[17] rate_limited costs time, never a message or their order."""
    ana = await people.guest(strict_house.addresses.page, "Ana")
    limited: list[Frame] = []

    def inward(frame: Frame) -> list[Frame]:
        if frame.get("code") == "rate_limited":
            limited.append(frame)
            clock.advance(15)  # the page waits its second, the server counts fifteen
        return [frame]

    ana.wire.inward = inward
    texts = [f"m{n}" for n in range(42)]
    await ana.say(*texts)
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(42, timeout=60_000)
    await ana.sees(*texts)
    assert len(limited) >= 2, "the limit was hardly reached"


async def test_a_socket_is_renewed_before_its_two_hours_and_nobody_notices(
    server: ChatServer, people: People, written: Writer
) -> None:
    """[13]"""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    bo = await people.guest(server.addresses.page, "Bo")
    await bo.sees_online("Bo", "Ana")
    phases: list[str] = []
    await ana.page.expose_function("phase", lambda phase: phases.append(phase))
    await ana.page.evaluate(
        """() => {
            const dot = document.getElementById('link-dot');
            const tell = () => window.phase(dot.dataset.phase);
            new MutationObserver(tell).observe(dot, { attributeFilter: ['data-phase'] });
        }"""
    )
    await ana.page.clock.fast_forward(115 * 60_000)
    while ana.wire.opened < 2:
        await ana.page.wait_for_timeout(10)
    await written("hello")
    await ana.sees("hello")
    await ana.say("and back")
    await bo.sees("hello", "and back")
    await bo.sees_online("Bo", "Ana")
    assert set(phases) <= {"online"}
