"""editMessage, deleteMessage, react: on the real handlers and table (docs/reference/protocol.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.chat.interference import Meddler
from support.chat.model_dynamodb import refusal
from support.chat.world import World

ENGINES = ("local", "moto")


@pytest.fixture
def room(world: World) -> World:
    """Ana (c1) and Bo (c2) in the default room; Ana has said hi, as 1."""
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.ask("c1", action="sendMessage", room="general", text="hi", cid="cid-hi-1", seen=0)
    world.take("c2")
    return world


def everything(world: World) -> str:
    """All that the tables hold, as text."""
    scan = world.dynamodb.scan
    return json.dumps([scan(TableName=name)["Items"] for name in ("Messages", "Connections")], default=str)


def sync(world: World, connection: str, after: int = 0) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = world.ask(connection, action="sync", room="general", after=after)["events"]
    return events


def test_an_edit_is_a_row_and_a_new_text(room: World) -> None:
    """The author hears it first, with its id; history, sync and the other tab show the new text."""
    edit = room.ask("c1", action="editMessage", room="general", target=1, text="hello", cid="cid-ed-1", seen=1, id="7")
    assert (edit["type"], edit["seq"], edit["n"], edit["target"], edit["text"], edit["rev"], edit["id"]) == (
        "edit", 2, 1, 1, "hello", 1, "7",
    )  # fmt: skip
    (told,) = room.take("c2")
    assert told == {key: value for key, value in edit.items() if key != "id"}
    message, replayed = sync(room, "c2")
    assert replayed == told
    assert (message["text"], message["rev"], message["editedAt"]) == ("hello", 1, edit["ts"])
    assert room.ask("c2", action="history", room="general")["events"] == [message]


def test_a_deleted_text_is_in_no_table_and_no_replay(room: World) -> None:
    """Row 18: really erased, edits before it included."""
    room.ask("c1", action="editMessage", room="general", target=1, text="SECRET-2", cid="cid-ed-1", seen=1)
    room.ask("c2", action="react", room="general", target=1, emoji="👍", cid="cid-re-1", seen=2)
    assert "SECRET-2" in everything(room)
    deleted = room.ask("c1", action="deleteMessage", room="general", target=1, cid="cid-de-1", seen=3)
    assert (deleted["type"], deleted["seq"], deleted["target"]) == ("delete", 4, 1)
    assert "SECRET" not in everything(room)
    message, edit, reaction, delete = sync(room, "c2")
    assert {key: message[key] for key in ("seq", "cid", "deleted")} == {"seq": 1, "cid": "cid-hi-1", "deleted": True}
    assert "text" not in message
    assert (edit["type"], edit["target"], reaction["type"], delete["type"]) == ("delete", 1, "reaction", "delete")
    assert room.page("c3", "Chi")["rooms"][0]["last"]["deleted"] is True


def test_reactions_are_seen_by_everybody(room: World) -> None:
    added = room.ask("c2", action="react", room="general", target=1, emoji="👍", op="add", cid="cid-re-1", seen=1)
    assert (added["type"], added["emoji"], added["op"]) == ("reaction", "👍", "add")
    user = added["user"]["id"]
    assert sync(room, "c1")[0]["rx"] == {"👍": [user]}
    room.ask("c2", action="react", room="general", target=1, emoji="👍", op="remove", cid="cid-re-2", seen=2)
    assert "rx" not in sync(room, "c1")[0]


def test_what_changes_nothing_is_a_row_all_the_same(room: World) -> None:
    """A reaction that is there, a text that is the same, a message that is gone: told like any change.

    Without a row, an earlier attempt with another outcome could still take effect after the answer.
    """
    react = {"action": "react", "room": "general", "target": 1, "emoji": "👍"}
    room.ask("c2", **react, cid="cid-re-1", seen=1)
    again = room.ask("c2", **react, cid="cid-re-2", seen=2)
    assert (again["type"], again["seq"]) == ("reaction", 3)
    same = room.ask("c1", action="editMessage", room="general", target=1, text="hi", cid="cid-ed-1", seen=3)
    assert (same["type"], same["seq"], same["rev"]) == ("edit", 4, 0)
    for i in range(2):
        gone = room.ask("c1", action="deleteMessage", room="general", target=1, cid=f"cid-de-{i}", seen=4 + i)
        assert (gone["type"], gone["seq"]) == ("delete", 5 + i)
    assert len(sync(room, "c2")) == 6


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "editMessage", "text": "hello"},
        {"action": "deleteMessage"},
        {"action": "react", "emoji": "👍"},
    ],
)
def test_a_repeated_change_is_stored_once(room: World, frame: dict[str, Any]) -> None:
    """The same cid again, whose answer was lost: `ok` says where it is, also when the message is gone by now."""
    wanted = {**frame, "room": "general", "target": 1, "cid": "cid-same", "seen": 1}
    first = room.ask("c1", **wanted)
    again = room.ask("c1", **wanted)
    assert (again["type"], again["seq"], again["dup"]) == ("ok", first["seq"], True)


@pytest.mark.parametrize(
    ("connection", "frame", "code"),
    [
        ("c2", {"action": "editMessage", "target": 1, "text": "x"}, "not_yours"),
        ("c2", {"action": "deleteMessage", "target": 1}, "not_yours"),
        ("c1", {"action": "editMessage", "target": 9, "text": "x"}, "not_found"),
        ("c1", {"action": "deleteMessage", "target": 9}, "not_found"),
        ("c1", {"action": "react", "target": 9, "emoji": "👍"}, "not_found"),
        ("c1", {"action": "editMessage", "target": 1, "text": " "}, "empty"),
        ("c1", {"action": "react", "target": 1, "emoji": "no"}, "bad_request"),
        ("c1", {"action": "editMessage", "target": 1, "text": "x", "seen": 7}, "behind"),
    ],
)
def test_what_is_refused_leaves_no_trace(room: World, connection: str, frame: dict[str, Any], code: str) -> None:
    before = everything(room)
    refused = room.ask(connection, **{"room": "general", "seen": 1, "cid": "cid-no-1", "id": "5", **frame})
    assert (refused["type"], refused["code"], refused["cid"], refused["id"]) == ("error", code, "cid-no-1", "5")
    assert everything(room) == before


def test_two_who_change_one_message_at_once_both_succeed(dynamodb: Any) -> None:
    """The message had changed between the read and the write: it is read again, and neither change is lost."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.ask("c1", action="sendMessage", room="general", text="hi", cid="cid-hi-1", seen=0)
    react = {"action": "react", "room": "general", "target": 1, "emoji": "👍", "seen": 1}
    meddler.before("transact_write_items", 1, lambda: world.send("c2", **react, cid="cid-re-2"))
    world.take("c1")
    world.send("c1", **react, cid="cid-re-1")
    assert [(event["type"], event["seq"]) for event in world.take("c1")] == [("reaction", 2), ("reaction", 3)]
    message = world.ask("c1", action="history", room="general")["events"][0]
    assert len(message["rx"]["👍"]) == 2


def test_an_edit_of_which_only_half_is_visible_is_read_again(dynamodb: Any) -> None:
    """The items of a transaction become visible one after the other: no replay shows an edit with the old text."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.ask("c1", action="sendMessage", room="general", text="old", cid="cid-hi-1", seen=0)
    world.ask("c1", action="editMessage", room="general", target=1, text="new", cid="cid-ed-1", seen=1)

    def stale(call: Any, arguments: dict[str, Any]) -> Any:
        answer = call(**arguments)
        for item in answer["Responses"]["Messages"]:
            item["text"] = {"S": "old"}
            item.pop("rev")
        return answer

    meddler.instead("batch_get_item", 1, stale)
    (edit,) = world.ask("c1", action="sync", room="general", after=1)["events"]
    assert (edit["text"], edit["rev"]) == ("new", 1)


def test_mentions_are_resolved_by_the_server(room: World) -> None:
    """Names of who is here or wrote lately, whatever the frame claims; an edit resolves again."""
    bo = room.page("c3", "Chi")["user"]["id"]
    room.take("c1")
    sent = room.ask("c1", action="sendMessage", room="general", text="hi @bo, @chi", cid="cid-me-1", seen=1)
    assert len(sent["mentions"]) == 2
    assert bo in sent["mentions"]
    forged = room.ask("c1", action="sendMessage", room="general", text="hi", mentions=[bo], cid="cid-me-2", seen=2)
    assert "mentions" not in forged
    edit = room.ask("c1", action="editMessage", room="general", target=2, text="hi @chi", cid="cid-ed-1", seen=3)
    assert edit["mentions"] == [bo]
    room.disconnect("c3")
    assert "mentions" not in room.ask("c1", action="sendMessage", room="general", text="@chi", cid="cid-me-3", seen=4)


def test_a_reply_names_the_message_it_answers(room: World) -> None:
    sent = room.ask("c2", action="sendMessage", room="general", text="yes", replyTo=1, cid="cid-rp-1", seen=1)
    assert sent["replyTo"] == 1
    assert sync(room, "c1", after=1)[0]["replyTo"] == 1


def test_an_edit_whose_answer_was_lost_is_told_with_its_text(dynamodb: Any) -> None:
    """It was stored after all, and half of it is not visible yet: everybody hears the new text, once it is."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.ask("c1", action="sendMessage", room="general", text="old", cid="cid-hi-1", seen=0)
    world.take("c2")

    def done_and_refused(call: Any, arguments: dict[str, Any]) -> Any:
        call(**arguments)
        event = arguments["TransactItems"][1]["Put"]["Item"]
        failed = {"Code": "ConditionalCheckFailed"}
        raise refusal("TransactionCanceledException", reasons=[failed, {**failed, "Item": event}])

    def stale(call: Any, arguments: dict[str, Any]) -> Any:
        answer = call(**arguments)
        for item in answer["Responses"]["Messages"]:
            item["text"] = {"S": "old"}
            item.pop("rev")
        return answer

    meddler.instead("transact_write_items", 1, done_and_refused)
    meddler.instead("batch_get_item", 1, stale)
    told = world.ask("c1", action="editMessage", room="general", target=1, text="new", cid="cid-ed-1", seen=1)
    assert (told["type"], told["text"], told["rev"]) == ("edit", "new", 1)
    assert [event["text"] for event in world.take("c2")] == ["new"]


def test_a_change_made_from_an_older_message_is_refused(dynamodb: Any) -> None:
    """The row of another's reaction was seen, the reaction was not: without the count of changes it would be lost."""
    meddler = Meddler(dynamodb)
    world = World(meddler)
    world.page("c1", "Ana")
    world.page("c2", "Bo")
    world.ask("c1", action="sendMessage", room="general", text="hi", cid="cid-hi-1", seen=0)
    react = {"action": "react", "room": "general", "target": 1, "emoji": "\U0001f44d"}
    world.ask("c2", **react, cid="cid-re-1", seen=1)

    def stale(call: Any, arguments: dict[str, Any]) -> Any:
        answer = call(**arguments)
        return {"Item": {key: value for key, value in answer["Item"].items() if key not in ("rx", "amended")}}

    meddler.instead("get_item", 2, stale)  # the first is the gate's
    world.ask("c1", **react, cid="cid-re-2", seen=2)
    assert meddler.names().count("transact_write_items") == 3
    (message,) = world.ask("c1", action="history", room="general")["events"]
    assert len(message["rx"]["\U0001f44d"]) == 2
