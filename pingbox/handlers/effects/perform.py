"""Carrying out effects, in the order the decision gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from pingbox.handlers.effects import answers, append, departure, entry, signals
from pingbox.handlers.effects.entry import Guest
from pingbox.handlers.invocation import Invocation
from pingbox_core import decide, effects
from pingbox_core.effects import Effect, Unconditional
from pingbox_core.errors import Code
from pingbox_core.events import answer


def perform(invocation: Invocation, guest: Guest, wanted: Sequence[Effect]) -> None:
    """Carry out all effects; stop early if the one they are for is gone."""
    for effect in wanted:
        if isinstance(effect, effects.Subscribe):
            guest = _as_entered(guest, effect)
        if not _perform_one(invocation, guest, effect):
            return


def _as_entered(guest: Guest, effect: effects.Subscribe) -> Guest:
    """Who the member is from here on: `hello` may bring a name and ends a plain client's plainness."""
    return replace(guest, member=replace(guest.member, name=effect.name, plain=guest.member.plain and not effect.tab))


def _perform_one(invocation: Invocation, guest: Guest, effect: Effect) -> bool:
    """One effect. False: the connection is gone, do not go on. A post that fails is no reason to stop an append."""
    match effect:
        case effects.Subscribe():
            return entry.subscribe(invocation, guest.member, effect)
        case effects.Welcome():
            return entry.welcome(invocation, guest, effect)
        case effects.ShowRoom():
            return entry.show_room(invocation, guest.member, effect)
        case _:
            _carry_out(invocation, guest, effect)
            return True


def _carry_out(invocation: Invocation, guest: Guest, effect: Unconditional) -> None:  # noqa: C901 - a table
    """An effect that the following ones do not depend on."""
    member = guest.member
    match effect:
        case effects.Tell(event):
            invocation.tell(event)
        case effects.Append():
            invocation.line["room"] = effect.draft.room
            perform(invocation, guest, decide.appended(effect, append.append(invocation, effect)))
        case effects.Amend():
            invocation.line["room"] = effect.draft.room
            perform(invocation, guest, decide.amended(effect, append.amend(invocation, effect, member)))
        case effects.Update():
            invocation.line["room"] = effect.draft.room
            perform(invocation, guest, decide.updated(effect, append.update(invocation, effect, member)))
        case effects.OpenDirect():
            _open_direct(invocation, guest, effect)
        case effects.CallOther():
            signals.call_other(invocation, member, effect)
        case effects.SendTyping(room):
            signals.send_typing(invocation, member, room)
        case effects.StoreReadMark():
            signals.mark_read(invocation, member, effect)
        case effects.RemoveMember():
            signals.remove_user(invocation, effect)
        case effects.Broadcast():
            append.broadcast(invocation, effect)
        case effects.StoreRoom():
            _create_room(invocation, guest, effect)
        case effects.AnnounceArrival(rooms):
            entry.announce_arrival(invocation, member, rooms)
        case effects.LimitTabs():
            entry.limit_tabs(invocation, member)
        case effects.ConfirmOpen(rooms, tab):
            entry.confirm_open(invocation, member, rooms, tab=tab)
        case effects.Unsubscribe(request, room):
            departure.leave_room(invocation, member, room)
            invocation.tell(answer("left", request, room=room))
        case effects.SendPage():
            answers.send_page(invocation, effect)
        case effects.SendHistory():
            answers.send_history(invocation, effect)
        case effects.SendPeople():
            answers.send_people(invocation, effect)
        case effects.SendRooms():
            answers.send_rooms(invocation, effect)
        case effects.SendPong():
            answers.send_pong(invocation, effect)
        case effects.StoreFocus(request, room):
            if not invocation.connections.focus(member.connection, room):
                invocation.tell(decide.refuse(Code.NOT_JOINED, f"join {room} before you focus it", request, room).event)
        case effects.Leave():
            departure.depart(invocation, member.connection)
        case effects.Close():
            invocation.ports.postman.close(invocation.connection)
        case _:
            assert_never(effect)


def _create_room(invocation: Invocation, guest: Guest, effect: effects.StoreRoom) -> None:
    room = effect.record.room
    if invocation.messages.create(effect.record):
        perform(invocation, guest, effect.then)
    else:
        refusal = decide.refuse(Code.ROOM_EXISTS, f"there is a room {room} already; join it", effect.request, room)
        invocation.tell(refusal.event)


def _open_direct(invocation: Invocation, guest: Guest, effect: effects.OpenDirect) -> None:
    record = entry.open_direct(invocation, effect)
    if record is None:
        text = f"nobody with the id {effect.other} has been here"
        invocation.tell(decide.refuse(Code.NOT_FOUND, text, effect.request).event)
    else:
        perform(invocation, guest, effect.then(record))
