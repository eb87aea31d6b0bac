"""[14] Whatever people write is shown as text: ninety payloads in messages, names, rooms, topics, emoji, links."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from pingbox.local.chat_server import ChatServer
from pingbox.testing import Clients
from support.chat.people import Frame, People

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TAGS = ["img", "svg", "iframe", "body", "video", "audio", "details", "input", "select", "object"]
HANDLERS = ["onerror", "onload", "onfocus", "ontoggle", "onpointerover", "onanimationstart"]
SCHEMES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)",
    "java\tscript:alert(1)", "blob:x", "file:///etc/passwd",
]  # fmt: skip
BREAKOUTS = [
    "</p><script>alert(1)</script>", "`</code><script>alert(1)</script>`", "```\n</pre><script>alert(1)</script>\n```",
    "> </blockquote><img src=x onerror=alert(1)>", "- </ul><img src=x onerror=alert(1)>", "**<b onclick=alert(1)>**",
    "_<i onmouseover=alert(1)>_", "~~</s><svg/onload=alert(1)>~~", "@<script>alert(1)</script>", ":<img src=x>:",
    '"><script>alert(1)</script>', "'><script>alert(1)</script>", "<!--<script>alert(1)//-->", "<![CDATA[<script>]]>",
    "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "\u202e<script>alert(1)</script>", "<scr\x00ipt>",
    "https://a.example/\"onmouseover=\"alert(1)", "https://a.example/<script>alert(1)</script>",
    "https://a.example/'onclick='alert(1)", "[x](javascript:alert(1))", "![x](x onerror=alert(1))",
    "<a href=javascript:alert(1)>x</a>", "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<base href=//evil.example>",
    "<form action=//evil.example>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">", "<template><script>alert(1)</script></template>",
]  # fmt: skip
PAYLOADS = [
    *BREAKOUTS,
    *SCHEMES,
    *(f"<{tag} src=x {handler}=alert(1)>" for tag in TAGS for handler in HANDLERS[:5]),
    *(f"<x {handler}=alert(1) tabindex=1 autofocus>" for handler in HANDLERS),
]

WATCH = """() => {
    window.violations = [];
    const note = ({ violatedDirective, blockedURI }) => window.violations.push(`${violatedDirective} ${blockedURI}`);
    document.addEventListener('securitypolicyviolation', note);
}"""
STRANGERS = """() => [...document.body.querySelectorAll('*')].filter((node) =>
    /^(SCRIPT|IFRAME|OBJECT|EMBED|STYLE|LINK|META|BASE|VIDEO|AUDIO|MARQUEE|TEMPLATE|DETAILS)$/i.test(node.tagName)
    || [...node.attributes].some(({ name }) => name.startsWith('on') || name === 'srcdoc')
    || (node.tagName === 'A' && !/^https?:/.test(node.protocol))
    || (node.tagName === 'IMG' && !node.src.endsWith('favicon.svg'))
).map((node) => node.outerHTML.slice(0, 120))"""


def event(seq: int, text: str, name: str = "Eve", **rest: object) -> Frame:
    user = {"id": f"g-{seq % 3}", "name": name}
    return {
        "type": "message",
        "room": "general",
        "seq": seq,
        "n": seq,
        "ts": 1764000000000,
        "user": user,
        "text": text,
    } | rest


async def nothing_ran(page: Page) -> None:
    assert await page.evaluate(STRANGERS) == []
    assert await page.evaluate("() => window.violations") == []


assert len(set(PAYLOADS)) >= 90


async def test_no_payload_is_more_than_text(server: ChatServer, people: People) -> None:
    """In texts, names, quotes, reactions, edits, typing, presence; from a server that checks nothing."""
    ana = await people.newcomer()
    await ana.context.add_init_script(f"({WATCH})()")
    asked: list[str] = []
    ana.page.on("request", lambda request: asked.append(request.url))
    await ana.enter(str(server.addresses.page), "Ana")
    seq = 0
    for payload in PAYLOADS:
        seq += 1
        ana.wire.to_page(event(seq, payload, name=payload[:32], rx={payload[:8]: ["g-1"]}, mentions=["g-1"]))
        seq += 1
        ana.wire.to_page(event(seq, f"@{payload} and more", replyTo=seq - 1, editedAt=1764000000001, rev=1))
    await expect(ana.page.locator("#log")).to_have_attribute("data-held", str(seq))
    for payload in PAYLOADS[:20]:
        user = {"id": f"g-{payload}", "name": payload}
        ana.wire.to_page({"type": "typing", "room": "general", "user": user})
        ana.wire.to_page({"type": "presence", "room": "general", "user": user, "state": "online", "online": 9})
    await expect(ana.page.locator("#people .person")).to_have_count(21)
    await nothing_ran(ana.page)
    await ana.page.locator(".message").first.focus()
    await ana.page.keyboard.press("Enter")
    await nothing_ran(ana.page)
    await ana.page.keyboard.press("Escape")
    assert [url for url in asked if not url.startswith(str(server.addresses.page))] == []


async def test_no_room_and_no_topic_is_more_than_text(server: ChatServer, people: People) -> None:
    """From the real server, as far as it takes them; shown in the list, the header, the dialog, the switcher."""
    async with Clients(server.addresses.websocket) as ws:
        maker = await ws.connect(subprotocols=["pingbox.v1"])
        await maker.send_json({"action": "hello", "name": "Maker"})
        await maker.expect(type="ready")
        for number, payload in enumerate(PAYLOADS[:40]):
            await maker.send_json(
                {"action": "createRoom", "room": f"r{number}", "title": payload[:30], "topic": payload}
            )
            await maker.expect(type="joined")
        ana = await people.newcomer()
        await ana.context.add_init_script(f"({WATCH})()")
        await ana.enter(str(server.addresses.page), "Ana")
        await ana.page.locator("#new-room").click()
        await expect(ana.page.locator("#directory-list button")).to_have_count(41)
        await nothing_ran(ana.page)
        await ana.page.keyboard.press("Escape")
        await ana.page.keyboard.press("Control+k")
        await ana.page.keyboard.type("script")
        await expect(ana.page.get_by_role("option").first).to_be_visible()
        await nothing_ran(ana.page)
        await ana.page.keyboard.press("Enter")
        await expect(ana.page.get_by_role("heading", level=1)).to_contain_text("script")
        await nothing_ran(ana.page)


async def test_an_address_cannot_put_anything_into_the_page(server: ChatServer, people: People) -> None:
    for hash_ in ("<img src=x onerror=alert(1)>", "%3Cscript%3Ealert(1)%3C/script%3E", "general/<b>", "dm:<b>:x"):
        ana = await people.newcomer()
        await ana.context.add_init_script(f"({WATCH})()")
        await ana.enter(f"{server.addresses.page}#{hash_}", "Ana")
        await nothing_ran(ana.page)


async def test_the_watch_would_see_it(people: People, server: ChatServer) -> None:
    ana = await people.newcomer()
    await ana.context.add_init_script(f"({WATCH})()")
    await ana.enter(str(server.addresses.page), "Ana")
    await ana.page.evaluate("() => document.body.append(document.createElement('iframe'))")
    assert await ana.page.evaluate(STRANGERS) == ["<iframe></iframe>"]
    await ana.page.evaluate("() => { const i = new Image(); i.src = 'https://evil.example/x.png'; }")
    await ana.page.wait_for_function("() => window.violations.length > 0")
    people.troubles.clear()
