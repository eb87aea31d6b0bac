"""Rate, gate, presence, tokens, admission, pages: the smaller rules."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import events, gate, pages, tokens
from pingbox_core.admission import Admitted, Handshake, Policy, Rejected, admit
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.log import Head, RoomRecord, Row, Tail
from pingbox_core.members import Member, Presence, has_left, is_first_tab, oldest_beyond_limit, people, row_expiry
from pingbox_core.rate import Rate, advanced, wait

NOW = 1_764_000_000_000
SECRET = b"sixteen bytes or more"
RATE = Rate(60, 10)


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["sendMessage", "sync", "focus", "hello"])), max_size=60)
)
def test_nobody_is_faster_than_the_rate_in_the_long_run(steps: list[tuple[int, str]]) -> None:
    """GCRA: what is admitted costs at most the time that passed plus one burst."""
    tat = now = 0
    admitted = 0
    for pause, action in steps:
        now += pause
        cost = RATE.cost(action)
        if wait(tat, now, cost, RATE) == 0:
            tat, admitted = advanced(tat, now, cost, RATE), admitted + cost
    assert admitted <= now + RATE.burst * RATE.interval


@given(st.integers(0, 20_000), st.sampled_from(["sendMessage", "hello", "focus"]))
def test_the_wait_that_is_told_is_true(tat: int, action: str) -> None:
    cost = RATE.cost(action)
    pause = wait(tat, 0, cost, RATE)
    assert wait(tat, pause, cost, RATE) == 0
    assert pause == 0 or wait(tat, pause - 1, cost, RATE) > 0


def test_an_action_dearer_than_a_burst_is_possible_after_a_rest() -> None:
    small = Rate(60, 1)
    assert wait(NOW, NOW, small.cost("hello"), small) == 0
    assert wait(NOW + 100, NOW, small.cost("hello"), small) == 100


def test_no_limit_is_no_limit() -> None:
    assert wait(NOW + 10**9, NOW, Rate(0, 10).cost("hello"), Rate(0, 10)) == 0


def test_the_gates_second_thought() -> None:
    assert gate.refused(None, 1000, NOW, RATE, Request()) == gate.Unknown()
    assert gate.refused(NOW + 500, 1000, NOW, RATE, Request()) == gate.Again(NOW + 500, NOW + 1500)
    late = gate.refused(NOW + 10_000, 1000, NOW, RATE, Request("1"))
    assert isinstance(late, Refusal)
    assert (late.code, late.retry_after) == (Code.RATE_LIMITED, 1000)


def tab(connection: str, user: str, connected_at: int = NOW, plain: bool = False) -> Presence:
    return Presence(connection, user, user.title(), row_expiry(connected_at), plain)


def test_people_are_users_not_tabs() -> None:
    present = [tab("c1", "zoe"), tab("c2", "ana"), tab("c3", "zoe"), tab("c4", "bot", plain=True)]
    assert people(present) == [{"id": "ana", "name": "Ana", "tabs": 1}, {"id": "zoe", "name": "Zoe", "tabs": 2}]


def test_the_elder_of_two_tabs_announces() -> None:
    present = [tab("c1", "ana"), tab("c2", "ana", NOW + 1000)]
    assert is_first_tab(present, Member("c1", "ana", "Ana", connected_at=NOW))
    assert not is_first_tab(present, Member("c2", "ana", "Ana", connected_at=NOW + 1000))


def test_a_plain_tab_is_no_presence() -> None:
    assert has_left([tab("c1", "ana", plain=True)], "ana")
    assert not has_left([tab("c1", "ana")], "ana")


def test_the_oldest_tabs_go() -> None:
    assert oldest_beyond_limit([(i, f"c{i}") for i in range(10)]) == []
    assert oldest_beyond_limit([(i, f"c{i}") for i in range(12, 0, -1)]) == ["c1", "c2"]


def forged(claims: dict[str, object], header: dict[str, object] | None = None) -> str:
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    body = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{body}.{encoded(hmac.new(SECRET, body.encode(), hashlib.sha256).digest())}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_token_brings_back_its_guest_for_thirty_days() -> None:
    token = tokens.sign("g-abc", SECRET, NOW)
    assert tokens.verify(token, SECRET, NOW + 29 * 86_400_000) == "g-abc"
    with pytest.raises(tokens.BadTokenError, match="expired"):
        tokens.verify(token, SECRET, NOW + 31 * 86_400_000)


@given(st.integers(0, 300), st.sampled_from("AZaz09-_."))
def test_a_changed_token_is_no_token(at: int, letter: str) -> None:
    """Every character is covered by the signature, or is the signature."""
    token = tokens.sign("g-abc", SECRET, NOW)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        with pytest.raises(tokens.BadTokenError):
            tokens.verify(changed, SECRET, NOW)


GOOD = {"sub": "g-abc", "aud": "pingbox-guest", "iat": NOW // 1000, "exp": NOW // 1000 + 60}


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "a.b.c", "é.b.c", "x" * 2000,
        forged(GOOD, {"alg": "none"}),
        forged(GOOD | {"sub": "u-abc"}),
        forged(GOOD | {"sub": "g-" + "x" * 99}),
        forged(GOOD | {"sub": 5}),
        forged(GOOD | {"aud": "other"}),
        forged(GOOD | {"iat": NOW // 1000 + 600}),
        forged({key: value for key, value in GOOD.items() if key != "exp"}),
        tokens.sign("g-abc", b"another secret of 16", NOW),
    ],
)  # fmt: skip
def test_what_is_no_token_of_ours(token: str) -> None:
    """D1: the algorithm is fixed, audience and times are checked, only guests; the error never holds the token."""
    assert tokens.verify(forged(GOOD), SECRET, NOW) == "g-abc"
    with pytest.raises(tokens.BadTokenError) as bad:
        tokens.verify(token, SECRET, NOW)
    assert len(token) < 8 or token not in str(bad.value)


def test_admission_in_short() -> None:
    """The handlers' tests have the whole table; here its shape as values."""
    policy = Policy(frozenset({"https://a.example"}), "general")
    page = Handshake("https://a.example", ("pingbox.v1",), {})
    assert admit(page, policy, SECRET, "g-fresh", NOW) == Admitted("g-fresh", "Guest RESH", "pingbox.v1", None)
    plain = Handshake("https://a.example", (), {"room": "cats", "name": "Bo"})
    assert admit(plain, policy, SECRET, "g-fresh", NOW) == Admitted("g-fresh", "Bo", None, "cats")
    assert admit(Handshake(None, (), {}), policy, SECRET, "g-x", NOW) == Rejected(403, "origin_not_allowed")


RECORD = RoomRecord("general", "k7", "General", "", "u", NOW)


def rows(*numbers: int, text: str = "x", expires_at: int | None = None) -> tuple[Row, ...]:
    return tuple(Row(n, n, NOW, "u", "U", f"cid-{n}", text, expires_at=expires_at) for n in numbers)


def test_a_page_follows_its_position() -> None:
    page = pages.forward("general", Tail(rows(4, 5, 6)), 4, NOW)
    assert isinstance(page, pages.Page)
    assert ([e["seq"] for e in page.events], page.start, page.end, page.head) == ([5, 6], 5, 6, Head(6, 6, NOW))


@pytest.mark.parametrize(
    "tail",
    [Tail(()), Tail(rows(5, 6)), Tail(rows(4, 6)), Tail((*rows(4), *rows(5, 6, expires_at=NOW // 1000)))],
)
def test_a_position_the_log_cannot_honour_is_lost(tail: Tail) -> None:
    assert pages.forward("general", tail, 4, NOW) == pages.Lost()


def test_the_newest_page_ends_where_the_log_is_thinned() -> None:
    page = pages.newest("general", (*rows(9, 8), *rows(6)), RECORD, NOW)
    assert ([e["seq"] for e in page.events], page.start, page.end) == ([8, 9], 8, 9)
    hidden = pages.newest("general", rows(9, expires_at=NOW // 1000), RECORD, NOW)
    assert (hidden.events, hidden.start, hidden.end) == ((), 10, 9)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=40))
def test_no_page_outgrows_a_frame(lengths: list[int]) -> None:
    """B9: 28 KB of events leave room for the frame around them, even if every character needs escaping."""
    some = [Row(i, i, NOW, "u" * 64, "n" * 32, "c" * 36, '"' * length) for i, length in enumerate(lengths)]
    found = events.fitting("r" * 48, some)
    assert found
    assert len(events.frame({"type": "sync", "events": found})) < 32_000


@given(st.integers(0, 120), st.integers(1, 50))
def test_scrolling_back_reaches_every_message_once(count: int, limit: int) -> None:
    seen: list[int] = []
    before, more = count + 1, count > 0
    while more:
        older = list(rows(*range(before - 1, 0, -1)))
        past = pages.past("general", older[:61], limit, len(older) > 61, NOW)
        seen = [event["seq"] for event in past.events] + seen
        before, more = seen[0], past.more
    assert seen == list(range(1, count + 1))
