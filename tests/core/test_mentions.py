"""Who is called by `@name` (chat.md A22)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core.mentions import mentioned

PEOPLE = [("g-ana", "Ana"), ("g-maria", "Ana Maria"), ("g-bo", "Bo"), ("g-bo2", "bo"), ("g-jo", "Jörg"), ("g-x", "C++")]


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("hi @Ana", ["g-ana"]),
        ("@ana maria, look", ["g-maria"]),
        ("(@ANA)", ["g-ana"]),
        ("@anabel and mail@ana", []),
        ("@bo!", ["g-bo", "g-bo2"]),
        ("@J\u00d6RG", ["g-jo"]),
        ("use @c++.", ["g-x"]),
        ("`@ana` and ```\n@bo\n``` are code", []),
        ("@ana `unclosed @bo", ["g-ana", "g-bo", "g-bo2"]),
        ("@ ana", []),
        ("@", []),
    ],
)
def test_names_call_whom_they_name(text: str, called: list[str]) -> None:
    assert list(mentioned(text, PEOPLE)) == called


def test_a_client_may_say_which_of_two_is_meant() -> None:
    assert mentioned("@bo", PEOPLE, ["g-bo2", "g-ana"]) == ("g-bo2",)
    assert mentioned("@bo", PEOPLE, ["g-nobody"]) == ("g-bo", "g-bo2")


@given(st.text(alphabet="@ab` \n", max_size=40), st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1))))
def test_only_people_who_are_there_are_called(text: str, people: list[tuple[str, str]]) -> None:
    assert set(mentioned(text, people)) <= {user for user, _ in people}
