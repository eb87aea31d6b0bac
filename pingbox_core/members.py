"""A member: a connection and whose it is; and who is present in a room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pingbox_core import limits
from pingbox_core.names import is_guest


@dataclass(frozen=True)
class Member:
    """What the connection record knows. Times in milliseconds.

    `plain` marks a client that has not said `hello`: it hears messages and has no presence.
    `auth_expires` is None for guests, whose sessions end with their socket only.
    """

    connection: str
    user: str
    name: str
    rooms: frozenset[str] = frozenset()
    current_room: str | None = None
    plain: bool = False
    connected_at: int = 0
    auth_expires: int | None = None
    last_seen: int = 0
    admin: bool = False

    @property
    def guest(self) -> bool:
        return is_guest(self.user)


@dataclass(frozen=True)
class Presence:
    """One subscription to a room, that is one tab. `expires_at` in seconds, after which it does not count."""

    connection: str
    user: str
    name: str
    expires_at: int
    plain: bool = False


def row_expiry(connected_at: int) -> int:
    """When a connection's rows stop counting, in seconds: API Gateway has ended the socket by then."""
    return (connected_at + limits.ROW_LIFETIME) // 1000


def people(present: Iterable[Presence]) -> list[dict[str, Any]]:
    """The users behind the tabs, each once with the number of tabs, by name. Plain clients have no presence."""
    tabs: dict[str, dict[str, Any]] = {}
    for one in present:
        if not one.plain:
            entry = tabs.setdefault(one.user, {"id": one.user, "name": one.name, "tabs": 0})
            entry["tabs"] += 1
    return sorted(tabs.values(), key=lambda user: (user["name"].casefold(), user["id"]))


def is_first_tab(present: Sequence[Presence], member: Member) -> bool:
    """Whether to announce the user's arrival: no other tab was connected earlier.

    Two tabs that arrive together see each other; comparing their age lets exactly one of them speak.
    """
    mine = (row_expiry(member.connected_at), member.connection)
    return all(one.user != member.user or one.plain or (one.expires_at, one.connection) >= mine for one in present)


def has_left(present: Sequence[Presence], user: str) -> bool:
    """Whether no tab of the user is left: announce the leave."""
    return all(one.user != user or one.plain for one in present)


def oldest_beyond(tabs: Sequence[tuple[int, str]], allowed: int) -> list[str]:
    """The connections that must go, given (connected at, connection id) of all of a user's: all but the youngest."""
    return [connection for _, connection in sorted(tabs)[: max(0, len(tabs) - allowed)]]
