"""Rate, gate, presence, tokens, admission, pages: the smaller rules."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import events, gate, pages
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.identity import tokens
from pingbox_core.identity.admission import Admitted, Handshake, Keys, Policy, Rejected, admit, counted_address
from pingbox_core.identity.jwt import BadTokenError
from pingbox_core.log import Head, RoomRecord, Row, Tail
from pingbox_core.members import Member, Presence, has_left, is_first_tab, oldest_beyond, people, row_expiry
from pingbox_core.rate import Charge, Kind, Rate, advanced, wait

NOW = 1_764_000_000_000
SECRET = b"sixteen bytes or more"
RATE = Rate(60, 10)


def charge(action: str, rate: Rate = RATE) -> Charge:
    return rate.charges(action, guest=False)[0]


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["sendMessage", "hello", "sync", "ping"])), max_size=60)
)
def test_nobody_is_faster_than_the_rate_in_the_long_run(steps: list[tuple[int, str]]) -> None:
    """GCRA, per kind: what is admitted costs at most the time that passed plus one burst."""
    now, tats, admitted = 0, Counter[Kind](), Counter[Kind]()
    for pause, action in steps:
        now += pause
        one = charge(action)
        if wait(tats[one.kind], now, one) == 0:
            tats[one.kind] = advanced(tats[one.kind], now, one)
            admitted[one.kind] += one.cost
    for action in ("sendMessage", "hello", "sync"):
        assert admitted[charge(action).kind] <= now + charge(action).burst


@given(st.integers(0, 20_000), st.sampled_from(["sendMessage", "hello", "history"]))
def test_the_wait_that_is_told_is_true(tat: int, action: str) -> None:
    one = charge(action)
    tat %= one.burst + one.cost + 1  # further ahead it only is when the clock was set back
    pause = wait(tat, 0, one)
    assert wait(tat, pause, one) == 0
    assert pause == 0 or wait(tat, pause - 1, one) > 0


def test_an_action_dearer_than_a_burst_is_possible_after_a_rest() -> None:
    small = charge("hello", Rate(60, 1))
    assert wait(NOW, NOW, small) == 0
    assert wait(NOW + 100, NOW, small) == 100


@pytest.mark.parametrize("action", ["hello", "sendMessage", "createRoom", "sync"])
def test_no_limit_is_no_limit(action: str) -> None:
    assert Rate(0, 10).charges(action, guest=True) == ()


def test_a_bye_is_never_refused() -> None:
    assert RATE.charges("bye", guest=True) == ()


def test_scrolling_back_a_thousand_messages_is_one_burst_of_reads() -> None:
    """20 pages of `history`, in no time: reading has a number of its own that a person never exhausts."""
    tat = 0
    one = charge("history", Rate())
    for _ in range(20):
        assert wait(tat, 0, one) == 0
        tat = advanced(tat, 0, one)


def test_a_newcomer_starts_three_rooms_at_once() -> None:
    tat = 0
    for action in ("hello", "createRoom", "createRoom", "createRoom"):
        assert wait(tat, 0, charge(action, Rate())) == 0
        tat = advanced(tat, 0, charge(action, Rate()))


def test_only_guests_are_counted_in_rooms_per_day() -> None:
    assert [one.kind for one in RATE.charges("createRoom", guest=True)] == [Kind.ENTER, Kind.CREATE]
    assert [one.kind for one in RATE.charges("createRoom", guest=False)] == [Kind.ENTER]


def test_the_gates_second_thought() -> None:
    """What the stored numbers say: again with what was found, or how long to wait."""
    charges = RATE.charges("sendMessage", guest=False)
    assert gate.refused({}, charges, NOW, Request()) == gate.Again({Kind.WRITE: None}, {Kind.WRITE: NOW + 1000})
    found = {"tat": NOW + 500, "tatRead": NOW + 10**9}
    again = gate.Again({Kind.WRITE: NOW + 500}, {Kind.WRITE: NOW + 1500})
    assert gate.refused(found, charges, NOW, Request()) == again
    late = gate.refused({"tat": NOW + 10_000}, charges, NOW, Request("1"))
    assert isinstance(late, Refusal)
    assert (late.code, late.retry_after) == (Code.RATE_LIMITED, 1000)


def test_the_twenty_first_room_of_a_day_waits_for_hours() -> None:
    charges = RATE.charges("createRoom", guest=True)
    refusal = gate.refused({"tatCreate": NOW + 24 * 3_600_000}, charges, NOW, Request())
    assert isinstance(refusal, Refusal)
    assert (refusal.retry_after, refusal.message) == (
        4_320_000, "a guest starts at most 20 rooms a day; try again in 1.2 h",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "counted"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("127.0.0.1", None), ("::1", None),
     ("", None), (None, None), ("unknown", None)],
)  # fmt: skip
def test_what_newcomers_are_counted_by(address: str | None, counted: str | None) -> None:
    assert counted_address(address) == counted


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
    assert oldest_beyond([(i, f"c{i}") for i in range(10)], 10) == []
    assert oldest_beyond([(i, f"c{i}") for i in range(12, 0, -1)], 10) == ["c1", "c2"]


def forged(claims: dict[str, object], header: dict[str, object] | None = None) -> str:
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    body = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{body}.{encoded(hmac.new(SECRET, body.encode(), hashlib.sha256).digest())}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_token_brings_back_its_guest_for_thirty_days() -> None:
    token = tokens.sign("g-abc", SECRET, NOW)
    assert tokens.verify(token, SECRET, NOW + 29 * 86_400_000) == "g-abc"
    with pytest.raises(BadTokenError, match="expired"):
        tokens.verify(token, SECRET, NOW + 31 * 86_400_000)


@given(st.integers(0, 300), st.sampled_from("AZaz09-_."))
def test_a_changed_token_is_no_token(at: int, letter: str) -> None:
    """Every character is covered by the signature, or is the signature."""
    token = tokens.sign("g-abc", SECRET, NOW)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        with pytest.raises(BadTokenError):
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
    with pytest.raises(BadTokenError) as bad:
        tokens.verify(token, SECRET, NOW)
    assert len(token) < 8 or token not in str(bad.value)


KEYS = Keys(SECRET, dict)


def test_admission_in_short() -> None:
    """The handlers' tests have the whole table; here its shape as values."""
    policy = Policy(frozenset({"https://a.example"}), "general")
    page = Handshake("https://a.example", ("pingbox.v1",), {})
    assert admit(page, policy, KEYS, "g-fresh", NOW) == Admitted("g-fresh", "Guest RESH", "pingbox.v1", None, True)
    plain = Handshake("https://a.example", (), {"room": "cats", "name": "Bo"})
    assert admit(plain, policy, KEYS, "g-fresh", NOW) == Admitted("g-fresh", "Bo", None, "cats", True)
    assert admit(Handshake(None, (), {}), policy, KEYS, "g-x", NOW) == Rejected(403, "origin_not_allowed")


RECORD = RoomRecord("general", "k7", "General", "", "u", NOW)


def rows(*numbers: int, text: str = "x", expires_at: int | None = None) -> tuple[Row, ...]:
    return tuple(Row(n, n, NOW, "u", "U", f"cid-{n}", text, expires_at=expires_at) for n in numbers)


def test_a_page_follows_its_position() -> None:
    page = pages.forward("general", Tail(rows(4, 5, 6)), 4, NOW, {})
    assert isinstance(page, pages.Page)
    assert ([e["seq"] for e in page.events], page.start, page.end, page.head) == ([5, 6], 5, 6, Head(6, 6, NOW))


@pytest.mark.parametrize(
    "tail",
    [Tail(()), Tail(rows(5, 6)), Tail(rows(4, 6)), Tail((*rows(4), *rows(5, 6, expires_at=NOW // 1000)))],
)
def test_a_position_the_log_cannot_honour_is_lost(tail: Tail) -> None:
    assert pages.forward("general", tail, 4, NOW, {}) == pages.Lost()


def test_the_newest_page_ends_where_the_log_is_thinned() -> None:
    page = pages.newest("general", (*rows(9, 8), *rows(6)), RECORD, NOW, {})
    assert ([e["seq"] for e in page.events], page.start, page.end) == ([8, 9], 8, 9)
    hidden = pages.newest("general", rows(9, expires_at=NOW // 1000), RECORD, NOW, {})
    assert (hidden.events, hidden.start, hidden.end) == ((), 10, 9)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=40))
def test_no_page_outgrows_a_frame(lengths: list[int]) -> None:
    """B9: 28 KB of events leave room for the frame around them, even if every character needs escaping."""
    some = [Row(i, i, NOW, "u" * 64, "n" * 32, "c" * 36, '"' * length) for i, length in enumerate(lengths)]
    found = events.fitting("r" * 48, some, {})
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


@given(
    tat=st.integers(0, 10**13),
    now=st.integers(0, 10**13),
    cost=st.integers(1, 10**5),
    burst=st.integers(1, 10**6),
)
def test_no_wait_is_longer_than_a_burst_when_the_clock_was_set_back(tat: int, now: int, cost: int, burst: int) -> None:
    charge = Charge(Kind.WRITE, cost, burst)
    pause = wait(tat, now, charge)
    assert 0 <= pause <= burst + 4 * cost
    assert advanced(tat, now, charge) - now <= burst + 4 * cost
