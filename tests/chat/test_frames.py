"""The protocol's schemas, the server's parser and docs/reference/asyncapi.yaml say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from pingbox.chat import asyncapi
from pingbox.chat.frames import ACTIONS, EVENTS, self_contained
from pingbox_core import commands, rate
from pingbox_core.commands import parse
from pingbox_core.errors import Refusal
from support.chat.frames_judge import is_valid_action
from support.node_packages import with_packages

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.yaml"
SPECS = Path(__file__).with_name("asyncapi_specs")


def test_the_schemas_know_the_actions_of_the_parser() -> None:
    _, refusal = parse('{"action":"no-such"}')
    assert isinstance(refusal, Refusal)
    assert refusal.message.endswith(", ".join(sorted(ACTIONS)))
    assert set(rate.COSTS) <= set(ACTIONS)


@pytest.mark.parametrize("schema", [*ACTIONS.values(), *EVENTS.values()], ids=[*ACTIONS, *EVENTS])
def test_every_schema_is_one(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(self_contained(schema))


NAMES = st.sampled_from(["room", "seen", "epoch", "cats"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 60) | st.floats() | st.text(max_size=12) | st.sampled_from(
        ["general", "dm:a:b", "abcdefgh", "\U0001f44d", "add", "u-bo", "k7", 2**53]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=6,
)  # fmt: skip
fields = st.sampled_from(
    sorted({name for schema in ACTIONS.values() for name in schema["properties"]} - {"action", "id"})
)


@given(st.sampled_from(sorted(ACTIONS)), st.dictionaries(fields, values, max_size=5))
def test_what_the_server_takes_is_in_the_schema(action: str, rest: dict[str, Any]) -> None:
    """No client that is made from the document is kept from saying what the server understands."""
    frame = {**rest, "action": action}
    _, command = parse(json.dumps(frame))
    if not isinstance(command, Refusal):
        assert is_valid_action(frame)


EXAMPLES: dict[str, dict[str, Any]] = {
    "hello": {"v": 1, "rooms": [{"room": "general", "epoch": "k", "seen": 5}], "focus": "general", "name": "Ana"},
    "sendMessage": {"text": "hi", "room": "general", "cid": "abcdefgh", "seen": 0, "replyTo": 1, "mentions": ["u-bo"]},
    "editMessage": {"target": 1, "text": "hi"},
    "deleteMessage": {"target": 1},
    "react": {"target": 1, "emoji": "\U0001f44d", "op": "remove"},
    "updateRoom": {"room": "general", "topic": "t", "closed": True},
    "removeUser": {"user": "g-x"},
    "joinRoom": {"room": "general"},
    "createRoom": {"room": "cats", "title": "Cats"},
    "openDm": {"user": "u-bo"},
    "leaveRoom": {},
    "focus": {"room": "general"},
    "listRooms": {"after": "a", "limit": 100},
    "sync": {"room": "dm:a:b", "after": 3},
    "history": {"before": 5, "limit": 50},
    "who": {"room": None},
    "ping": {"rooms": {"general": 5}},
    "typing": {},
    "markRead": {"room": "general", "seq": 0, "back": True},
    "bye": {},
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_the_schema_has_the_server_takes(action: str) -> None:
    frame = {"action": action, "id": "7", **EXAMPLES[action]}
    assert is_valid_action(frame)
    assert not isinstance(parse(json.dumps(frame))[1], Refusal)
    for required in set(ACTIONS[action]["required"]) - {"action"}:
        less = {key: value for key, value in frame.items() if key != required}
        assert not is_valid_action(less)
        assert isinstance(parse(json.dumps(less))[1], Refusal)


def test_the_document_is_made_from_the_schemas() -> None:
    """`python -m pingbox.chat.asyncapi > docs/reference/asyncapi.yaml`."""
    assert DOCUMENT.read_text() == asyncapi.text()


def test_the_document_is_asyncapi_3(tmp_path: Path) -> None:
    """By the schema that the AsyncAPI project publishes."""
    specs = with_packages(SPECS, tmp_path) / "node_modules" / "@asyncapi" / "specs" / "schemas"
    schema = json.loads((specs / "3.0.0-without-$id.json").read_text())
    document = yaml.safe_load(DOCUMENT.read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
    broken = document | {"operations": {"x": {"action": "shout"}}}
    assert not Draft7Validator(schema).is_valid(broken)


def test_a_command_per_action() -> None:
    assert len(ACTIONS) == len(commands.Command.__args__)
