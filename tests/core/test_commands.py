"""One frame in, one command or one refusal out (chat.md B4, B6, B9, D5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import names
from pingbox_core.commands import (
    Bye,
    CreateRoom,
    DeleteMessage,
    EditMessage,
    Focus,
    Hello,
    History,
    JoinRoom,
    LeaveRoom,
    ListRooms,
    MarkRead,
    OpenDm,
    Ping,
    Position,
    React,
    RemoveUser,
    SendMessage,
    Sync,
    Typing,
    UpdateRoom,
    Who,
    parse,
)
from pingbox_core.errors import Code, Refusal, Request

NOBODY = Request()


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        ({"action": "hello"}, Hello(NOBODY, None, (), None)),
        (
            {"action": "hello", "id": "1", "v": 1, "name": " Ana ", "focus": "cats",
             "rooms": [{"room": "cats", "epoch": "k7", "seen": 41}, {"room": "dm:a:b"}]},
            Hello(Request("1"), "Ana", (Position("cats", "k7", 41), Position("dm:a:b")), "cats"),
        ),
        ({"action": "joinRoom", "room": "cats", "seen": 0}, JoinRoom(NOBODY, Position("cats", None, 0))),
        ({"action": "leaveRoom"}, LeaveRoom(NOBODY, None)),
        ({"action": "focus", "room": "cats"}, Focus(NOBODY, "cats")),
        ({"action": "createRoom", "room": "cats"}, CreateRoom(NOBODY, "cats", "cats", "")),
        ({"action": "createRoom", "room": "c", "title": "Cats", "topic": "t"}, CreateRoom(NOBODY, "c", "Cats", "t")),
        ({"action": "listRooms"}, ListRooms(NOBODY, None, 50)),
        ({"action": "sendMessage", "text": "hi"}, SendMessage(NOBODY, None, "hi", None, None)),
        (
            {"action": "sendMessage", "id": "7", "room": "cats", "text": "hi", "cid": "018f6f0e", "seen": 57,
             "replyTo": 5},
            SendMessage(Request("7", "018f6f0e"), "cats", "hi", 57, 5),
        ),
        (
            {"action": "sendMessage", "text": "hi", "mentions": ["g-bo"]},
            SendMessage(NOBODY, None, "hi", None, None, ("g-bo",)),
        ),
        ({"action": "editMessage", "target": 5, "text": " x "}, EditMessage(NOBODY, None, 5, "x", None)),
        ({"action": "deleteMessage", "room": "c", "target": 5, "seen": 9}, DeleteMessage(NOBODY, "c", 5, 9)),
        ({"action": "react", "target": 5, "emoji": "👍"}, React(NOBODY, None, 5, "👍", "add", None)),
        ({"action": "react", "target": 5, "emoji": "👍", "op": "remove"}, React(NOBODY, None, 5, "👍", "remove", None)),
        ({"action": "updateRoom", "room": "c", "topic": ""}, UpdateRoom(NOBODY, "c", None, "", None, None)),
        ({"action": "updateRoom", "room": "c", "closed": False}, UpdateRoom(NOBODY, "c", None, None, False, None)),
        ({"action": "typing"}, Typing(NOBODY, None)),
        ({"action": "markRead", "room": "c", "seq": 0}, MarkRead(NOBODY, "c", 0, False)),
        ({"action": "markRead", "room": "c", "seq": 7, "back": True}, MarkRead(NOBODY, "c", 7, True)),
        ({"action": "openDm", "user": "u-bo"}, OpenDm(NOBODY, "u-bo")),
        ({"action": "removeUser", "user": "g-bo"}, RemoveUser(NOBODY, "g-bo")),
        ({"action": "sync", "room": "cats", "epoch": "k7", "after": 3}, Sync(NOBODY, "cats", "k7", 3)),
        ({"action": "history", "room": "cats", "before": 30, "limit": 9}, History(NOBODY, "cats", 30, 9)),
        ({"action": "who", "room": None}, Who(NOBODY, None)),
        ({"action": "ping", "rooms": {"cats": 5}}, Ping(NOBODY, (("cats", 5),))),
        ({"action": "bye", "unknown": {"field": 1}}, Bye(NOBODY)),
    ],
)  # fmt: skip
def test_every_action_is_understood(frame: dict[str, Any], command: object) -> None:
    """B4; unknown fields are ignored (B10), null counts as absent."""
    assert parse(json.dumps(frame)) == (frame["action"], command)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({}, Code.BAD_REQUEST),
        ({"action": 5}, Code.BAD_REQUEST),
        ({"action": "sendmessage"}, Code.UNKNOWN_ACTION),
        ({"action": "hello", "v": 2}, Code.UNSUPPORTED_VERSION),
        ({"action": "hello", "name": " \u200b "}, Code.BAD_NAME),
        ({"action": "hello", "name": "x" * 33}, Code.BAD_NAME),
        ({"action": "hello", "rooms": "cats"}, Code.BAD_REQUEST),
        ({"action": "hello", "rooms": ["cats"]}, Code.BAD_REQUEST),
        ({"action": "hello", "rooms": [{"room": "a"}] * 51}, Code.TOO_LARGE),
        ({"action": "joinRoom"}, Code.BAD_ROOM),
        ({"action": "joinRoom", "room": "Cats"}, Code.BAD_ROOM),
        ({"action": "joinRoom", "room": "-cats"}, Code.BAD_ROOM),
        ({"action": "joinRoom", "room": "x" * 49}, Code.BAD_ROOM),
        ({"action": "joinRoom", "room": "dm:b:a"}, Code.BAD_ROOM),
        ({"action": "createRoom", "room": "dm:a:b"}, Code.BAD_ROOM),
        ({"action": "createRoom", "room": "a", "title": "x" * 65}, Code.BAD_REQUEST),
        ({"action": "sendMessage"}, Code.EMPTY),
        ({"action": "sendMessage", "text": " \n "}, Code.EMPTY),
        ({"action": "sendMessage", "text": 5}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x" * 4001}, Code.TOO_LONG),
        ({"action": "sendMessage", "text": "a\x00b"}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "a\ud800b"}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "cid": "short"}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "cid": 12345678}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "seen": -1}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "seen": 1.5}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "seen": True}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "seen": 2**53}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "seen": "1"}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "mentions": "g-bo"}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "mentions": [5]}, Code.BAD_REQUEST),
        ({"action": "sendMessage", "text": "x", "mentions": ["g"] * 21}, Code.TOO_LARGE),
        ({"action": "editMessage", "text": "x"}, Code.BAD_REQUEST),
        ({"action": "editMessage", "target": 0, "text": "x"}, Code.BAD_REQUEST),
        ({"action": "editMessage", "target": 1}, Code.EMPTY),
        ({"action": "deleteMessage"}, Code.BAD_REQUEST),
        ({"action": "deleteMessage", "target": 1, "cid": "short"}, Code.BAD_REQUEST),
        ({"action": "react", "target": 1}, Code.BAD_REQUEST),
        ({"action": "react", "target": 1, "emoji": "ok"}, Code.BAD_REQUEST),
        ({"action": "react", "target": 1, "emoji": "👍👍"}, Code.BAD_REQUEST),
        ({"action": "react", "target": 1, "emoji": "👍", "op": "toggle"}, Code.BAD_REQUEST),
        ({"action": "updateRoom", "room": "c"}, Code.BAD_REQUEST),
        ({"action": "updateRoom", "topic": "t"}, Code.BAD_ROOM),
        ({"action": "updateRoom", "room": "c", "closed": 1}, Code.BAD_REQUEST),
        ({"action": "updateRoom", "room": "c", "topic": "x" * 201}, Code.BAD_REQUEST),
        ({"action": "markRead", "room": "c"}, Code.BAD_REQUEST),
        ({"action": "openDm"}, Code.BAD_REQUEST),
        ({"action": "openDm", "user": "x" * 65}, Code.BAD_REQUEST),
        ({"action": "history", "before": 0}, Code.BAD_REQUEST),
        ({"action": "history", "limit": 51}, Code.BAD_REQUEST),
        ({"action": "ping", "rooms": {"Bad Room": 1}}, Code.BAD_ROOM),
        ({"action": "ping", "rooms": [1]}, Code.BAD_REQUEST),
        ({"action": "bye", "x": [[[[[[1]]]]]]}, Code.BAD_REQUEST),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(frame: dict[str, Any], code: Code) -> None:
    """B6, B9."""
    _, refusal = parse(json.dumps(frame))
    assert isinstance(refusal, Refusal)
    assert refusal.code is code


@pytest.mark.parametrize("body", ["", "hi", "[1]", "null", "5", '"x"', "{", '{"action":NaN}', "[" * 31_000, "\ud800"])
def test_what_is_no_object_is_a_bad_request(body: str) -> None:
    assert isinstance(refusal := parse(body)[1], Refusal)
    assert refusal.code is Code.BAD_REQUEST


@pytest.mark.parametrize("body", ["x" * 32_001, '{"action":"sendMessage","text":"' + "é" * 16_000 + '"}'])
def test_size_is_looked_at_before_parsing(body: str) -> None:
    """B9: 32,000 bytes of UTF-8, not characters."""
    assert isinstance(refusal := parse(body)[1], Refusal)
    assert refusal.code is Code.TOO_LARGE


def test_a_refusal_repeats_id_and_cid() -> None:
    """So that the page can show it at the right message."""
    frame = {"action": "sendMessage", "text": "", "id": "7", "cid": "abcdefgh"}
    assert isinstance(refusal := parse(json.dumps(frame))[1], Refusal)
    assert refusal.request == Request("7", "abcdefgh")


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "sendMessage", "text": "x", "cid": "short"},
        {"action": "sendMessage", "text": "x" * 40_000, "cid": "abcdefgh"},
        {"action": "no-such", "cid": "abcdefgh"},
        {"cid": "abcdefgh"},
        {"action": "bye", "cid": "abcdefgh", "x": [[[[[[1]]]]]]},
        {"action": "sendMessage", "text": "x", "cid": "x" * 37},
    ],
)
def test_whatever_is_wrong_the_refusal_says_of_which_frame(fields: dict[str, Any]) -> None:
    """A script that sends many lines must hear for each what became of it."""
    assert isinstance(refusal := parse(json.dumps({"id": "7", **fields}))[1], Refusal)
    assert refusal.request == Request("7", fields["cid"])


@pytest.mark.parametrize("given_id", ["x" * 65, 5, "\ud800", ["a"]])
def test_an_unusable_id_is_left_out(given_id: object) -> None:
    """It is only an echo: no reason to refuse, and nothing to post back."""
    assert parse(json.dumps({"action": "bye", "id": given_id})) == ("bye", Bye(NOBODY))


FAMILY, WALES = "👨\u200d👩\u200d👧", "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "❤️", "❤", "🇩🇪", "1️⃣", FAMILY, WALES])
def test_what_is_one_emoji(emoji: str) -> None:
    assert names.is_emoji(emoji)


@pytest.mark.parametrize(
    "emoji", ["", "a", "1", "👍 ", "👍a", "\u200d", "\ufe0f", "👍\u200d", "🇩", "❤️" * 2, "👍" + "🏽" * 8, "<b>"]
)
def test_what_is_no_emoji(emoji: str) -> None:
    assert not names.is_emoji(emoji)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "id",
        "room",
        "text",
        "cid",
        "seen",
        "rooms",
        "name",
        "v",
        "focus",
        "epoch",
        "after",
        "before",
        "limit",
        "replyTo",
        "target",
        "emoji",
        "op",
        "user",
        "seq",
        "back",
        "title",
        "topic",
        "closed",
        "mentions",
    ]
)
actions = st.sampled_from(
    [
        "hello",
        "sendMessage",
        "sync",
        "history",
        "joinRoom",
        "createRoom",
        "ping",
        "listRooms",
        "who",
        "editMessage",
        "deleteMessage",
        "react",
        "updateRoom",
        "typing",
        "markRead",
        "openDm",
        "removeUser",
    ]
)


@given(
    st.text() | st.builds(lambda a, f: json.dumps({**f, "action": a}), actions, st.dictionaries(fields, json_values))
)
def test_no_frame_makes_it_raise(body: str) -> None:
    """Whatever a stranger sends, an answer comes back."""
    action, command = parse(body)
    assert isinstance(action, str)
    assert command is not None
