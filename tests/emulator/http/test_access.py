"""Who may use the port, as a table: Host, Origin, Referer, Sec-Fetch-Site, and what was allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.http.access import Access, Caller
from pingbox.emulator.redirect.hosts import ip_of

LOCAL = Access()
OPEN = Access("0.0.0.0")
NAMED = Access("192.168.1.5", hosts=("box.example", "*.tunnel.example"))
PAGES = Access(origins=("http://localhost:5173", "https://app.example.com"))
ANY_PAGE = Access(origins=("*",))

OWN = "127.0.0.1:3001"


@pytest.mark.parametrize(
    ("access", "host", "let_in"),
    [
        (LOCAL, "127.0.0.1:3001", True),
        (LOCAL, "127.0.0.1", True),
        (LOCAL, "127.7.7.7:3001", True),
        (LOCAL, "[::1]:3001", True),
        (LOCAL, "[::ffff:127.0.0.1]:3001", True),
        (LOCAL, "localhost:3001", True),
        (LOCAL, "LOCALHOST.:3001", True),
        (LOCAL, "nn27okk1we.localhost:3001", True),
        (LOCAL, "a.b.localhost", True),
        (LOCAL, "nn27okk1we.execute-api.eu-west-1.amazonaws.com", True),
        (LOCAL, "sqs.eu-west-1.amazonaws.com", True),
        (LOCAL, "evil.example:3001", False),
        (LOCAL, "localhost.evil.example", False),
        (LOCAL, "127.0.0.1.nip.io:3001", False),
        (LOCAL, "notlocalhost", False),
        (LOCAL, "evilamazonaws.com", False),
        (LOCAL, "169.254.169.254", False),
        (LOCAL, "192.168.1.5:3001", False),
        (LOCAL, "", False),
        (LOCAL, "127.0.0.1:3001, evil.example", False),
        (LOCAL, "127.0.0.1:port", False),
        (LOCAL, "evil.example@127.0.0.1", False),
        (LOCAL, "127.0.0.1/evil.example", False),
        (LOCAL, None, True),  # no browser leaves it out
        (OPEN, "192.168.1.5:3001", True),
        (OPEN, "[2001:db8::1]:3001", True),
        (OPEN, "127.0.0.1:3001", True),
        (OPEN, "mybox.local:3001", False),
        (OPEN, "evil.example:3001", False),
        (NAMED, "192.168.1.5:3001", True),
        (NAMED, "box.example", True),
        (NAMED, "BOX.example:443", True),
        (NAMED, "a.tunnel.example", True),
        (NAMED, "tunnel.example", False),
        (NAMED, "eviltunnel.example", False),
        (NAMED, "a.box.example", False),
        (Access("devbox"), "devbox:3001", True),
    ],
)
@pytest.mark.parametrize("upgrade", [False, True])
def test_the_host_is_a_name_of_this_machine(access: Access, host: str | None, let_in: bool, upgrade: bool) -> None:
    refusal = access.refusal(Caller(host, upgrade=upgrade))
    assert (refusal is None) is let_in
    if refusal is not None:
        assert "--allow-host" in refusal


@pytest.mark.parametrize(
    ("access", "origin", "let_in"),
    [
        (LOCAL, None, True),
        (LOCAL, "http://127.0.0.1:3001", True),
        (LOCAL, "https://127.0.0.1:3001", True),
        (LOCAL, "http://127.0.0.1:3002", False),
        (LOCAL, "http://localhost:3001", False),
        (LOCAL, "http://127.0.0.1", False),
        (LOCAL, "http://evil.example", False),
        (LOCAL, "http://evil.example:3001", False),
        (LOCAL, "null", False),
        (LOCAL, "", False),
        (LOCAL, "file://", False),
        (LOCAL, "chrome-extension://abc", False),
        (LOCAL, "http://127.0.0.1:nonsense", False),
        (PAGES, "http://localhost:5173", True),
        (PAGES, "https://app.example.com", True),
        (PAGES, "http://127.0.0.1:3001", True),
        (PAGES, "http://app.example.com", False),
        (PAGES, "https://app.example.com.evil.example", False),
        (ANY_PAGE, "null", True),
    ],
)
def test_a_request_of_a_page_comes_from_the_port_itself_or_from_a_page_that_was_named(
    access: Access, origin: str | None, let_in: bool
) -> None:
    refusal = access.refusal(Caller(OWN, origin=origin))
    assert (refusal is None) is let_in
    if refusal is not None:
        assert "--allow-origin" in refusal
    if origin and "://" in origin and origin != "file://":
        referred = access.refusal(Caller(OWN, referer=f"{origin}/page?a=1"))
        assert (referred is None) is let_in, "a Referer is held to the same"


@pytest.mark.parametrize(
    ("site", "let_in"),
    [("cross-site", False), ("same-origin", True), ("none", True), ("same-site", True), (None, True)],
)
def test_what_a_browser_calls_cross_site_is_refused_without_an_origin_too(site: str | None, let_in: bool) -> None:
    assert (LOCAL.refusal(Caller(OWN, fetch_site=site)) is None) is let_in


def test_a_page_that_was_named_is_let_in_though_it_is_cross_site() -> None:
    assert PAGES.refusal(Caller(OWN, origin="https://app.example.com", fetch_site="cross-site")) is None
    assert LOCAL.refusal(Caller(OWN, origin="https://app.example.com", fetch_site="cross-site")) is not None


@pytest.mark.parametrize("host", [OWN, "abc.execute-api.us-east-1.amazonaws.com", "abc.localhost:3001"])
@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", f"http://{OWN}"])
def test_a_websocket_comes_from_any_page_as_on_aws(host: str, origin: str | None) -> None:
    assert LOCAL.refusal(Caller(host, origin=origin, fetch_site="cross-site", upgrade=True)) is None


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (None, True),
        ("https://app.example.com", True),
        (f"http://{OWN}", True),
        ("http://evil.example", False),
        ("http://localhost:3000", False),
        ("null", False),
    ],
)
def test_where_pages_are_named_no_other_opens_a_websocket(origin: str | None, let_in: bool) -> None:
    assert (PAGES.refusal(Caller(OWN, origin=origin, upgrade=True)) is None) is let_in


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        (None, None),
        (f"http://{OWN}", None),
        ("http://localhost:5173", None),
        ("https://evil.example", "https://evil.example"),
        ("null", "null"),
    ],
)
def test_a_page_from_elsewhere_is_known_as_one(origin: str | None, foreign: str | None) -> None:
    assert LOCAL.foreign_page(Caller(OWN, origin=origin, upgrade=True)) == foreign


TEXTS = st.none() | st.text(max_size=40)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.booleans())
def test_no_header_breaks_the_rule(
    host: str | None, origin: str | None, referer: str | None, site: str | None, upgrade: bool
) -> None:
    refusal = LOCAL.refusal(Caller(host, origin, referer, site, upgrade))
    assert refusal is None or (refusal.isprintable() and len(refusal) < 1000)


@given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){1,3}", fullmatch=True))
def test_no_name_of_the_internet_is_this_machine(name: str) -> None:
    own = name.endswith((".localhost", ".amazonaws.com", ".api.aws", ".on.aws")) or ip_of(name) is not None
    assert own or LOCAL.refusal(Caller(f"{name}:3001")) is not None
