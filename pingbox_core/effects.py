"""What is to be done, in the words of chat: decisions return these in order, `pingbox.handlers` performs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pingbox_core.commands import Position
from pingbox_core.errors import Request
from pingbox_core.events import Event
from pingbox_core.log import Draft, RoomRecord


@dataclass(frozen=True)
class Tell:
    """Post an event to the asking connection."""

    event: Event


@dataclass(frozen=True)
class Append:
    """Put a draft into its room's log; what follows is decided from how that ends (`decide.appended`).

    `cid_given`: the client chose the cid, so an earlier attempt may be in the log. `room_if_missing`: the room record
    to begin with, should nobody have spoken in the room yet; None: a room that is not made by talking in it.
    """

    draft: Draft
    seen: int | None
    request: Request
    room_if_missing: RoomRecord | None
    cid_given: bool = True


@dataclass(frozen=True)
class Amend:
    """Change a message and put the draft that says so into the log, both or neither.

    What it does is decided from the message as it is then (`amendments.amended`), what follows from how it ends
    (`decide.amended`).
    """

    draft: Draft
    seen: int | None
    request: Request
    cid_given: bool


@dataclass(frozen=True)
class Update:
    """Change a room's record and put the row that says so into the log, both or neither (`decide.updated`)."""

    draft: Draft
    seen: int | None
    request: Request
    cid_given: bool


@dataclass(frozen=True)
class Broadcast:
    """Post an event to everyone subscribed to the room except the asking connection. Read the list now, strongly."""

    room: str
    event: Event


@dataclass(frozen=True)
class Subscribe:
    """Write the subscription rows. `focus` becomes the current room; `tab`: also the user's row (`hello`)."""

    rooms: tuple[str, ...]
    focus: str
    name: str
    tab: bool = False


@dataclass(frozen=True)
class Welcome:
    """Read the logs behind these positions and post `welcome`, a `sync` per room with news, and `ready`.

    `records` in the order of `positions`. Remember the rooms in the user's document.
    """

    request: Request
    positions: tuple[Position, ...]
    records: tuple[RoomRecord, ...]
    focus: str
    name: str


@dataclass(frozen=True)
class ShowRoom:
    """Read the log and the people of a room just joined and post `joined`. Remember the room in the user's document."""

    request: Request
    position: Position
    record: RoomRecord


@dataclass(frozen=True)
class AnnounceArrival:
    """Post `presence` online to the others of each room in which this is the user's first tab."""

    rooms: tuple[str, ...]


@dataclass(frozen=True)
class LimitTabs:
    """Send `bye` to the user's oldest connections above the limit, and close them."""


@dataclass(frozen=True)
class ConfirmOpen:
    """Look once more for the connection record; if `$disconnect` took it meanwhile, take back the rows just written."""

    rooms: tuple[str, ...]
    tab: bool = False


@dataclass(frozen=True)
class Unsubscribe:
    """Take the connection out of a room, tell the others if it was the user's last tab there, and answer `left`."""

    request: Request
    room: str


@dataclass(frozen=True)
class OpenDirect:
    """Make the room of two users if there is none; then `then` its record, or `not_found` if nobody knows the other."""

    record: RoomRecord
    request: Request
    other: str
    then: Callable[[RoomRecord], Sequence[Effect]]


@dataclass(frozen=True)
class CallOther:
    """Put the direct room into the list of the other user, so that it is there when that user comes back."""

    room: str
    mark: tuple[int, int]


@dataclass(frozen=True)
class SendTyping:
    """Tell the others of a small room that the user is writing."""

    room: str


@dataclass(frozen=True)
class StoreReadMark:
    """Move the user's read marker and tell all connections of the user. `back`: also to an earlier number."""

    request: Request
    room: str
    seq: int
    back: bool


@dataclass(frozen=True)
class RemoveMember:
    """Note that a guest is not welcome any more, and close all connections of that guest."""

    request: Request
    user: str


@dataclass(frozen=True)
class StoreRoom:
    """Write the room record; then `then`, or `room_exists` if there is one already."""

    record: RoomRecord
    request: Request
    then: tuple[Effect, ...]


@dataclass(frozen=True)
class SendPage:
    """Post the log after `position`, or its newest page."""

    request: Request
    position: Position


@dataclass(frozen=True)
class SendHistory:
    """Post up to `limit` messages before `before` (None: the newest)."""

    request: Request
    room: str
    before: int | None
    limit: int


@dataclass(frozen=True)
class SendPeople:
    """Post who is in the room."""

    request: Request
    room: str


@dataclass(frozen=True)
class SendRooms:
    """Post a page of the public rooms."""

    request: Request
    after: str | None
    limit: int


@dataclass(frozen=True)
class SendPong:
    """Post `pong` with the heads of those rooms that are past the client's number."""

    request: Request
    rooms: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class StoreFocus:
    """Make a joined room the current one; answered only if it is not joined."""

    request: Request
    room: str


@dataclass(frozen=True)
class Leave:
    """Remove everything of this connection and tell the rooms."""


@dataclass(frozen=True)
class Close:
    """Close the asking connection."""


Unconditional = (
    Tell
    | Append
    | Amend
    | Update
    | OpenDirect
    | CallOther
    | SendTyping
    | StoreReadMark
    | RemoveMember
    | Broadcast
    | AnnounceArrival
    | LimitTabs
    | ConfirmOpen
    | Unsubscribe
    | StoreRoom
    | SendPage
    | SendHistory
    | SendPeople
    | SendRooms
    | SendPong
    | StoreFocus
    | Leave
    | Close
)
Effect = Subscribe | Welcome | ShowRoom | Unconditional
"""The first three find out whether the connection is still there; what follows them is done only if it is."""
