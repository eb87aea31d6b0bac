"""Who may open a connection, as whom, and whether as a page or as a plain client (chat.md B3, D1-D3, decision 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pingbox_core import limits, names, tokens

ANY_ORIGIN = "*"
NO_ORIGIN = "missing"  # an entry of the list that lets clients in that send no Origin: scripts, terminal tools


@dataclass(frozen=True)
class Policy:
    """What the deployment allows. `origins`: exact origins, `*`, or `missing` for clients that send none."""

    origins: frozenset[str]
    default_room: str
    query_token: bool = False


@dataclass(frozen=True)
class Handshake:
    """What a client said in its upgrade. `offered`: its subprotocols in order; `query`: its query string, decoded."""

    origin: str | None
    offered: tuple[str, ...]
    query: Mapping[str, str]


@dataclass(frozen=True)
class Admitted:
    """`subprotocol`: what `$connect` must answer. `room`: where a plain client is subscribed, None for pages."""

    user: str
    name: str
    subprotocol: str | None
    room: str | None


@dataclass(frozen=True)
class Rejected:
    """No socket at all: an HTTP status, and the reason for the log."""

    status: int
    reason: str


def admit(shake: Handshake, policy: Policy, secret: bytes, fresh_guest: str, now: int) -> Admitted | Rejected:
    """Decide on a handshake. `fresh_guest`: the user id of a guest who brings no token."""
    if shake.offered and limits.SUBPROTOCOL not in shake.offered:
        return Rejected(400, "unsupported_subprotocol")
    token = _token(shake, policy)
    if not _is_allowed_origin(shake.origin, policy, token):
        return Rejected(403, "origin_not_allowed")
    try:
        user = fresh_guest if token is None else tokens.verify(token, secret, now)
    except tokens.BadTokenError as bad:
        return Rejected(401, str(bad))
    if shake.offered:
        return Admitted(user, names.guest_name(user), limits.SUBPROTOCOL, None)
    return _plain(shake.query, policy, user)


def _plain(query: Mapping[str, str], policy: Policy, user: str) -> Admitted | Rejected:
    room = query.get("room") or policy.default_room
    if not names.is_public_room(room):
        return Rejected(400, "bad_room")
    try:
        name = names.display_name(query["name"]) if query.get("name") else names.guest_name(user)
    except names.UnacceptableError:
        return Rejected(400, "bad_name")
    return Admitted(user, name, None, room)


def _token(shake: Handshake, policy: Policy) -> str | None:
    carried = next((offer[5:] for offer in shake.offered if offer.startswith("auth.")), None)
    if carried is None and policy.query_token:
        return shake.query.get("token")
    return carried


def _is_allowed_origin(origin: str | None, policy: Policy, token: str | None) -> bool:
    if ANY_ORIGIN in policy.origins:
        return True
    if origin is None:
        return token is not None or NO_ORIGIN in policy.origins
    return origin in policy.origins
