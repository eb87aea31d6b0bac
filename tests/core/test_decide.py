"""Decisions by whole lists of effects: nothing extra slips through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from pingbox_core import commands, decide, effects
from pingbox_core.access import Deed, may
from pingbox_core.commands import Position
from pingbox_core.decide import Circumstances
from pingbox_core.errors import Request
from pingbox_core.log import Already, Behind, Busy, Draft, Ours, Put, RoomRecord, Row
from pingbox_core.members import Member

NOW = 1_764_000_000_000
GIVEN = Circumstances(NOW, cid="fresh-cid", epoch="fresh", default_room="general")
ASKED = Request("7", "cid-aaaa")
ANA = Member("c1", "g-ana", "Ana", frozenset({"general"}), "general", connected_at=NOW)
GENERAL = RoomRecord("general", "k7", "General", "", "g-x", NOW)
CATS = RoomRecord("cats", "c4", "Cats", "", "g-x", NOW)
BEGUN = RoomRecord("general", "fresh", "General", "", "g-ana", NOW)


def refusal(code: str, message: str, **fields: Any) -> effects.Tell:
    return effects.Tell(
        {"type": "error", **fields, "code": code, "message": message, "retry": code in ("busy", "behind")}
    )


def test_sending_is_one_append() -> None:
    command = commands.SendMessage(ASKED, "general", "hi", 5, 3)
    draft = Draft("general", "g-ana", "Ana", "cid-aaaa", "hi", 3)
    assert decide.act(command, ANA, GIVEN) == [effects.Append(draft, 5, ASKED, BEGUN, True)]


def test_sending_without_room_and_cid_takes_the_current_room_and_a_fresh_cid() -> None:
    command = commands.SendMessage(Request(), None, "hi", None, None)
    draft = Draft("general", "g-ana", "Ana", "fresh-cid", "hi")
    wanted = effects.Append(draft, None, Request(None, "fresh-cid"), BEGUN, False)
    assert decide.act(command, ANA, GIVEN) == [wanted]


def test_sending_nowhere_is_refused() -> None:
    command = commands.SendMessage(Request("7"), None, "hi", None, None)
    nowhere = replace(ANA, current_room=None, rooms=frozenset())
    assert decide.act(command, nowhere, GIVEN) == [refusal("bad_room", "name a room, or join one first", id="7")]


ROW = Row(6, 6, NOW, "g-ana", "Ana", "cid-aaaa", "hi")
APPEND = effects.Append(Draft("general", "g-ana", "Ana", "cid-aaaa", "hi"), 5, ASKED, BEGUN)
EVENT = {
    "type": "message", "room": "general", "seq": 6, "n": 6, "ts": NOW, "user": {"id": "g-ana", "name": "Ana"},
    "cid": "cid-aaaa", "text": "hi",
}  # fmt: skip


@pytest.mark.parametrize("end", [Put(ROW), Ours(ROW)])
def test_what_is_stored_is_told_to_the_sender_and_then_to_the_room(end: Put | Ours) -> None:
    told = [effects.Tell(EVENT | {"id": "7"}), effects.Broadcast("general", EVENT)]
    assert decide.appended(APPEND, end) == told


def test_a_duplicate_is_answered_and_told_to_nobody_else() -> None:
    answer = {"type": "ok", "id": "7", "cid": "cid-aaaa", "room": "general", "seq": 4, "dup": True}
    assert decide.appended(APPEND, Already(4)) == [effects.Tell(answer)]


@pytest.mark.parametrize(("end", "code"), [(Behind(), "behind"), (Busy(), "busy")])
def test_what_is_not_stored_may_be_tried_again(end: Behind | Busy, code: str) -> None:
    (told,) = decide.appended(APPEND, end)
    assert isinstance(told, effects.Tell)
    assert (told.event["code"], told.event["retry"], told.event["cid"]) == (code, True, "cid-aaaa")


def hello(command: commands.Hello, member: Member = ANA, *records: RoomRecord) -> list[effects.Effect]:
    wanted = decide.saved_or_default(command, (), "general")
    return decide.hello(command, member, wanted, {record.room: record for record in (GENERAL, *records)}, GIVEN)


def test_hello_subscribes_before_it_reads() -> None:
    """I3: the order is the promise."""
    command = commands.Hello(ASKED, "Anna", (Position("cats", "c4", 3), Position("general")), "general")
    assert hello(command, ANA, CATS) == [
        effects.Subscribe(("cats", "general"), "general", "Anna", tab=True),
        effects.Welcome(ASKED, command.rooms, (CATS, GENERAL), "general", "Anna"),
        effects.AnnounceArrival(("cats", "general")),
        effects.LimitTabs(),
        effects.ConfirmOpen(("cats", "general"), tab=True),
    ]


def test_hello_goes_where_it_can() -> None:
    """Rooms that are not there, or not theirs, are refused one by one; without any it is the default room."""
    command = commands.Hello(ASKED, None, (Position("gone"), Position("dm:g-x:g-y")), "gone")
    subscribe, gone, forbidden, *rest = hello(command)
    assert subscribe == effects.Subscribe(("general",), "general", "Ana", tab=True)
    assert [told.event["code"] for told in (gone, forbidden) if isinstance(told, effects.Tell)] == [
        "no_such_room", "forbidden",
    ]  # fmt: skip
    assert [type(effect) for effect in rest] == [
        effects.Welcome, effects.AnnounceArrival, effects.LimitTabs, effects.ConfirmOpen,
    ]  # fmt: skip


def test_only_guests_choose_their_name() -> None:
    """Others have it from their token."""
    command = commands.Hello(ASKED, "Boss", (), None)
    subscribe = hello(command, replace(ANA, user="u-ana"))[0]
    assert isinstance(subscribe, effects.Subscribe)
    assert subscribe.name == "Ana"


def test_saved_rooms_are_entered_if_none_is_named() -> None:
    nothing = commands.Hello(ASKED, None, (), None)
    assert decide.saved_or_default(nothing, ("cats", "dogs"), "general") == (Position("cats"), Position("dogs"))
    assert decide.saved_or_default(nothing, (), "general") == (Position("general"),)


def test_joining_subscribes_before_it_reads() -> None:
    command = commands.JoinRoom(ASKED, Position("cats", "c4", 3))
    assert decide.join(command, ANA, CATS) == [
        effects.Subscribe(("cats",), "cats", "Ana"),
        effects.ShowRoom(ASKED, command.position, CATS),
        effects.AnnounceArrival(("cats",)),
        effects.ConfirmOpen(("cats",)),
    ]


def test_a_room_that_is_not_there_cannot_be_joined() -> None:
    command = commands.JoinRoom(Request("7"), Position("cats"))
    message = "there is no room cats; createRoom makes one"
    assert decide.join(command, ANA, None) == [refusal("no_such_room", message, id="7", room="cats")]


def test_a_session_that_is_over_ends() -> None:
    """D1: a token that ends during the two hours ends the session."""
    assert decide.session_end(replace(ANA, auth_expires=NOW + 1), NOW) == []
    over = decide.session_end(replace(ANA, auth_expires=NOW), NOW)
    assert [type(effect) for effect in over] == [effects.Tell, effects.Close]


DIRECT = "dm:g-ana:g-bo"
DEEDS = get_args(Deed)
# Who (in a public room: a member, somebody outside, an admin outside; of a direct room: one of the two, a third, an
# admin) may do what to what is their own and to what is another's. A dot: allowed.
TABLE = """
            read join leave send       react      type       mark       edit       delete     update    close
joined own  .    .    .     .          .          .          .          .          .          .         forbidden
joined else .    .    .     .          .          .          .          not_yours  not_yours  not_yours forbidden
outside own .    .    .     not_joined not_joined not_joined not_joined not_joined not_joined .         forbidden
outside else .   .    .     not_joined not_joined not_joined not_joined not_joined not_joined not_yours forbidden
admin else  .    .    .     not_joined not_joined not_joined not_joined not_joined .          .         .
pair own    .    .    .     .          .          .          .          .          .          forbidden forbidden
pair else   .    .    .     .          .          .          .          not_yours  not_yours  forbidden forbidden
pairadmin else . .    .     .          .          .          .          not_yours  not_yours  forbidden forbidden
third own   F    F    F     F          F          F          F          F          F          F         F
third else  F    F    F     F          F          F          F          F          F          F         F
spy else    F    F    F     F          F          F          F          F          F          F         F
"""
WHO = {
    "joined": (Member("c", "g-ana", "N", frozenset({"general"})), "general"),
    "outside": (Member("c", "g-ana", "N"), "general"),
    "admin": (Member("c", "u-root", "N", admin=True), "general"),
    "pair": (Member("c", "g-ana", "N"), DIRECT),
    "pairadmin": (Member("c", "u-root", "N", admin=True), "dm:g-bo:u-root"),
    "third": (Member("c", "g-an", "N", frozenset({DIRECT})), DIRECT),
    "spy": (Member("c", "u-root", "N", admin=True), DIRECT),
}


def authorisation() -> list[tuple[str, str, Deed, str | None]]:
    header, *lines = TABLE.strip().splitlines()
    words = {".": None, "F": "forbidden"}
    rows = [line.split() for line in lines]
    return [
        (who, owner, deed, words.get(code, code))
        for who, owner, *codes in rows
        for deed, code in zip(header.split(), codes, strict=True)
    ]  # fmt: skip


AUTHORISATION = authorisation()


def test_the_table_has_every_deed() -> None:
    assert tuple(TABLE.split()[: len(DEEDS)]) == DEEDS
    assert len(AUTHORISATION) == 11 * len(DEEDS)


@pytest.mark.parametrize(("who", "owner", "deed", "code"), AUTHORISATION)
def test_the_table_of_who_may_do_what(who: str, owner: str, deed: Deed, code: str | None) -> None:
    """D4."""
    member, room = WHO[who]
    denied = may(member, room, deed, owner=member.user if owner == "own" else "g-else")
    assert (denied and denied[0]) == code
