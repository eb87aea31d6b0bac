"""What edits, deletions and reactions make of a message, at the edges of every limit (chat.md B9)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import events, limits
from pingbox_core.amendments import Denied, amended
from pingbox_core.errors import Code
from pingbox_core.log import Draft, Kind, Row
from pingbox_core.members import Member

NOW = 1_764_000_000_000
ANA = Member("c1", "g-ana", "Ana", frozenset({"general"}))
BO = Member("c2", "g-bo", "Bo", frozenset({"general"}))
ROOT = Member("c3", "u-root", "Root", admin=True)
HI = Row(5, 4, NOW, "g-ana", "Ana", "cid-aaaa", "hi", reply_to=3, mentions=("g-bo",))


def draft(kind: Kind, member: Member = ANA, **fields: object) -> Draft:
    return Draft("general", member.user, member.name, "cid-bbbb", kind=kind, target=5, **fields)  # type: ignore[arg-type]


def change(target: Row | None, wanted: Draft, member: Member = ANA, now: int = NOW) -> Row | Denied:
    return amended(target, wanted, member, now)


def code(outcome: object) -> Code | None:
    return outcome.code if isinstance(outcome, Denied) else None


def test_an_edit_changes_the_text_and_says_when() -> None:
    edited = change(HI, draft("edit", text="hello", mentions=()), now=NOW + 9)
    assert edited == replace(HI, text="hello", mentions=(), rev=1, edited_at=NOW + 9, amended=1)


def test_an_edit_to_the_same_text_changes_nothing() -> None:
    assert change(HI, draft("edit", text="hi")) == replace(HI, amended=1)


@pytest.mark.parametrize(("age", "allowed"), [(0, True), (limits.DAY, True), (limits.DAY + 1, False)])
def test_a_message_is_edited_for_a_day(age: int, allowed: bool) -> None:
    outcome = change(HI, draft("edit", text="hello"), now=NOW + age)
    assert code(outcome) == (None if allowed else Code.FORBIDDEN)


@pytest.mark.parametrize(("rev", "allowed"), [(19, True), (20, False)])
def test_a_message_is_edited_twenty_times(rev: int, allowed: bool) -> None:
    outcome = change(replace(HI, rev=rev), draft("edit", text="hello"))
    assert code(outcome) == (None if allowed else Code.FORBIDDEN)


@pytest.mark.parametrize("kind", ["edit", "reaction", "delete"])
def test_only_messages_are_changed(kind: Kind) -> None:
    for target in (None, replace(HI, kind="edit", target=2), replace(HI, kind="room", title="x")):
        assert code(change(target, draft(kind, text="x", emoji="x", op="add"))) is Code.NOT_FOUND


def test_only_the_author_edits_and_only_the_author_or_an_admin_deletes() -> None:
    assert code(change(HI, draft("edit", BO, text="x"), BO)) is Code.NOT_YOURS
    assert code(change(HI, draft("delete", BO), BO)) is Code.NOT_YOURS
    assert code(change(HI, draft("edit", ROOT, text="x"), replace(ROOT, rooms=ANA.rooms))) is Code.NOT_YOURS
    assert isinstance(change(HI, draft("delete", ROOT), ROOT), Row)


def test_a_deleted_message_has_nothing_left_but_its_place() -> None:
    full = replace(HI, rev=2, edited_at=NOW, rx={"x": frozenset({"g-bo"})})
    gone = change(full, draft("delete"))
    assert isinstance(gone, Row)
    assert gone == replace(
        full, text="", mentions=(), reply_to=None, rx={}, edited_at=None, deleted=True, amended=1,
    )  # fmt: skip
    assert "hi" not in str(events.log_event("general", gone, {}))


def test_a_deleted_message_stays_deleted() -> None:
    gone = replace(HI, deleted=True, text="")
    assert change(gone, draft("delete")) == replace(gone, amended=1)
    assert code(change(gone, draft("edit", text="x"))) is Code.NOT_FOUND
    assert code(change(gone, draft("reaction", emoji="x", op="add"))) is Code.NOT_FOUND


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([ANA, BO]), st.sampled_from(["add", "remove"]))))
def test_reactions_are_sets(steps: list[tuple[str, Member, str]]) -> None:
    """Any order of adding and removing ends in what a set per emoji would hold; doing it twice changes nothing."""
    target, expected = HI, set[tuple[str, str]]()
    for emoji, member, op in steps:
        outcome = change(target, draft("reaction", member, emoji=emoji, op=op), member)
        (expected.add if op == "add" else expected.discard)((emoji, member.user))
        assert isinstance(outcome, Row)
        target = outcome
    assert {(emoji, user) for emoji, users in target.rx.items() for user in users} == expected
    assert all(target.rx.values())


def test_twelve_emoji_fit_and_fifty_people_behind_each() -> None:
    twelve = replace(HI, rx={str(i): frozenset({"g-x"}) for i in range(12)})
    assert code(change(twelve, draft("reaction", emoji="new", op="add"))) is Code.TOO_LARGE
    assert isinstance(change(twelve, draft("reaction", emoji="3", op="add")), Row)
    fifty = replace(HI, rx={"x": frozenset(f"g-{i}" for i in range(50))})
    assert code(change(fifty, draft("reaction", emoji="x", op="add"))) is Code.TOO_LARGE
    forty_nine = replace(HI, rx={"x": frozenset(f"g-{i}" for i in range(49))})
    assert isinstance(change(forty_nine, draft("reaction", emoji="x", op="add")), Row)


def test_no_message_outgrows_a_frame() -> None:
    """The longest text, and as many reactions of people with the longest ids as are let in."""
    target = replace(HI, text="\U0001f44d" * 4000, mentions=tuple(f"{i:064}" for i in range(20)), rev=20, edited_at=NOW)
    refused = False
    for i in range(12 * 50):
        member = Member("c", f"{i:064}", "N", frozenset({"general"}))
        outcome = change(target, draft("reaction", member, emoji=f"emoji{i // 50:03}", op="add"), member)
        refused |= code(outcome) is Code.TOO_LARGE
        target = outcome if isinstance(outcome, Row) else target
    assert refused
    assert len(events.frame(events.log_event("x" * 48, target, {}))) < limits.PAGE_BYTES
