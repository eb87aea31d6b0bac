"""What people do with messages, with each other and with rooms: by pointer, by keyboard, on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from pingbox.local.chat_server import ChatServer
from support.chat.people import People, Person
from support.deploy.rehearsed_server import REHEARSED

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Writer = Callable[..., Awaitable[None]]


async def two(people: People, server: ChatServer) -> tuple[Person, Person]:
    ana = await people.guest(server.addresses.page, "Ana Lind")
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.sees_online("Ana Lind", "Bo")
    return ana, bo


async def test_a_message_is_edited_answered_and_reacted_to_by_pointer(slow_house: ChatServer, people: People) -> None:
    ana, bo = await two(people, slow_house)
    await ana.say("the deploy is aut")
    await bo.sees("the deploy is aut")
    mine = ana.page.locator(".message").first
    await mine.hover()
    await mine.get_by_role("button", name="Edit").click()
    await expect(ana.page.locator("#text")).to_have_value("the deploy is aut")
    await ana.page.locator("#text").fill("the deploy is out")
    await ana.page.keyboard.press("Enter")
    await bo.sees("the deploy is out")
    await expect(bo.page.locator(".message .edited")).to_have_count(1)
    theirs = bo.page.locator(".message").first
    await theirs.hover()
    await theirs.get_by_role("button", name="Reply").click()
    await bo.say("thanks")
    quote = ana.page.locator(".message", has_text="thanks").locator(".quote-of")
    await expect(quote).to_contain_text("the deploy is out")
    await theirs.hover()
    await theirs.get_by_role("button", name="React").click()
    await bo.page.keyboard.type("tada")
    await bo.page.keyboard.press("Enter")
    reaction = ana.page.locator(".reaction").first
    await expect(reaction).to_have_text("🎉1")
    await expect(reaction).to_have_attribute("title", "Bo reacted with 🎉")
    await reaction.click()
    await expect(bo.page.locator(".reaction").first).to_have_text("🎉2")
    await reaction.click()
    await expect(bo.page.locator(".reaction").first).to_have_text("🎉1")
    await quote.click()
    await expect(mine).to_be_focused()


async def test_a_deleted_message_can_be_taken_back_for_five_seconds(server: ChatServer, people: People) -> None:
    """Its text is gone for everyone after that; the others see nothing before."""
    ana = await people.guest(server.addresses.page, "Ana", time_machine=True)
    bo = await people.guest(server.addresses.page, "Bo")
    await ana.say("one", "two")
    await bo.sees("one", "two")
    message = ana.page.locator(".message").nth(1)
    for _ in range(2):
        await message.focus()
        await ana.page.keyboard.press("Delete")
        await expect(message).to_contain_text("Message deleted by its author")
        if _ == 0:
            await message.get_by_role("button", name="Undo").click()
            await ana.sees("one", "two")
    await ana.page.clock.fast_forward(4_000)
    await bo.sees("one", "two")
    await ana.page.clock.fast_forward(2_000)
    await expect(bo.page.locator(".message .gone")).to_have_text("Message deleted by its author")
    await expect(message.get_by_role("button", name="Undo")).to_have_count(0)


async def test_the_keyboard_does_all_of_it(slow_house: ChatServer, people: People) -> None:
    """[19] Write, edit with Up, react, reply, start a room, switch, find a person: the focus is never lost."""
    ana, bo = await two(people, slow_house)
    await bo.say("hello")
    keys = ana.page.keyboard
    await ana.page.locator("#text").focus()
    await keys.type("frist")
    await keys.press("Enter")
    await ana.sees("hello", "frist")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    await keys.press("ArrowUp")
    await expect(ana.page.locator("#composer-about")).to_contain_text("Edit message")
    await keys.press("Escape")
    await expect(ana.page.locator("#text")).to_have_value("")
    await keys.press("ArrowUp")
    await keys.press("Control+A")
    await keys.type("first")
    await keys.press("Enter")
    await bo.sees("hello", "first")
    await keys.press("Shift+F6")
    await expect(ana.page.locator(".message").last).to_be_focused()
    await keys.press("ArrowUp")
    await keys.press("+")
    await keys.type("+1")
    await keys.press("Enter")
    await expect(bo.page.locator(".reaction").first).to_have_text("👍1")
    await expect(ana.page.locator(".message").first).to_be_focused()
    await keys.press("r")
    await keys.type("hi Bo")
    await keys.press("Enter")
    await expect(bo.page.locator(".quote-of")).to_contain_text("hello")
    await keys.press("Control+k")
    await keys.type("tea room")
    await keys.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#tea room")
    await expect(ana.page.locator("#text")).to_be_focused()
    await keys.press("Alt+ArrowDown")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#General")
    await keys.press("Control+k")
    await keys.type("@Bo")
    await keys.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("Bo")
    await expect(ana.page.locator("#text")).to_be_focused()
    assert await ana.page.evaluate("() => document.activeElement !== document.body")


async def test_two_people_write_to_each_other_alone(slow_house: ChatServer, people: People) -> None:
    """From a name; the other sees it under direct messages, and nobody else sees anything."""
    ana, bo = await two(people, slow_house)
    chi = await people.guest(slow_house.addresses.page, "Chi")
    await ana.page.locator("#people .person", has_text="Bo").click()
    await ana.page.get_by_role("dialog", name="Bo").get_by_role("button", name="Message").click()
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("Bo")
    await expect(ana.page.locator("#text")).to_be_focused()
    await ana.say("between us")
    theirs = bo.page.locator("#direct-list .room")
    await expect(theirs).to_contain_text("between us")
    await expect(theirs.locator(".number.mention")).to_have_text("1")
    await theirs.click()
    await bo.sees("between us")
    await bo.say("yes")
    await ana.sees("between us", "yes")
    await expect(chi.page.locator("#direct-list .room")).to_have_count(0)
    await ana.page.reload()
    await ana.online()
    await ana.sees("between us", "yes")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("Bo")


async def test_a_mention_is_completed_counted_and_marked(slow_house: ChatServer, people: People) -> None:
    ana, bo = await two(people, slow_house)
    await ana.page.locator("#new-room").click()
    await ana.page.locator("#room-name").fill("tea")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("#tea")
    await bo.page.locator("#text").press_sequentially("lunch @an")
    await expect(bo.page.get_by_role("option")).to_have_text(["ALAna Lind"])
    await bo.page.keyboard.press("Tab")
    await expect(bo.page.locator("#text")).to_have_value("lunch @Ana Lind ")
    await bo.page.locator("#text").press_sequentially("?")
    await bo.page.keyboard.press("Enter")
    general = ana.page.locator("#room-list .room", has_text="General")
    await expect(general).to_have_attribute("aria-label", "General, 1 unread, 1 mention")
    await general.click()
    await expect(ana.page.locator(".message.mention .me-name-chip")).to_have_text("@Ana Lind")


async def test_who_is_writing_is_told(slow_house: ChatServer, people: People) -> None:
    ana, bo = await two(people, slow_house)
    await bo.page.locator("#text").press_sequentially("hm")
    await expect(ana.page.locator("#typing")).to_have_text("Bo is writing")
    await bo.page.locator("#text").press("Enter")
    await expect(ana.page.locator("#typing")).to_have_text("")


async def test_unread_belongs_to_the_person_and_can_be_set_back(slow_house: ChatServer, people: People) -> None:
    """Another device of the same person hears what is read, and what is marked unread."""
    ana, bo = await two(people, slow_house)
    phone = await people.guest(slow_house.addresses.page, "Phone")
    token = await ana.page.evaluate("() => localStorage.getItem('pingbox:token')")
    await phone.page.evaluate("(token) => { localStorage.setItem('pingbox:token', token); }", token)
    await phone.page.reload()
    await phone.online()
    await phone.hide()
    await ana.hide()
    await bo.say("one", "two")
    await expect(phone.page).to_have_title("(2) PingBox")
    await ana.show()
    await expect(ana.page).to_have_title("PingBox")
    await expect(phone.page).to_have_title("PingBox", timeout=10_000)
    await ana.page.locator(".message").last.focus()
    await ana.page.keyboard.press("u")
    await expect(ana.page).to_have_title("(1) PingBox")
    await expect(phone.page).to_have_title("(1) PingBox", timeout=10_000)


async def test_a_link_to_a_message_leads_to_it(server: ChatServer, people: People, written: Writer) -> None:
    """Also to one that is not loaded."""
    await written(*(f"m{n}" for n in range(1, 201)))
    ana = await people.newcomer()
    await ana.enter(f"{server.addresses.page}#general/20", "Ana")
    await expect(ana.page.locator('.message[data-seq="20"]')).to_be_in_viewport(timeout=10_000)


async def test_search_goes_back_through_history(server: ChatServer, people: People, written: Writer) -> None:
    await written("the needle", *(f"m{n}" for n in range(1, 151)), "another NEEDLE")
    ana = await people.guest(server.addresses.page, "Ana")
    await expect(ana.messages.last).to_have_text("another NEEDLE")
    await ana.page.keyboard.press("Control+Shift+F")
    await ana.page.keyboard.type("needle")
    await expect(ana.page.locator("#search-count")).to_have_text("1 found")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.locator("#search-count")).to_have_text("1 of 1")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.locator("#search-count")).to_have_text("2 of 2", timeout=15_000)
    await expect(ana.page.locator(".message", has_text="the needle")).to_be_in_viewport()
    await ana.page.keyboard.press("Escape")
    await expect(ana.page.locator("#search")).to_be_hidden()


async def test_the_composer_formats_completes_and_commands(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    text, keys = ana.page.locator("#text"), ana.page.keyboard
    await text.press_sequentially("so :ta")
    await expect(ana.page.get_by_role("option").first).to_contain_text(":tada:")
    await keys.press("Enter")
    await expect(text).to_have_value("so 🎉 ")
    await text.fill("bold")
    await text.press("Control+A")
    await text.press("Control+B")
    await expect(text).to_have_value("**bold**")
    await text.press("Enter")
    await expect(ana.page.locator("#log strong")).to_have_text("bold")
    await ana.say("/me waves")
    await expect(ana.page.locator("#log em")).to_have_text("waves")
    await ana.say("//topic is a word")
    await expect(ana.messages.last).to_have_text("/topic is a word")
    await text.fill("/dm nobody")
    await text.press("Enter")
    await expect(ana.messages.last).to_have_text("/dm nobody")
    await ana.page.get_by_role("button", name="Insert").click()
    await ana.page.get_by_role("menuitem", name="Code").click()
    await keys.type("x = 1")
    await expect(text).to_have_value("```\nx = 1\n```")
    await ana.page.locator("#send").click()
    await expect(ana.page.locator("#log .code pre")).to_have_text("x = 1")
    await expect(ana.page.locator("#log .code").get_by_role("button", name="Copy")).to_be_visible()


async def test_a_long_paste_is_offered_as_code(slow_house: ChatServer, people: People) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    lines = "\n".join(f"line {n}" for n in range(30))
    await ana.page.locator("#text").focus()
    await ana.page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData('text/plain', text);
            const field = document.getElementById('text');
            field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
            document.execCommand('insertText', false, text);
        }""",
        lines,
    )
    await ana.page.get_by_role("button", name="As code block").click()
    await expect(ana.page.locator("#text")).to_have_value(f"```\n{lines}\n```")


async def test_the_maker_of_a_room_sets_its_topic(slow_house: ChatServer, people: People) -> None:
    ana, bo = await two(people, slow_house)
    await ana.page.locator("#new-room").click()
    await ana.page.locator("#room-name").fill("release")
    await ana.page.locator("#room-topic-new").fill("what ships")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.locator("#room-topic")).to_have_text("what ships")
    await bo.page.locator("#new-room").click()
    await bo.page.locator("#directory-list button", has_text="release").click()
    await expect(bo.page.locator("#room-topic")).to_have_text("what ships")
    await expect(bo.page.locator("#room-topic")).to_be_disabled()
    await ana.page.locator("#room-topic").click()
    await ana.page.get_by_role("textbox", name="Topic", exact=True).fill("what waits")
    await ana.page.get_by_role("button", name="Save").click()
    await expect(bo.page.locator("#room-topic")).to_have_text("what waits")


async def test_a_phone_has_a_sheet_for_the_message_under_the_finger(slow_house: ChatServer, people: People) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    ana = await people.guest(slow_house.addresses.page, "Ana", **phone)
    bo = await people.guest(slow_house.addresses.page, "Bo")
    await bo.say("hold me")
    await ana.sees("hold me")
    await ana.page.locator(".message").dispatch_event("contextmenu", {"clientX": 50, "clientY": 50})
    sheet = ana.page.get_by_role("menu", name="Message actions")
    await expect(sheet).to_be_in_viewport(ratio=1)
    await sheet.get_by_role("button", name="React 🎉").click()
    await expect(bo.page.locator(".reaction").first).to_have_text("🎉1")


async def test_what_is_mine_can_be_taken_along_and_forgotten(
    slow_house: ChatServer, people: People, tmp_path: Path
) -> None:
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.say("remember this")
    await expect(ana.page.locator(".message[data-state=sent]")).to_have_count(1)
    await ana.page.locator("#settings-open").click()
    await ana.page.get_by_role("tab", name="Your data").click()
    async with ana.page.expect_download() as download:
        await ana.page.get_by_role("button", name="Download").click()
    await (await download.value).save_as(tmp_path / "mine.json")
    mine = json.loads((tmp_path / "mine.json").read_text())
    assert [each["text"] for each in mine["rooms"][0]["messages"]] == ["remember this"]
    assert "token" not in mine["kept"]
    await ana.page.get_by_role("button", name="Forget…").click()
    await ana.page.get_by_role("button", name="Forget everything here").click()
    await expect(ana.page.locator("#text")).to_be_visible()
    kept = await ana.page.evaluate(
        "() => Object.keys(localStorage).filter((key) => key.includes('draft') || key.includes('reads'))"
    )
    assert kept == []


async def test_right_to_left_mirrors_the_page_and_leaves_what_people_wrote(
    slow_house: ChatServer, people: People
) -> None:
    ana = await people.newcomer(locale="ar-EG")
    await ana.page.goto(str(slow_house.addresses.page))
    await ana.page.locator("#name").fill("لينا")
    await ana.page.keyboard.press("Enter")
    await ana.online()
    await expect(ana.page.locator("html")).to_have_attribute("dir", "rtl")
    await ana.say("صباح الخير", "good morning")
    first = await ana.page.locator("#rooms").bounding_box()
    assert first is not None
    assert first["x"] > 640
    for text, direction in (("صباح", "rtl"), ("good", "ltr")):
        await expect(ana.page.locator(".message p", has_text=text)).to_have_css("direction", direction)


async def test_notices_are_asked_for_only_by_a_click(slow_house: ChatServer, people: People) -> None:
    """[22] Given for a mention while nobody looks; a click on it leads to the room."""
    ana = await people.newcomer(permissions=["notifications"])
    await ana.context.add_init_script(
        """window.notices = [];
        window.Notification = class {
            static permission = 'default';
            static async requestPermission() { this.permission = 'granted'; return 'granted'; }
            constructor(title, options) {
                Object.assign(this, { title, options, close() {} });
                window.notices.push(this);
            }
        };"""
    )
    await ana.enter(str(slow_house.addresses.page), "Ana")
    bo = await people.guest(slow_house.addresses.page, "Bo")
    await ana.hide()
    await bo.say("@Ana hello")
    await expect(ana.page).to_have_title("(1) PingBox")
    assert await ana.page.evaluate("() => window.notices.length") == 0
    await ana.show()
    await ana.page.locator("#bell").click()
    await ana.page.get_by_role("menuitem", name="Allow desktop notices").click()
    await ana.hide()
    await bo.say("nothing for you", "@Ana look")
    await expect(ana.page).to_have_title(re.compile(r"\(2\)"))
    await ana.page.wait_for_function("() => window.notices.length === 1")
    assert await ana.page.evaluate("() => window.notices[0].title") == "Bo in #General"


async def test_a_message_is_watched_on_the_wire(slow_house: ChatServer, people: People) -> None:
    """From the empty room's card: what the message caused, step by step; a chosen step shows what was sent."""
    if REHEARSED:
        pytest.skip("only beside the emulator that `serve` runs")
    ana = await people.guest(slow_house.addresses.page, "Ana")
    await ana.page.get_by_role("button", name="Say hello and look").click()
    await expect(ana.messages).to_have_text(["👋"])
    rows = ana.page.locator(".wire-row")
    await expect(rows.nth(0)).to_contain_text("frame in")
    await expect(rows.nth(1)).to_contain_text("MessageLambda")
    put = ana.page.locator(".wire-row", has_text="PutItem")
    says = re.compile(r"^PutItem, slot 1, from [\d.]+, [\d.]+ milliseconds$")
    await expect(put).to_have_attribute("aria-label", says)
    await put.click()
    await expect(ana.page.locator("#wire .code pre")).to_contain_text('"roomId"')
    await expect(put).to_be_focused()
    await ana.page.keyboard.press("ArrowUp")
    await expect(put).not_to_be_focused()
    await ana.page.locator("#wire").get_by_role("button", name="Close").click()
    await expect(ana.page.locator("#wire")).to_be_hidden()
    await expect(ana.page.locator("#text")).to_be_focused()
