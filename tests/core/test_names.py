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
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in shown)
    shown.encode()


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
