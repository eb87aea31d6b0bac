"""What goes to others without a place in the log: who is writing, what was read, who is removed."""

from __future__ import annotations

from pingbox.handlers.effects import departure
from pingbox.handlers.invocation import Invocation
from pingbox_core import decide, effects, events, limits
from pingbox_core.errors import Code
from pingbox_core.members import Member, people
from pingbox_core.names import direct_members, guest_name


def send_typing(invocation: Invocation, member: Member, room: str) -> None:
    """Tell the other people of a small room; an eventually consistent read will do."""
    present = invocation.connections.present(room, invocation.now, strong=False)
    if len(people(present)) <= limits.TYPING_ONLINE:
        others = [one.connection for one in present if not one.plain and one.user != member.user]
        invocation.fan_out(others, events.typing(room, {"id": member.user, "name": member.name}), room)


def mark_read(invocation: Invocation, member: Member, wanted: effects.StoreReadMark) -> None:
    """Move the marker to a row that exists, and tell all connections of the user; the asking one if it gave an `id`."""
    room, seq = wanted.room, wanted.seq
    row = invocation.messages.row(room, seq) if seq else None
    if seq and row is None:
        text = f"there is no event {seq} in {room}"
        invocation.tell(decide.refuse(Code.NOT_FOUND, text, wanted.request, room).event)
        return
    n = row.n if row is not None else 0
    if not invocation.messages.mark_read(member.user, room, {"s": seq, "n": n}, back=wanted.back):
        if wanted.request.id is not None:
            invocation.tell(events.answer("ok", wanted.request, room=room, dup=True))
        return
    event = events.read(room, seq, n)
    if wanted.request.id is not None:
        invocation.tell(event | {"id": wanted.request.id})
    tabs = invocation.connections.tabs(member.user, invocation.now)
    invocation.fan_out([one for _, one in tabs if one != invocation.connection], event, "")


def call_other(invocation: Invocation, member: Member, wanted: effects.CallOther) -> None:
    """A message came into a direct room: it is in the other user's list, even if that user had left it."""
    seq, n = wanted.mark
    for user in direct_members(wanted.room) or ():
        if user != member.user:
            invocation.messages.call(user, wanted.room, {"s": seq, "n": n})


def remove_user(invocation: Invocation, wanted: effects.RemoveMember) -> None:
    """Keep the guest out from now on, and close what is open. What `$disconnect` misses, the sweep finds."""
    invocation.messages.remove(wanted.user, guest_name(wanted.user))
    farewell = events.bye("removed", "an admin has closed this chat for you", reconnect=False)
    for _, connection in invocation.connections.tabs(wanted.user, invocation.now):
        invocation.post([connection], events.frame(farewell), "")
        invocation.ports.postman.close(connection)
        departure.depart(invocation, connection)
    invocation.tell(events.answer("ok", wanted.request, user=wanted.user))
