"""Coming in: `hello`, `joinRoom`, `createRoom`. Subscriptions are written first, then the log is read (I3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pingbox.handlers.effects import departure
from pingbox.handlers.effects.answers import View, last_message, recent, view
from pingbox.handlers.invocation import Entry, Invocation
from pingbox.handlers.storage.messages import UserDocument
from pingbox_core import effects, events, limits
from pingbox_core.identity import tokens
from pingbox_core.log import RoomRecord
from pingbox_core.members import Member, Presence, is_first_tab, oldest_beyond, people
from pingbox_core.names import direct_members, guest_name


@dataclass(frozen=True)
class Guest:
    """Who comes in, and what was loaded of them. `document`: None if the user has none, or is a plain client."""

    member: Member
    document: UserDocument | None = None


def subscribe(invocation: Invocation, member: Member, wanted: effects.Subscribe) -> bool:
    """Note the rooms in the record, then write the rows. False if the connection is gone meanwhile."""
    connections = invocation.connections
    if not connections.enter(member.connection, wanted.rooms, wanted.focus, wanted.name, greeted=wanted.tab):
        return False
    connections.subscribe(member, wanted.rooms, tab=wanted.tab)
    invocation.unconfirmed = Entry(member, wanted.rooms, wanted.tab)
    return True


def welcome(invocation: Invocation, guest: Guest, wanted: effects.Welcome) -> bool:
    """Greet: who you are, the rooms, what you missed, `ready`. False if nobody is there to hear it."""
    pairs = list(zip(wanted.positions, wanted.records, strict=True))
    views = invocation.ports.together([partial(view, invocation, position, record) for position, record in pairs])
    marks = _marks(invocation, guest, wanted.name, views)
    rooms = [v.record.room for v in views]
    looks = [partial(invocation.connections.present, room, invocation.now, strong=False) for room in rooms]
    present = dict(zip(rooms, invocation.ports.together(looks), strict=True))
    others = _others(invocation, guest.member, present)
    states = [_state(invocation, v, marks[v.record.room], present[v.record.room], others) for v in views]
    told = events.limits_told(invocation.settings.rate)
    user, token = _user(guest.member, wanted.name), _token(invocation, guest.member)
    greeting = events.welcome(wanted.request, user, token, states, told, invocation.now)
    news = [v.sync for v in views if v.has_news]
    return all(invocation.tell(event) for event in (greeting, *news, {"type": "ready"}))


def show_room(invocation: Invocation, member: Member, wanted: effects.ShowRoom) -> bool:
    """Answer a join with everything the page needs; two frames if one would be too large."""
    room = wanted.record.room
    seen = view(invocation, wanted.position, wanted.record)
    mark: Any = {"s": seen.head.seq, "n": seen.head.n}
    if not member.plain:
        mark = invocation.messages.remember(member.user, member.name, {room: mark}).rooms[room]
    present = invocation.connections.present(room, invocation.now)
    state = _state(invocation, seen, mark, present, _others(invocation, member, {room: present}))
    who = events.who(room, people(present), recent(invocation, room, present))
    joined = events.answer("joined", wanted.request, room=state, who=who["users"], recent=who["recent"])
    whole = joined | {"sync": seen.sync}
    if len(events.frame(whole)) <= limits.FRAME_BYTES:
        return invocation.tell(whole)
    return invocation.tell(joined) and invocation.tell(seen.sync)


def open_direct(invocation: Invocation, wanted: effects.OpenDirect) -> RoomRecord | None:
    """The room of two users, made now if there is none. None: nobody knows the other user."""
    if wanted.other not in invocation.messages.documents([wanted.other]):
        return None
    if invocation.messages.create(wanted.record):
        return wanted.record
    stored = invocation.messages.record(wanted.record.room)
    if stored is None:
        raise RuntimeError(f"the record of room {wanted.record.room} exists and is not there")
    return stored


def announce_arrival(invocation: Invocation, member: Member, rooms: tuple[str, ...]) -> None:
    """Tell the others of each room in which this is the user's first tab. A plain client has no presence."""
    if member.plain:
        return
    looks = [partial(invocation.connections.present, room, invocation.now) for room in rooms]
    for room, present in zip(rooms, invocation.ports.together(looks), strict=True):
        if is_first_tab(present, member):
            online = len(people(present))
            event = events.presence(room, {"id": member.user, "name": member.name}, online)
            departure.announce(invocation, room, event, departure.present_ids(present, member.connection), online)


def limit_tabs(invocation: Invocation, member: Member) -> None:
    """The eleventh connection of a user costs the first one."""
    tabs = invocation.connections.tabs(member.user, invocation.now)
    for connection in oldest_beyond(tabs, limits.TABS_PER_USER):
        _dismiss(invocation, connection)
        departure.depart(invocation, connection)


def limit_connections(invocation: Invocation, user: str, allowed: int) -> None:
    """The same for those who never say `hello`. `$disconnect` removes what is closed here, or the sweep."""
    excess = oldest_beyond(invocation.connections.tabs(user, invocation.now), allowed)
    for connection in excess:
        _dismiss(invocation, connection)
    invocation.connections.forget_tabs(user, excess)


def _dismiss(invocation: Invocation, connection: str) -> None:
    farewell = events.bye("too_many_tabs", "you have opened this chat too often elsewhere", reconnect=False)
    invocation.post([connection], events.frame(farewell), "")
    invocation.ports.postman.close(connection)


def confirm_open(invocation: Invocation, member: Member, rooms: tuple[str, ...], *, tab: bool) -> None:
    """If `$disconnect` ran while we wrote, it did not see our rows: take them back and say so."""
    invocation.unconfirmed = None
    if invocation.connections.record(member.connection) is None:
        invocation.connections.unsubscribe(member, rooms, tab=tab)
        departure.announce_leave(invocation, member, list(rooms))


def _marks(invocation: Invocation, guest: Guest, name: str, views: list[View]) -> dict[str, Any]:
    """The user's read markers. A room entered for the first time counts as read up to its head."""
    document = guest.document
    heads = {v.record.room: {"s": v.head.seq, "n": v.head.n} for v in views}
    known = {} if document is None else document.rooms
    new = {room: mark for room, mark in heads.items() if room not in known}
    if new or document is None or document.name != name:
        document = invocation.messages.remember(guest.member.user, name, new)
    return {room: document.rooms.get(room, mark) for room, mark in heads.items()}


def _others(
    invocation: Invocation, member: Member, present: Mapping[str, list[Presence]]
) -> Mapping[str, dict[str, Any]]:
    """With whom each direct room is shared, by room: who it is, and whether that user is online, or was when."""
    found: dict[str, str] = {}
    for room in present:
        pair = direct_members(room)
        if pair is not None:
            found[room] = pair[pair[0] == member.user]
    documents = invocation.messages.documents(set(found.values())) if found else {}
    return {room: _about(user, documents.get(user), present[room]) for room, user in found.items()}


def _about(user: str, document: UserDocument | None, present: list[Presence]) -> dict[str, Any]:
    name = guest_name(user) if document is None else document.name
    online = any(one.user == user and not one.plain for one in present)
    about = {"id": user, "name": name, "online": online}
    return about if document is None or document.last_seen is None else about | {"lastSeen": document.last_seen}


def _state(
    invocation: Invocation,
    seen: View,
    mark: Mapping[str, int],
    present: list[Presence],
    others: Mapping[str, dict[str, Any]],
) -> events.Event:
    last, online = last_message(invocation, seen), len(people(present))
    told = events.RoomView(seen.head, seen.floor, mark, online, last, others.get(seen.record.room))
    return events.room_state(seen.record, told)


def _user(member: Member, name: str) -> dict[str, Any]:
    user: dict[str, Any] = {"id": member.user, "name": name, "guest": member.guest}
    return user | {"admin": True} if member.admin else user


def _token(invocation: Invocation, member: Member) -> str | None:
    return tokens.sign(member.user, invocation.ports.secret(), invocation.now) if member.guest else None
