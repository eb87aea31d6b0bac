"""Expectations: an object matches whatever has its members, and differences are told member by member."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.testing import Expectation
from pingbox.testing.clients.expectation import MAX_SHOWN, failure

texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)


@given(objects, st.data())
def test_an_object_has_each_part_of_itself(message, data):
    kept = data.draw(st.sets(st.sampled_from(sorted(message)))) if message else set()
    part = {key: message[key] for key in kept}
    assert Expectation(part).matches(json.dumps(message))


@given(objects, texts, values)
def test_a_member_that_is_missing_is_told(message, key, value):
    message.pop(key, None)
    (mismatch,) = Expectation({key: value}).mismatches(json.dumps(message))
    assert mismatch.got == "nothing of that name"


@given(values, values)
def test_what_differs_never_matches_as_a_list(one, other):
    """Lists are compared item by item, to their end."""
    assert not Expectation([one]).matches(json.dumps([one, other]))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"n": int}, {"n": 1}),
        ({"n": ...}, {"n": None}),
        ({"n": pytest.approx(0.3)}, {"n": 0.1 + 0.2}),
        ({"text": re.compile("i$")}, {"text": "hi", "seq": 1}),
        ({"user": {"name": "Ana"}}, {"user": {"name": "Ana", "id": 1}}),
        ({"items": [{"a": 1}, ...]}, {"items": [{"a": 1, "b": 2}, 3]}),
    ],
)
def test_patterns_match(wanted, message):
    assert Expectation(wanted).matches(json.dumps(message))


@pytest.mark.parametrize(
    ("wanted", "message", "told"),
    [
        ({"n": 1}, {"n": True}, "n: expected 1, got true"),
        ({"n": True}, {"n": 1}, "n: expected true, got 1"),
        ({"n": int}, {"n": True}, "n: expected any int, got true"),
        ({"text": re.compile("i$")}, {"text": 1}, "text: expected text that matches /i$/, got 1"),
        ({"user": {"name": "Ana"}}, {"user": {"name": "Bo"}}, 'user.name: expected "Ana", got "Bo"'),
        ({"items": [1, 2]}, {"items": [1, 3]}, "items[1]: expected 2, got 3"),
        ({"items": [1]}, {"items": []}, "items: expected 1 items [1], got 0: []"),
        ({"a": 1}, [1], 'the message: expected {"a": 1}, got [1]'),
    ],
)
def test_differences_are_told_where_they_are(wanted, message, told):
    assert [str(mismatch) for mismatch in Expectation(wanted).mismatches(json.dumps(message))] == [told]


def test_a_text_is_compared_as_text():
    assert Expectation("pong").matches("pong")
    assert not Expectation("pong").matches('"pong"')
    assert str(Expectation({"a": 1}).mismatches("pong")[0]) == 'the message: expected JSON, got "pong"'


def test_a_text_has_no_members():
    with pytest.raises(TypeError, match="give one of them, or an object"):
        Expectation.of("pong", {"type": "x"})


def test_of_many_messages_the_first_and_the_last_are_shown():
    story = failure("ana", Expectation({"n": -1}), [json.dumps({"n": n}) for n in range(100)], 2.0)
    shown = [line for line in story.splitlines() if re.match(r" +\d+\. ", line)]
    assert len(shown) == MAX_SHOWN
    assert (shown[0], shown[-1]) == ('  1. {"n": 0}', '  100. {"n": 99}')
