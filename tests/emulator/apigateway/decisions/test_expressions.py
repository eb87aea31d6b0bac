"""Selection expressions and routes: facts RT-*, as values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.services.apigateway.common import expressions
from pingbox.emulator.services.apigateway.common.expressions import MISSING, SelectionError
from pingbox.emulator.services.apigateway.websocket.route_selection import check_expression, route_key, select_route
from pingbox.model.api import Api, Route

PAYLOAD = '{"service":"chat","action":"join","data":{"room":"room1234"}}'


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$request.body.action", "join"),
        ("${request.body.action}", "join"),
        ("${request.body.service}/${request.body.action}", "chat/join"),
        ("${request.body.action}-${request.body.invalidPath}", "join-"),
        ("action", "action"),
        ("\\$default", "$default"),
        ("$request.body.data.room", "room1234"),
        ("${request.body.data}", '{"room":"room1234"}'),
        ("\\${request.body.action}", "${request.body.action}"),
        ("a\\\\b", "a\\b"),
        ("", ""),
    ],
)
def test_the_table_of_the_fact_sheet(expression, result):
    assert route_key(expression, PAYLOAD) == result


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": {"b c": [10, {"d": 1}, None]}, "e.f": 2}),
        (".a['b c'][0]", 10),
        ('.a["b c"][1].d', 1),
        ("['e.f']", 2),
        (".a['b c'][2]", None),
        (".a['b c'][3]", MISSING),
        (".a['b c'].d", MISSING),
        (".a.x", MISSING),
        (".a[0]", MISSING),
        (".a['b c'][*].d", [1]),
        (".a[*]", MISSING),
    ],
)
def test_paths(path, found):
    assert expressions.at_path({"a": {"b c": [10, {"d": 1}, None]}, "e.f": 2}, path) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        (1, "1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, ""),
        (["item1", "item2"], "[item1, item2]"),
        ([1, [True, None]], "[1, [true, ]]"),
        ({"a": "ü"}, '{"a":"ü"}'),
        (MISSING, ""),
    ],
)
def test_values_as_text(value, text):
    assert expressions.as_text(value) == text


@pytest.mark.parametrize("broken", ["$", "a$", "${request.body.a", "\\", "$ {a}", "${a{b}}"])
def test_an_expression_that_cannot_be_read_says_where(broken):
    with pytest.raises(SelectionError, match="cannot read"):
        expressions.parse(broken)


@pytest.mark.parametrize(
    "unknown", ["$request.header.x", "$context.routeKey", "$request.bodyx", "${}", "$request.body..a"]
)
def test_a_route_may_only_be_selected_by_the_body(unknown):
    with pytest.raises(SelectionError):
        check_expression(unknown)


@given(st.text())
def test_static_text_with_escapes_is_itself(text):
    escaped = text.replace("\\", "\\\\").replace("$", "\\$")
    assert expressions.evaluate(escaped, lambda name: pytest.fail("no variable")) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(st.text(), json_values.map(json.dumps)))
def test_any_message_selects_some_route_or_none_and_never_raises(message):
    api = Api("a", "a", (Route("$connect"), Route("join"), Route("$default")), ())
    assert select_route(api, message) in (Route("join"), Route("$default"))


@given(json_values)
def test_a_body_reaches_exactly_the_route_that_its_text_names(value):
    key = expressions.as_text(value)
    chosen = select_route(Api("a", "a", (Route(key),), ()), json.dumps({"action": value}))
    assert chosen == (None if key.startswith("$") else Route(key))
