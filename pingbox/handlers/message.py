"""MessageLambda, routes `sendMessage` and `$default`: one frame, through the gate, decided, carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.effects import departure
from pingbox.handlers.effects.entry import Guest
from pingbox.handlers.effects.perform import perform
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports
from pingbox.handlers.storage.dynamodb import is_throttled
from pingbox_core import commands, decide, gate, limits
from pingbox_core.commands import Command
from pingbox_core.decide import Circumstances
from pingbox_core.effects import Effect
from pingbox_core.errors import Code, Refusal, Request, error_event
from pingbox_core.events import bye
from pingbox_core.log import RoomRecord, Row
from pingbox_core.members import Member
from pingbox_core.mentions import Person, calls_somebody
from pingbox_core.names import direct_members

_INTERNAL = "something went wrong here; try again"
_BUSY = "the store is busy; try again"


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one frame. Always 200: answers are posted, and nobody reads the response of a one-way route.

    Whatever goes wrong, the client gets an `error` event and never a traceback.
    """
    with Invocation(ports, "message", event["requestContext"]["connectionId"]) as invocation:
        action, command = commands.parse(event.get("body") or "")
        invocation.line["action"] = action
        if isinstance(command, Refusal):
            invocation.tell(error_event(command))
        else:
            with _told_if_it_fails(invocation, command.request):
                _answer(invocation, action, command)
        departure.clean(invocation)
    return {"statusCode": 200}


@contextmanager
def _told_if_it_fails(invocation: Invocation, request: Request) -> Iterator[None]:
    """Tell the client in general words, and let the log have the rest. The room must be cleaned all the same."""
    try:
        yield
    except Exception as failure:
        busy = is_throttled(failure)
        code, text = (Code.BUSY, _BUSY) if busy else (Code.INTERNAL, _INTERNAL)
        invocation.note_failure(failure)
        invocation.tell(error_event(Refusal(code, text, request)))


def _answer(invocation: Invocation, action: str, command: Command) -> None:
    now = invocation.now
    member = invocation.connections.pass_gate(
        invocation.connection, action, now, invocation.settings.rate, command.request
    )
    match member:
        case gate.Unknown():
            _turn_away(invocation)
        case Refusal():
            if action != "typing":  # it has no answer, and a refused one has none either
                invocation.tell(error_event(member))
        case _:
            invocation.line["user"] = member.user
            over = decide.session_end(member, now)
            perform(invocation, *((Guest(member), over) if over else _decide(invocation, member, command)))


def _decide(invocation: Invocation, member: Member, command: Command) -> tuple[Guest, list[Effect]]:
    """Load what this command needs, and decide."""
    settings, fresh = invocation.settings, invocation.ports.fresh
    given = Circumstances(invocation.now, fresh.cid(), fresh.epoch(), settings.default_room, settings.retention_days)
    match command:
        case commands.Hello():
            return _decide_hello(invocation, member, command, given)
        case commands.JoinRoom():
            room = command.position.room
            _, records = invocation.messages.load(None, [room])
            if room == given.default_room and room not in records:
                records[room] = _opened(invocation, member, given)
            return Guest(member), decide.join(command, member, records.get(room))
        case commands.SendMessage() | commands.EditMessage():
            named = replace(given, people=_people(invocation, member, command))
            return Guest(member), decide.act(command, member, named)
        case _:
            return Guest(member), decide.act(command, member, given)


def _people(
    invocation: Invocation, member: Member, command: commands.SendMessage | commands.EditMessage
) -> tuple[Person, ...]:
    """Who may be called by name: who is in the room, and who wrote there lately. Looked up only if somebody is."""
    room = command.room or member.current_room
    if not calls_somebody(command.text) or room is None or room not in member.rooms or direct_members(room):
        return ()
    present = invocation.connections.present(room, invocation.now, strong=False)
    slots = invocation.messages.newest(room, limits.HISTORY_ROWS)
    here = [(one.user, one.name) for one in present if not one.plain]
    return (*here, *((slot.user, slot.name) for slot in slots if isinstance(slot, Row)))


def _decide_hello(
    invocation: Invocation, member: Member, command: commands.Hello, given: Circumstances
) -> tuple[Guest, list[Effect]]:
    """One read if the client names its rooms, two if the saved list must be read first."""
    named = [position.room for position in command.rooms]
    document, records = invocation.messages.load(member.user, [*named, *_unless_in(named, given.default_room)])
    if given.default_room not in records:
        records[given.default_room] = _opened(invocation, member, given)
    saved = () if document is None else tuple(document.rooms)
    wanted = decide.saved_or_default(command, saved, given.default_room)
    unread = [position.room for position in wanted if position.room not in named]
    if others := [room for room in unread if room != given.default_room]:
        records |= invocation.messages.load(None, others)[1]
    if document is not None and member.guest:  # others have their name from their token
        member = replace(member, name=document.name)
    return Guest(member, document), decide.hello(command, member, wanted, records, given)


def _opened(invocation: Invocation, member: Member, given: Circumstances) -> RoomRecord:
    """The default room's record, made now unless somebody else makes it at the same moment."""
    record = decide.new_room(given.default_room, member.user, given)
    if invocation.messages.create(record):
        return record
    stored = invocation.messages.record(given.default_room)
    if stored is None:
        raise RuntimeError(f"the record of room {given.default_room} exists and is not there")
    return stored


def _unless_in(named: list[str], room: str) -> list[str]:
    return [] if room in named else [room]


def _turn_away(invocation: Invocation) -> None:
    """The record is gone (cleaned by mistake, or expired): the client must come again."""
    invocation.line["code"] = "unknown_connection"
    invocation.tell(bye("unknown_connection", "this connection is not known any more; reconnect", reconnect=True))
    invocation.ports.postman.close(invocation.connection)


lambda_handler = environment.function(handle, secret=True, management=True)
