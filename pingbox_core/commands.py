"""One frame in, one command or one refusal out. The only place that reads what a client sent (chat.md B4, D5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pingbox_core import limits, names
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.names import UnacceptableError


@dataclass(frozen=True)
class Position:
    """How far a client holds a room's log: `seen` is the end of its contiguous run; None means it holds nothing."""

    room: str
    epoch: str | None = None
    seen: int | None = None


@dataclass(frozen=True)
class Hello:
    """Introduce, subscribe, resume. No `rooms`: the saved list of the user, else the default room."""

    request: Request
    name: str | None
    rooms: tuple[Position, ...]
    focus: str | None


@dataclass(frozen=True)
class JoinRoom:
    """Subscribe to one room; it becomes the current one."""

    request: Request
    position: Position


@dataclass(frozen=True)
class LeaveRoom:
    """`room` None in this and the following commands: the connection's current room."""

    request: Request
    room: str | None


@dataclass(frozen=True)
class Focus:
    """Make a joined room the current one; nothing is answered."""

    request: Request
    room: str


@dataclass(frozen=True)
class CreateRoom:
    """Create a public room and join it."""

    request: Request
    room: str
    title: str
    topic: str


@dataclass(frozen=True)
class ListRooms:
    """The public rooms after `after` (a room id), in order of their ids."""

    request: Request
    after: str | None
    limit: int


@dataclass(frozen=True)
class SendMessage:
    """`request.cid` None: the server makes one. `seen` None: best-effort duplicate check (chat.md B8)."""

    request: Request
    room: str | None
    text: str
    seen: int | None
    reply_to: int | None


@dataclass(frozen=True)
class Sync:
    """The log after `after`; None: its newest page."""

    request: Request
    room: str | None
    epoch: str | None
    after: int | None


@dataclass(frozen=True)
class History:
    """Messages before `before`, None: the newest."""

    request: Request
    room: str | None
    before: int | None
    limit: int


@dataclass(frozen=True)
class Who:
    """Ask for the people of a room."""

    request: Request
    room: str | None


@dataclass(frozen=True)
class Ping:
    """Is anybody there, and in which of these rooms is the client behind? `rooms`: (room, seen)."""

    request: Request
    rooms: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Bye:
    """A clean leave."""

    request: Request


Command = (
    Hello | JoinRoom | LeaveRoom | Focus | CreateRoom | ListRooms | SendMessage | Sync | History | Who | Ping | Bye
)


def parse(body: str) -> tuple[str, Command | Refusal]:
    """The action's name (`""` if none can be read) and the command, or why there is none. Never raises.

    The order is deliberate: size before anything else, depth before looking inside, then the action's own fields. A
    frame that can be read at all is refused with its `id` and `cid`, whatever is wrong with it.
    """
    frame = _read(body)
    if isinstance(frame, Refusal):
        return "", frame
    request = _request(frame)
    action = frame.get("action")
    if not isinstance(action, str):
        return "", Refusal(Code.BAD_REQUEST, 'a frame needs an "action", as in {"action":"sendMessage"}', request)
    reader = _ACTIONS.get(action)
    if reader is None:
        # Never echo an unbounded stranger's string into our logs: an unknown action has no name there.
        known = ", ".join(sorted(_ACTIONS))
        return "", Refusal(Code.UNKNOWN_ACTION, f"unknown action {action[:32]!r}; known are {known}", request)
    try:
        return action, reader(_Fields(frame), request)
    except UnacceptableError as refused:
        return action, Refusal(refused.code, refused.message, request)


def _read(body: str) -> dict[str, Any] | Refusal:
    too_large = len(body) > limits.FRAME_BYTES or len(body.encode(errors="surrogatepass")) > limits.FRAME_BYTES
    try:
        frame = json.loads(body[: limits.MESSAGE_CHARACTERS], parse_constant=_no_constant)
    except (ValueError, RecursionError):
        frame = None
    request = _request(frame) if isinstance(frame, dict) else Request()
    if too_large:
        return Refusal(Code.TOO_LARGE, f"a frame has at most {limits.FRAME_BYTES} bytes", request)
    if frame is None:
        return Refusal(Code.BAD_REQUEST, 'a frame is one JSON object, as in {"action":"sendMessage","text":"hi"}')
    if not isinstance(frame, dict):
        return Refusal(Code.BAD_REQUEST, f"a frame is a JSON object, not {type(frame).__name__}")
    if _is_deeper(frame, limits.NESTING):
        text = f"a frame has at most {limits.NESTING} levels of objects and lists"
        return Refusal(Code.BAD_REQUEST, text, request)
    return frame


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def _request(frame: Mapping[str, Any]) -> Request:
    """The ids to repeat in an answer. A cid that breaks the rules is repeated too, so that a client hears which."""
    return Request(_echo(frame.get("id")), _echo(frame.get("cid")))


def _echo(given: object) -> str | None:
    usable = isinstance(given, str) and len(given) <= limits.ECHO_CHARACTERS and _is_whole(given)
    return given if usable and isinstance(given, str) else None


def _is_whole(text: str) -> bool:
    """Whether `text` can be sent back: half a surrogate pair, which JSON escapes can make, has no UTF-8."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


class _Fields:
    """Reads the fields of one object; every method raises `UnacceptableError`. JSON null means absent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str, longest: int | None = None) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise UnacceptableError(Code.BAD_REQUEST, f"{name} is a string, not {type(value).__name__}")
        if longest is not None and (len(value) > longest or not _is_whole(value)):
            raise UnacceptableError(Code.BAD_REQUEST, f"{name} has at most {longest} characters")
        return value

    def whole(self, name: str, lowest: int = 0, highest: int = limits.HIGHEST_SEQ) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise UnacceptableError(Code.BAD_REQUEST, f"{name} is a whole number from {lowest} to {highest}")
        return value

    def many(self, name: str, kind: type[list[Any]] | type[dict[str, Any]]) -> Any:
        value = self._values.get(name)
        if value is None:
            return kind()
        if not isinstance(value, kind):
            raise UnacceptableError(Code.BAD_REQUEST, f"{name} is {'a list' if kind is list else 'an object'}")
        if len(value) > limits.ROOMS_PER_CONNECTION:
            raise UnacceptableError(Code.TOO_LARGE, f"{name} has at most {limits.ROOMS_PER_CONNECTION} entries")
        return value

    def check_cid(self) -> None:
        cid = self.text("cid")
        if cid is not None and not names.is_cid(cid):
            raise UnacceptableError(Code.BAD_REQUEST, "cid has 8 to 36 letters, digits, hyphens or underscores")

    def room(self) -> str:
        room = self.room_or_current()
        if room is None:
            raise UnacceptableError(Code.BAD_ROOM, 'this action needs a "room"')
        return room

    def room_or_current(self) -> str | None:
        room = self.text("room")
        if room is not None:
            _check_room(room)
        return room

    def position(self) -> Position:
        return Position(self.room(), self.text("epoch", limits.EPOCH_CHARACTERS), self.whole("seen"))


def _check_room(room: str) -> None:
    if not names.is_room(room):
        rule = "lower-case letters, digits and inner hyphens, 1 to 48 characters"
        raise UnacceptableError(Code.BAD_ROOM, f"not a room id; one has {rule}")


def _hello(fields: _Fields, request: Request) -> Command:
    version = fields.whole("v")
    if version not in (None, limits.VERSION):
        raise UnacceptableError(
            Code.UNSUPPORTED_VERSION, f"this server speaks version {limits.VERSION}; reload the page"
        )
    name, focus = fields.text("name"), fields.text("focus")
    if focus is not None:
        _check_room(focus)
    positions: dict[str, Position] = {}
    for entry in fields.many("rooms", list):
        if not isinstance(entry, dict):
            raise UnacceptableError(Code.BAD_REQUEST, 'rooms is a list of objects with a "room"')
        position = _Fields(entry).position()
        positions[position.room] = position
    return Hello(request, None if name is None else names.display_name(name), tuple(positions.values()), focus)


def _join_room(fields: _Fields, request: Request) -> Command:
    return JoinRoom(request, fields.position())


def _leave_room(fields: _Fields, request: Request) -> Command:
    return LeaveRoom(request, fields.room_or_current())


def _focus(fields: _Fields, request: Request) -> Command:
    return Focus(request, fields.room())


def _create_room(fields: _Fields, request: Request) -> Command:
    room = fields.room()
    if not names.is_public_room(room):
        raise UnacceptableError(Code.BAD_ROOM, "ids that begin with dm: are reserved for direct messages")
    title, topic = fields.text("title"), fields.text("topic")
    return CreateRoom(
        request, room, names.room_title(title or room), names.room_topic(topic) if topic is not None else ""
    )


def _list_rooms(fields: _Fields, request: Request) -> Command:
    limit = fields.whole("limit", 1, 100)
    return ListRooms(request, fields.text("after", 48), 50 if limit is None else limit)


def _send_message(fields: _Fields, request: Request) -> Command:
    fields.check_cid()
    return SendMessage(
        request,
        fields.room_or_current(),
        names.message_text(fields.text("text") or ""),
        fields.whole("seen"),
        fields.whole("replyTo", 1),
    )


def _sync(fields: _Fields, request: Request) -> Command:
    epoch = fields.text("epoch", limits.EPOCH_CHARACTERS)
    return Sync(request, fields.room_or_current(), epoch, fields.whole("after"))


def _history(fields: _Fields, request: Request) -> Command:
    limit = fields.whole("limit", 1, limits.PAGE_EVENTS)
    before = fields.whole("before", 1)
    return History(request, fields.room_or_current(), before, limits.PAGE_EVENTS if limit is None else limit)


def _who(fields: _Fields, request: Request) -> Command:
    return Who(request, fields.room_or_current())


def _ping(fields: _Fields, request: Request) -> Command:
    given = _Fields(rooms := fields.many("rooms", dict))
    for room in rooms:
        _check_room(room)
    return Ping(request, tuple((room, given.whole(room) or 0) for room in rooms))


def _bye(fields: _Fields, request: Request) -> Command:
    return Bye(request)


_ACTIONS: Final[Mapping[str, Callable[[_Fields, Request], Command]]] = {
    "hello": _hello,
    "joinRoom": _join_room,
    "leaveRoom": _leave_room,
    "focus": _focus,
    "createRoom": _create_room,
    "listRooms": _list_rooms,
    "sendMessage": _send_message,
    "sync": _sync,
    "history": _history,
    "who": _who,
    "ping": _ping,
    "bye": _bye,
}
