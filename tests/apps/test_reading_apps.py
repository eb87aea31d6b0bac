"""Every app that a stranger wrote is read without a question, and explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from pingbox.templates import App, explain, read_app
from support.chat.conversation import load_conversation, matches

CONVERSATIONS = sorted(Path(__file__).parent.glob("*/conversation.json"))


@pytest.fixture(params=CONVERSATIONS, ids=lambda file: file.parent.name)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> App:
    conversation = load_conversation(request.param)
    return read_app(
        conversation.source, parameters=conversation.parameters, endpoint="http://127.0.0.1:1", cache=tmp_path
    )


def test_there_are_apps():
    assert len(CONVERSATIONS) >= 13


def test_nothing_about_its_code_is_missing(app: App):
    about_code = [text for text in app.warnings if "RouteResponseSelectionExpression" not in text]
    assert about_code == []


def test_every_route_has_something_to_answer_it(app: App):
    (api,) = app.apis
    functions = {function.name for function in app.functions}
    assert api.routes
    for route in api.routes:
        assert route.integration is not None
        assert getattr(route.integration, "function", None) in {*functions, None}
        assert route.authorizer is None or route.authorizer.function in functions


def test_it_is_explained(app: App):
    told = explain(app)
    names = [route.route_key for route in app.apis[0].routes]
    names += [function.name for function in app.functions] + [table.name for table in app.tables]
    assert [name for name in names if name not in told] == []


@pytest.mark.parametrize(
    ("expected", "text", "result"),
    [
        ("a", "a", True),
        ("a", '"a"', False),
        ({"a": 1}, '{"a": 1, "b": 2}', True),
        ({"a": 1}, '{"a": true}', False),
        ({"a": 1}, '{"b": 1}', False),
        ({"a": 1}, "not json", False),
        ({"a": [{"b": {"$any": True}}]}, '{"a": [{"b": 1, "c": 2}]}', True),
        ({"a": [1]}, '{"a": [1, 2]}', False),
        ({"$regex": "^w.*e$"}, "welcome", True),
        ({"a": {"$regex": "="}}, '{"a": 5}', False),
    ],
)
def test_the_matching_of_conversations(expected, text, result):
    assert matches(expected, text) is result
