"""Everything about leaving: one room, all rooms, found dead by a post, found dead by the sweep (chat.md C5)."""

from __future__ import annotations

from pingbox.handlers.invocation import Invocation
from pingbox_core import events, limits
from pingbox_core.members import Member, Presence, has_left, people


def leave_room(invocation: Invocation, member: Member, room: str) -> None:
    """Take a connection out of one room and tell the others."""
    if not invocation.connections.forget_room(member.connection, room):
        return
    was_there = invocation.connections.unsubscribe_one(room, member.connection)
    if not member.plain:
        invocation.messages.forget(member.user, room)
    if was_there:
        announce_leave(invocation, member, [room])


def depart(invocation: Invocation, connection: str) -> bool:
    """Remove a connection altogether and tell its rooms. False if somebody else has done it or does it now.

    The record goes first: whoever gets it back from the delete does the rest, so two cleaners never both announce.
    """
    member = invocation.connections.close(connection)
    if member is None:
        return False
    rooms = sorted(member.rooms)
    invocation.line.setdefault("user", member.user)
    invocation.connections.unsubscribe(member, rooms, tab=True)
    if not member.plain:
        invocation.messages.note_last_seen(member.user, invocation.now)
    announce_leave(invocation, member, rooms)
    return True


def announce_leave(invocation: Invocation, member: Member, rooms: list[str]) -> None:
    """Post `presence` offline to each room in which no tab of the user is left. Looks after its own delete."""
    if member.plain:
        return
    for room in rooms:
        present = invocation.connections.present(room, invocation.now)
        if has_left(present, member.user):
            user = {"id": member.user, "name": member.name}
            online = len(people(present))
            announce(
                invocation, room, events.presence(room, user, online, invocation.now), present_ids(present), online
            )


def present_ids(present: list[Presence], but: str = "") -> list[str]:
    """The connections that want to hear about presence: not the plain clients, and not the one it is about."""
    return [one.connection for one in present if not one.plain and one.connection != but]


def announce(invocation: Invocation, room: str, event: events.Event, receivers: list[str], online: int) -> None:
    """Post a presence event unless the room is too large for such news (C6)."""
    if online <= limits.PRESENCE_ONLINE:
        invocation.fan_out(receivers, event, room)


def clean(invocation: Invocation) -> None:
    """Remove the connections that posts of this invocation found gone (layer 1), and those their farewells find.

    A young connection is left alone: it may answer 410 because its upgrade is still pending (CN-14).
    """
    cleaned: set[str] = set()
    removed = 0
    while pending := [one for one in invocation.gone.items() if one[0] not in cleaned]:
        for connection, room in pending:
            cleaned.add(connection)
            removed += _clean_one(invocation, connection, room)
    if cleaned:
        invocation.line["gone"] = len(cleaned)
        invocation.line["cleaned"] = removed


def _clean_one(invocation: Invocation, connection: str, room: str) -> bool:
    young = invocation.now - limits.YOUNG
    record = invocation.connections.record(connection)
    if record is not None:
        return record.connected_at < young and depart(invocation, connection)
    if not room:
        return _take_back(invocation, connection)
    orphan = invocation.connections.delete_orphan(room, connection, young)
    if orphan is None:
        return False
    announce_leave(invocation, Member(connection, orphan.user, orphan.name, plain=orphan.plain), [room])
    return True


def _take_back(invocation: Invocation, connection: str) -> bool:
    """Delete the rows of an entry that `$disconnect` overtook; nobody was told of that arrival."""
    entry = invocation.unconfirmed
    if entry is None or entry.member.connection != connection:
        return False
    invocation.connections.unsubscribe(entry.member, entry.rooms, tab=entry.tab)
    return True
