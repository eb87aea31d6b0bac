"""Names, ids and texts (chat.md B9)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import names
from pingbox_core.errors import Code
from pingbox_core.names import UnacceptableError


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("  Ana \t Maria ", "Ana Maria"),
        ("Ａｎａ", "Ana"),
        ("A\u202ena", "Ana"),
        ("A\u200bna", "Ana"),
        ("Zoë", "Zoë"),
        ("👍", "👍"),
        ("李雷", "李雷"),
    ],
)
def test_names_are_shown_normalised(given_name: str, shown: str) -> None:
    """NFKC, white space collapsed, bidi and zero-width characters gone."""
    assert names.display_name(given_name) == shown


@pytest.mark.parametrize("given_name", ["", "  ", "\u200b\u202e", "\u3164", "\u2800", "\u0301", "x" * 33])
def test_names_nobody_could_see_or_read_are_refused(given_name: str) -> None:
    with pytest.raises(UnacceptableError) as refused:
        names.display_name(given_name)
    assert refused.value.code is Code.BAD_NAME


@given(st.text(max_size=40))
def test_a_shown_name_is_already_normal(given_name: str) -> None:
    """Showing it again changes nothing, and it holds nothing invisible but what draws together with a letter."""
    try:
        shown = names.display_name(given_name)
    except UnacceptableError:
        return
    assert 1 <= len(shown) <= 32
    hidden = {character for character in shown if unicodedata.category(character) in ("Cc", "Cf", "Cs")}
    assert hidden <= {"\u200d"} or "\U0001f3f4" in shown  # what holds an emoji together
    assert names.display_name(shown) == shown
    shown.encode()


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


HEART_ON_FIRE, THUMB = "\u2764\ufe0f\u200d\U0001f525", "\U0001f44d\U0001f3fd"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.mark.parametrize("name", [FAMILY, f"Ana {FAMILY}", WALES, HEART_ON_FIRE, THUMB])
def test_an_emoji_in_a_name_stays_whole(name: str) -> None:
    """Its parts are held together by characters that are taken out anywhere else."""
    assert names.display_name(name) == name


@pytest.mark.parametrize(("name", "shown"), [("A\u200dB", "AB"), (f"{FAMILY}\u200d", FAMILY), ("x\U000e0067", "x")])
def test_what_joins_nothing_goes(name: str, shown: str) -> None:
    assert names.display_name(name) == shown


@pytest.mark.parametrize("text", ["\u200b", "\u3164", "\u2800\u00ad", "\u202e", "\u200d\ufe0f", "\u2066\u2069 \n"])
def test_a_text_that_shows_nothing_is_empty(text: str) -> None:
    with pytest.raises(UnacceptableError) as refused:
        names.message_text(text)
    assert refused.value.code is Code.EMPTY


@pytest.mark.parametrize("text", ["a\x7fb", "a\x9bb", "\x85", "\x00"])
def test_a_text_with_controls_is_refused(text: str) -> None:
    """C0, DEL and C1: a terminal would obey them."""
    with pytest.raises(UnacceptableError) as refused:
        names.message_text(f"x{text}y")
    assert refused.value.code is Code.BAD_REQUEST


def test_what_reorders_a_text_is_taken_out() -> None:
    assert names.message_text("user\u202etxt.exe\u202c") == "usertxt.exe"
    assert names.message_text(FAMILY) == FAMILY
    assert names.message_text(PERSIAN) == PERSIAN


@given(st.text())
def test_a_text_that_passes_fits_and_can_be_sent(given_text: str) -> None:
    try:
        text = names.message_text(given_text)
    except UnacceptableError:
        return
    assert 1 <= len(text) <= 4000
    assert len(text.encode()) <= 16_384
    assert not set(text) & {chr(c) for c in range(32)} - {"\t", "\n"}


def test_texts_are_limited_in_characters_and_in_bytes() -> None:
    assert names.message_text("x" * 4000) == "x" * 4000
    assert names.message_text("👍" * 4000) == "👍" * 4000  # 16,000 bytes
    for text in ("x" * 4001, "👍" * 4001):
        with pytest.raises(UnacceptableError):
            names.message_text(text)


@pytest.mark.parametrize(
    ("room", "pair"),
    [("dm:a:b", ("a", "b")), ("dm:b:a", None), ("dm:a:a", None), ("dm:a", None), ("dm:a:b:c", None), ("general", None)],
)
def test_a_direct_room_names_its_two_users_in_order(room: str, pair: tuple[str, str] | None) -> None:
    """Membership *is* the id, so there is exactly one id for two people."""
    assert names.direct_members(room) == pair


@pytest.mark.parametrize("room", ["a", "a-b", "0", "x" * 48])
def test_room_ids(room: str) -> None:
    assert names.is_public_room(room)


@pytest.mark.parametrize("room", ["", "A", "a_b", "-a", "a-", "a b", "ä", "x" * 49, "a\n", "dm:a:b", "@u"])
def test_what_is_no_room_id(room: str) -> None:
    """`@` begins a user's document and `dm:` a conversation: no public room can take their place."""
    assert not names.is_public_room(room)
