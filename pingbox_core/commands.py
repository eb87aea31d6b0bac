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
    """`request.cid` None: the server makes one. `seen` None: best-effort duplicate check (chat.md B8).

    `mentions`: user ids that are meant where several people have the name that the text calls.
    """

    request: Request
    room: str | None
    text: str
    seen: int | None
    reply_to: int | None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class EditMessage:
    """Give an own message, `target`, another text. `seen` as in `SendMessage`, in the following commands too."""

    request: Request
    room: str | None
    target: int
    text: str
    seen: int | None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeleteMessage:
    """Erase an own message; an admin, anybody's."""

    request: Request
    room: str | None
    target: int
    seen: int | None


@dataclass(frozen=True)
class React:
    """Put an emoji to a message, or take it back: `op` is `add` or `remove`."""

    request: Request
    room: str | None
    target: int
    emoji: str
    op: str
    seen: int | None


@dataclass(frozen=True)
class UpdateRoom:
    """Change a room's title or topic, or close and open it; None: leave as it is."""

    request: Request
    room: str
    title: str | None
    topic: str | None
    closed: bool | None
    seen: int | None


@dataclass(frozen=True)
class Typing:
    """The user is writing; nothing is answered."""

    request: Request
    room: str | None


@dataclass(frozen=True)
class MarkRead:
    """The user has read up to `seq`. `back`: also if an earlier mark was further, to have it unread again."""

    request: Request
    room: str
    seq: int
    back: bool


@dataclass(frozen=True)
class OpenDm:
    """Open the conversation with another user."""

    request: Request
    user: str


@dataclass(frozen=True)
class RemoveUser:
    """Close all connections of a guest and let the guest's token in no more (admins)."""

    request: Request
    user: str


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


Amendment = EditMessage | DeleteMessage | React
Command = (
    Hello
    | JoinRoom
    | LeaveRoom
    | Focus
    | CreateRoom
    | ListRooms
    | SendMessage
    | Amendment
    | UpdateRoom
    | Typing
    | MarkRead
    | OpenDm
    | RemoveUser
    | Sync
    | History
    | Who
    | Ping
    | Bye
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

    def needed(self, name: str, lowest: int = 0) -> int:
        value = self.whole(name, lowest)
        if value is None:
            raise UnacceptableError(Code.BAD_REQUEST, f"this action needs a {name!r}, a whole number")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise UnacceptableError(Code.BAD_REQUEST, f"{name} is true or false")
        return value

    def user(self) -> str:
        user = self.text("user")
        if user is None or not names.is_user_id(user):
            raise UnacceptableError(Code.BAD_REQUEST, 'this action needs a "user": 1 to 64 of A-Z a-z 0-9 . _ ~ -')
        return user

    def mentions(self) -> tuple[str, ...]:
        users = self.many("mentions", list)
        if len(users) > limits.MENTIONS:
            raise UnacceptableError(Code.TOO_LARGE, f"mentions has at most {limits.MENTIONS} entries")
        if not all(isinstance(user, str) and names.is_user_id(user) for user in users):
            raise UnacceptableError(Code.BAD_REQUEST, "mentions is a list of user ids")
        return tuple(users)

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
        fields.mentions(),
    )


def _edit_message(fields: _Fields, request: Request) -> Command:
    fields.check_cid()
    text = names.message_text(fields.text("text") or "")
    target, seen = fields.needed("target", 1), fields.whole("seen")
    return EditMessage(request, fields.room_or_current(), target, text, seen, fields.mentions())


def _delete_message(fields: _Fields, request: Request) -> Command:
    fields.check_cid()
    return DeleteMessage(request, fields.room_or_current(), fields.needed("target", 1), fields.whole("seen"))


def _react(fields: _Fields, request: Request) -> Command:
    fields.check_cid()
    emoji, op = fields.text("emoji") or "", fields.text("op") or "add"
    if not names.is_emoji(emoji):
        raise UnacceptableError(Code.BAD_REQUEST, f"emoji is one emoji of at most {limits.EMOJI_CHARACTERS} characters")
    if op not in ("add", "remove"):
        raise UnacceptableError(Code.BAD_REQUEST, 'op is "add" or "remove"')
    return React(request, fields.room_or_current(), fields.needed("target", 1), emoji, op, fields.whole("seen"))


def _update_room(fields: _Fields, request: Request) -> Command:
    fields.check_cid()
    title, topic, closed = fields.text("title"), fields.text("topic"), fields.flag("closed")
    if title is None and topic is None and closed is None:
        raise UnacceptableError(Code.BAD_REQUEST, 'updateRoom needs a "title", a "topic" or "closed"')
    return UpdateRoom(
        request,
        fields.room(),
        None if title is None else names.room_title(title),
        None if topic is None else names.room_topic(topic),
        closed,
        fields.whole("seen"),
    )


def _typing(fields: _Fields, request: Request) -> Command:
    return Typing(request, fields.room_or_current())


def _mark_read(fields: _Fields, request: Request) -> Command:
    return MarkRead(request, fields.room(), fields.needed("seq"), fields.flag("back") or False)


def _open_dm(fields: _Fields, request: Request) -> Command:
    return OpenDm(request, fields.user())


def _remove_user(fields: _Fields, request: Request) -> Command:
    return RemoveUser(request, fields.user())


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
    "editMessage": _edit_message,
    "deleteMessage": _delete_message,
    "react": _react,
    "updateRoom": _update_room,
    "typing": _typing,
    "markRead": _mark_read,
    "openDm": _open_dm,
    "removeUser": _remove_user,
    "sync": _sync,
    "history": _history,
    "who": _who,
    "ping": _ping,
    "bye": _bye,
}
