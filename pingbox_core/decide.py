"""From a command, who asks and what was loaded to a list of effects. Pure: time and fresh ids come in as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from pingbox_core import commands, effects, limits
from pingbox_core.access import Deed, may
from pingbox_core.amendments import Denied
from pingbox_core.commands import Command, Position
from pingbox_core.effects import Effect, Tell
from pingbox_core.errors import Code, Refusal, Request, error_event
from pingbox_core.events import bye, duplicate, log_event
from pingbox_core.log import Already, Behind, Busy, Closed, Draft, Kind, NoRoom, Ours, Put, RoomRecord, Row
from pingbox_core.members import Member
from pingbox_core.mentions import Person, mentioned
from pingbox_core.names import direct_members, direct_room, is_guest


@dataclass(frozen=True)
class Circumstances:
    """What a decision may know beside the command. `now` in milliseconds; `cid` and `epoch` are fresh random ids.

    `people`: who may be called by name in a text; empty if the text calls nobody.
    """

    now: int
    cid: str
    epoch: str
    default_room: str
    retention: int | None = None
    people: tuple[Person, ...] = ()


def refuse(code: Code, text: str, request: Request, room: str | None = None) -> Tell:
    """The refusal as an effect."""
    return Tell(error_event(Refusal(code, text, request, room)))


def session_end(member: Member, now: int) -> list[Effect]:
    """What to do instead of any command if the member's sign-in has ended; empty if it has not."""
    if member.auth_expires is None or now < member.auth_expires:
        return []
    return [Tell(bye("auth_expired", "your sign-in has ended; sign in again", reconnect=True)), effects.Close()]


def saved_or_default(command: commands.Hello, saved: tuple[str, ...], default_room: str) -> tuple[Position, ...]:
    """The rooms a `hello` is about: those it names, else the user's saved list, else the default room."""
    if command.rooms:
        return command.rooms
    return tuple(Position(room) for room in saved[: limits.ROOMS_PER_CONNECTION]) or (Position(default_room),)


def hello(
    command: commands.Hello,
    member: Member,
    wanted: tuple[Position, ...],
    records: Mapping[str, RoomRecord],
    given: Circumstances,
) -> list[Effect]:
    """Subscribe to the rooms that exist, greet, announce. Rooms that do not exist are refused one by one.

    `records` holds the default room in any case: whoever loads them makes it if need be.
    """
    refusals: list[Effect] = []
    entered: list[tuple[Position, RoomRecord]] = []
    for position in wanted:
        denied = may(member, position.room, "join")
        record = records.get(position.room)
        if denied is not None:
            refusals.append(refuse(*denied, command.request, position.room))
        elif record is None:
            refusals.append(_no_such_room(position.room, command.request))
        else:
            entered.append((position, record))
    if not entered:
        entered = [(Position(given.default_room), records[given.default_room])]
    rooms = tuple(position.room for position, _ in entered)
    if len(member.rooms.union(rooms)) > limits.ROOMS_PER_CONNECTION:
        return [_too_many_rooms(command.request)]
    focus = command.focus if command.focus in rooms else rooms[0]
    name = command.name if command.name is not None and member.guest else member.name
    return [
        effects.Subscribe(rooms, focus, name, tab=True),
        *refusals,
        effects.Welcome(command.request, tuple(p for p, _ in entered), tuple(r for _, r in entered), focus, name),
        effects.AnnounceArrival(rooms),
        effects.LimitTabs(),
        effects.ConfirmOpen(rooms, tab=True),
    ]


def join(command: commands.JoinRoom, member: Member, record: RoomRecord | None) -> list[Effect]:
    """Subscribe to a room that exists; whoever loads the default room's record makes it if need be."""
    room = command.position.room
    if denied := may(member, room, "join"):
        return [refuse(*denied, command.request, room)]
    if record is None:
        return [_no_such_room(room, command.request)]
    if room not in member.rooms and len(member.rooms) >= limits.ROOMS_PER_CONNECTION:
        return [_too_many_rooms(command.request)]
    return _entering(command.request, command.position, record, member)


def create(command: commands.CreateRoom, member: Member, given: Circumstances) -> list[Effect]:
    """Make a room and join it."""
    if len(member.rooms) >= limits.ROOMS_PER_CONNECTION:
        return [_too_many_rooms(command.request)]
    record = RoomRecord(command.room, given.epoch, command.title, command.topic, member.user, given.now)
    then = tuple(_entering(command.request, Position(command.room), record, member))
    return [effects.StoreRoom(record, command.request, then)]


def act(command: Command, member: Member, given: Circumstances) -> list[Effect]:
    """Every command that needs nothing loaded; `hello` and `joinRoom` are above."""
    match command:
        case commands.SendMessage() | commands.EditMessage() | commands.DeleteMessage() | commands.React():
            return _write(command, member, given)
        case commands.CreateRoom():
            return create(command, member, given)
        case commands.LeaveRoom() | commands.Who() | commands.Sync() | commands.History() | commands.Typing():
            return _in_room(command, member)
        case commands.UpdateRoom() | commands.MarkRead() | commands.OpenDm() | commands.RemoveUser():
            return _manage(command, member, given)
        case commands.ListRooms():
            return [effects.SendRooms(command.request, command.after, command.limit)]
        case commands.Ping():
            mine = (position for position in command.rooms if _hears(member, position[0]))
            return [effects.SendPong(command.request, tuple(mine))]
        case commands.Focus():
            return [effects.StoreFocus(command.request, command.room)]
        case commands.Bye():
            return [effects.Leave(), effects.Close()]
        case commands.Hello() | commands.JoinRoom():
            raise TypeError(f"{type(command).__name__} is decided elsewhere")
        case _:
            assert_never(command)


Unwritten = Already | Behind | Busy | Closed | NoRoom


def appended(append: effects.Append, end: Put | Ours | Unwritten) -> list[Effect]:
    """What follows an append (`Put`: the row is in its slot). The sender hears first: the echo acknowledges."""
    if not isinstance(end, Put | Ours):
        return [unwritten(append, end)]
    told = _told(append.draft.room, append.request, end.row, None)
    if direct_members(append.draft.room) is None:
        return told
    return [*told, effects.CallOther(append.draft.room, (end.row.seq - 1, end.row.n - 1))]


def amended(amend: effects.Amend, end: tuple[Row, Row] | Unwritten | Denied) -> list[Effect]:
    """What follows a change of a message. The pair: the row in the log, and the message as it is now."""
    match end:
        case (row, target):
            return _told(amend.draft.room, amend.request, row, target)
        case Denied(code, text):
            return [refuse(code, text, amend.request, amend.draft.room)]
        case _:
            return [unwritten(amend, end)]


def updated(update: effects.Update, end: Row | Unwritten | Denied) -> list[Effect]:
    """What follows a change of a room."""
    match end:
        case Row():
            return _told(update.draft.room, update.request, end, None)
        case Denied(code, text):
            return [refuse(code, text, update.request, update.draft.room)]
        case _:
            return [unwritten(update, end)]


def unwritten(wanted: effects.Append | effects.Amend | effects.Update, end: Unwritten) -> Tell:
    """The answer when nothing came into the log."""
    draft, request = wanted.draft, wanted.request
    match end:
        case Already():
            return Tell(duplicate(request, draft.room, draft.cid, end.seq))
        case Behind():
            return refuse(Code.BEHIND, "this room has moved on; sync, then send again", request, draft.room)
        case Busy():
            return refuse(Code.BUSY, "too many are writing at once; send again", request, draft.room)
        case Closed():
            return refuse(Code.ROOM_CLOSED, f"room {draft.room} is closed", request, draft.room)
        case NoRoom():
            return _no_such_room(draft.room, request)
        case _:
            assert_never(end)


def changed_room(record: RoomRecord, draft: Draft, member: Member) -> RoomRecord | Denied:
    """The record after an `Update`; what the draft leaves out stays."""
    if denied := may(member, record.room, "update", owner=record.created_by):
        return Denied(*denied)
    changed = replace(
        record,
        title=record.title if draft.title is None else draft.title,
        topic=record.topic if draft.topic is None else draft.topic,
        closed=record.closed if draft.closed is None else draft.closed,
    )
    return replace(changed, amended=record.amended + 1)


def _told(room: str, request: Request, row: Row, target: Row | None) -> list[Effect]:
    event = log_event(room, row, {} if target is None else {target.seq: target})
    own = event if request.id is None else event | {"id": request.id}
    return [Tell(own), effects.Broadcast(room, event)]


def new_room(room: str, user: str, given: Circumstances) -> RoomRecord:
    """The record of a room that comes into being by being used."""
    return RoomRecord(room, given.epoch, room.replace("-", " ").capitalize(), "", user, given.now)


def _entering(request: Request, position: Position, record: RoomRecord, member: Member) -> list[Effect]:
    room = position.room
    return [
        effects.Subscribe((room,), room, member.name),
        effects.ShowRoom(request, position, record),
        effects.AnnounceArrival((room,)),
        effects.ConfirmOpen((room,)),
    ]


_DRAFTED: Mapping[type[Command], tuple[Kind, Deed]] = {
    commands.SendMessage: ("message", "send"),
    commands.EditMessage: ("edit", "edit"),
    commands.DeleteMessage: ("delete", "delete"),
    commands.React: ("reaction", "react"),
}


def _write(command: commands.SendMessage | commands.Amendment, member: Member, given: Circumstances) -> list[Effect]:
    """A row for the log. Whose message an amendment is about is asked when it has been read."""
    kind, deed = _DRAFTED[type(command)]
    room = command.room or member.current_room
    if room is None:
        return [refuse(Code.BAD_ROOM, "name a room, or join one first", command.request)]
    if denied := may(member, room, deed):
        return [refuse(*denied, command.request, room)]
    given_cid = command.request.cid
    cid = given_cid or given.cid
    request = Request(command.request.id, cid)
    draft = Draft(room, member.user, member.name, cid, retention=given.retention, kind=kind, **_said(command, given))
    if isinstance(command, commands.SendMessage):
        missing = None if direct_members(room) else new_room(room, member.user, given)
        return [effects.Append(draft, command.seen, request, missing, given_cid is not None)]
    return [effects.Amend(draft, command.seen, request, given_cid is not None)]


def _said(command: commands.SendMessage | commands.Amendment, given: Circumstances) -> dict[str, Any]:
    match command:
        case commands.SendMessage():
            called = mentioned(command.text, given.people, command.mentions)
            return {"text": command.text, "reply_to": command.reply_to, "mentions": called}
        case commands.EditMessage():
            called = mentioned(command.text, given.people, command.mentions)
            return {"target": command.target, "text": command.text, "mentions": called}
        case commands.DeleteMessage():
            return {"target": command.target}
        case commands.React():
            return {"target": command.target, "emoji": command.emoji, "op": command.op}
        case _:
            assert_never(command)


InRoom = commands.LeaveRoom | commands.Who | commands.Sync | commands.History | commands.Typing
_DEEDS: Mapping[type[Command], Deed] = {commands.LeaveRoom: "leave", commands.Typing: "type"}


def _in_room(command: InRoom, member: Member) -> list[Effect]:
    """What is about one room, the current one if none is named, and needs nothing but the right to do it."""
    room, request = command.room or member.current_room, command.request
    if room is None:
        return [refuse(Code.BAD_ROOM, "name a room, or join one first", request)]
    if denied := may(member, room, _DEEDS.get(type(command), "read")):
        return [refuse(*denied, request, room)]
    match command:
        case commands.LeaveRoom():
            return [effects.Unsubscribe(request, room)]
        case commands.Who():
            return [effects.SendPeople(request, room)]
        case commands.Sync():
            return [effects.SendPage(request, Position(room, command.epoch, command.after))]
        case commands.History():
            return [effects.SendHistory(request, room, command.before, command.limit)]
        case commands.Typing():
            return [effects.SendTyping(room)]
        case _:
            assert_never(command)


def _manage(
    command: commands.UpdateRoom | commands.MarkRead | commands.OpenDm | commands.RemoveUser,
    member: Member,
    given: Circumstances,
) -> list[Effect]:
    match command:
        case commands.UpdateRoom():
            return _update(command, member, given)
        case commands.MarkRead(request, room, seq, back):
            denied = may(member, room, "mark")
            return [refuse(*denied, request, room)] if denied else [effects.StoreReadMark(request, room, seq, back)]
        case commands.OpenDm():
            return _open_direct(command, member, given)
        case commands.RemoveUser(request, user):
            if not member.admin:
                return [refuse(Code.FORBIDDEN, "only an admin removes a guest", request)]
            if not is_guest(user):
                return [refuse(Code.BAD_REQUEST, "only guests are removed here; others, where they sign in", request)]
            return [effects.RemoveMember(request, user)]
        case _:
            assert_never(command)


def _update(command: commands.UpdateRoom, member: Member, given: Circumstances) -> list[Effect]:
    room = command.room
    denied = may(member, room, "update") or (None if command.closed is None else may(member, room, "close"))
    if denied:
        return [refuse(*denied, command.request, room)]
    cid = command.request.cid or given.cid
    draft = Draft(
        room, member.user, member.name, cid, retention=given.retention, kind="room",
        title=command.title, topic=command.topic, closed=command.closed,
    )  # fmt: skip
    request = Request(command.request.id, cid)
    return [effects.Update(draft, command.seen, request, command.request.cid is not None)]


def _open_direct(command: commands.OpenDm, member: Member, given: Circumstances) -> list[Effect]:
    request = command.request
    if command.user == member.user:
        return [refuse(Code.BAD_REQUEST, "a conversation needs somebody else", request)]
    room = direct_room(member.user, command.user)
    if room not in member.rooms and len(member.rooms) >= limits.ROOMS_PER_CONNECTION:
        return [_too_many_rooms(request)]
    record = RoomRecord(room, given.epoch, "", "", member.user, given.now)

    def then(found: RoomRecord) -> list[Effect]:
        return _entering(request, Position(room), found, member)

    return [effects.OpenDirect(record, request, command.user, then)]


def _hears(member: Member, room: str) -> bool:
    """Whether the connection is told what happens in the room: it joined it, or it is a conversation of its user."""
    pair = direct_members(room)
    return room in member.rooms if pair is None else member.user in pair


def _no_such_room(room: str, request: Request) -> Tell:
    return refuse(Code.NO_SUCH_ROOM, f"there is no room {room}; createRoom makes one", request, room)


def _too_many_rooms(request: Request) -> Tell:
    return refuse(
        Code.TOO_LARGE, f"a connection is in at most {limits.ROOMS_PER_CONNECTION} rooms; leave one first", request
    )
