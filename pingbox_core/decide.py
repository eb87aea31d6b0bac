"""From a command, who asks and what was loaded to a list of effects. Pure: time and fresh ids come in as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from pingbox_core import commands, effects, limits
from pingbox_core.access import Deed, may
from pingbox_core.commands import Command, Position
from pingbox_core.effects import Effect, Tell
from pingbox_core.errors import Code, Refusal, Request, error_event
from pingbox_core.events import bye, duplicate, message
from pingbox_core.log import Already, Behind, Busy, Draft, Ours, Put, RoomRecord
from pingbox_core.members import Member


@dataclass(frozen=True)
class Circumstances:
    """What a decision may know beside the command. `now` in milliseconds; `cid` and `epoch` are fresh random ids."""

    now: int
    cid: str
    epoch: str
    default_room: str
    retention: int | None = None


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
    return [effects.CreateRoom(record, command.request, then)]


def act(command: Command, member: Member, given: Circumstances) -> list[Effect]:
    """Every command that needs nothing loaded; `hello` and `joinRoom` are above, `focus` is the gate's own write."""
    match command:
        case commands.SendMessage():
            return _send(command, member, given)
        case commands.CreateRoom():
            return create(command, member, given)
        case commands.LeaveRoom():
            return _in_room(
                command.room, member, "leave", command.request, lambda room: effects.Unsubscribe(command.request, room)
            )
        case commands.Who():
            return _in_room(
                command.room, member, "read", command.request, lambda room: effects.SendPeople(command.request, room)
            )
        case commands.Sync() | commands.History():
            return _read(command, member)
        case commands.ListRooms():
            return [effects.SendRooms(command.request, command.after, command.limit)]
        case commands.Ping():
            joined = tuple((room, seen) for room, seen in command.rooms if room in member.rooms)
            return [effects.SendPong(command.request, joined)]
        case commands.Bye():
            return [effects.Leave(), effects.Close()]
        case commands.Hello() | commands.JoinRoom() | commands.Focus():
            raise TypeError(f"{type(command).__name__} is decided elsewhere")
        case _:
            assert_never(command)


def appended(append: effects.Append, end: Put | Ours | Already | Behind | Busy) -> list[Effect]:
    """What follows an append (`Put`: the row is in its slot). The sender hears first: the echo acknowledges."""
    draft, request = append.draft, append.request
    match end:
        case Put() | Ours():
            event = message(draft.room, end.row)
            own = event if request.id is None else event | {"id": request.id}
            return [Tell(own), effects.Broadcast(draft.room, event)]
        case Already():
            return [Tell(duplicate(request, draft.room, draft.cid, end.seq))]
        case Behind():
            return [refuse(Code.BEHIND, "this room has moved on; sync, then send again", request, draft.room)]
        case Busy():
            return [refuse(Code.BUSY, "too many are writing at once; send again", request, draft.room)]
        case _:
            assert_never(end)


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


def _send(command: commands.SendMessage, member: Member, given: Circumstances) -> list[Effect]:
    room = command.room or member.current_room
    if room is None:
        return [refuse(Code.BAD_ROOM, "name a room, or join one first", command.request)]
    if denied := may(member, room, "send"):
        return [refuse(*denied, command.request, room)]
    cid = command.request.cid or given.cid
    draft = Draft(room, member.user, member.name, cid, command.text, command.reply_to, given.retention)
    request = Request(command.request.id, cid)
    missing = new_room(room, member.user, given)
    return [effects.Append(draft, command.seen, request, missing, command.request.cid is not None)]


def _read(command: commands.Sync | commands.History, member: Member) -> list[Effect]:
    def reading(room: str) -> Effect:
        if isinstance(command, commands.Sync):
            return effects.SendPage(command.request, Position(room, command.epoch, command.after))
        return effects.SendHistory(command.request, room, command.before, command.limit)

    return _in_room(command.room, member, "read", command.request, reading)


def _in_room(
    named: str | None, member: Member, deed: Deed, request: Request, effect: Callable[[str], Effect]
) -> list[Effect]:
    room = named or member.current_room
    if room is None:
        return [refuse(Code.BAD_ROOM, "name a room, or join one first", request)]
    if denied := may(member, room, deed):
        return [refuse(*denied, request, room)]
    return [effect(room)]


def _no_such_room(room: str, request: Request) -> Tell:
    return refuse(Code.NO_SUCH_ROOM, f"there is no room {room}; createRoom makes one", request, room)


def _too_many_rooms(request: Request) -> Tell:
    return refuse(
        Code.TOO_LARGE, f"a connection is in at most {limits.ROOMS_PER_CONNECTION} rooms; leave one first", request
    )
