"""Who may open a connection, as whom, and whether as a page or as a plain client (chat.md B3, D1-D3, decision 13)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pingbox_core import limits, names
from pingbox_core.identity import jwt, tokens

ANY_ORIGIN = "*"
NO_ORIGIN = "missing"  # an entry of the list that lets clients in that send no Origin: scripts, terminal tools


@dataclass(frozen=True)
class Policy:
    """What the deployment allows. `origins`: exact origins, `*`, or `missing` for clients that send none.

    `guests`: whoever brings no token is let in as a guest. `issuer`: whose tokens are taken besides.
    """

    origins: frozenset[str]
    default_room: str
    query_token: bool = False
    guests: bool = True
    issuer: jwt.Issuer | None = None


@dataclass(frozen=True)
class Handshake:
    """What a client said in its upgrade. `offered`: its subprotocols in order; `query`: its query string, decoded."""

    origin: str | None
    offered: tuple[str, ...]
    query: Mapping[str, str]


@dataclass(frozen=True)
class Admitted:
    """`subprotocol`: what `$connect` must answer. `room`: where a plain client is subscribed, None for pages.

    `is_new`: a guest without a token, whom nobody has seen before. `expires_at`: when the sign-in ends (milliseconds),
    None for guests.
    """

    user: str
    name: str
    subprotocol: str | None
    room: str | None
    is_new: bool = False
    admin: bool = False
    expires_at: int | None = None


@dataclass(frozen=True)
class Rejected:
    """No socket at all: an HTTP status, and the reason for the log."""

    status: int
    reason: str


@dataclass(frozen=True)
class Keys:
    """What signatures are checked with. `secret`: of guests' tokens, and of an issuer's that signs with HS256.

    `public`: the issuer's public keys; with `newer=True` fetched again.
    """

    secret: bytes
    public: Callable[..., Mapping[str, jwt.RsaKey]]


def admit(shake: Handshake, policy: Policy, keys: Keys, fresh_guest: str, now: int) -> Admitted | Rejected:
    """Decide on a handshake. `fresh_guest`: the user id of a guest who brings no token."""
    if shake.offered and limits.SUBPROTOCOL not in shake.offered:
        return Rejected(400, "unsupported_subprotocol")
    token = _token(shake, policy)
    if not _is_allowed_origin(shake.origin, policy, token):
        return Rejected(403, "origin_not_allowed")
    if token is None and not policy.guests:
        return Rejected(401, "no_token")
    try:
        identity = _guest(fresh_guest) if token is None else _identity(token, policy, keys, now)
    except jwt.BadTokenError as bad:
        return Rejected(401, str(bad))
    if shake.offered:
        return _admitted(identity, identity.name, limits.SUBPROTOCOL, None, is_new=token is None)
    return _plain(shake.query, policy, identity, is_new=token is None)


def _identity(token: str, policy: Policy, keys: Keys, now: int) -> jwt.Identity:
    """A guest's own token, or one of the issuer; the audience tells which rules it has to pass."""
    issuer = policy.issuer
    if issuer is None or jwt.claimed_audience(token) == tokens.AUDIENCE:
        if not policy.guests:
            raise jwt.BadTokenError("guests are not let in here")
        return _guest(tokens.verify(token, keys.secret, now))
    if issuer.algorithm == "HS256":
        return jwt.verify(token, keys.secret, issuer, now)
    try:
        return jwt.verify(token, keys.public(), issuer, now)
    except jwt.UnknownKeyError:
        return jwt.verify(token, keys.public(newer=True), issuer, now)


def _guest(user: str) -> jwt.Identity:
    return jwt.Identity(user, names.guest_name(user), False, 0)


def _admitted(
    identity: jwt.Identity, name: str, subprotocol: str | None, room: str | None, *, is_new: bool
) -> Admitted:
    expires_at = identity.expires_at or None
    return Admitted(identity.user, name, subprotocol, room, is_new, identity.admin, expires_at)


def connections_allowed(admitted: Admitted) -> int:
    """How many connections of a user may be there already when one more is opened; the oldest go.

    A page's `hello` keeps the lower limit, and leaves room for connections that died without a word; one that never
    says `hello` would keep them all.
    """
    return limits.TABS_PER_USER * (1 if admitted.subprotocol is None else 2) - 1


def counted_address(address: str | None) -> str | None:
    """What new guests are counted by: the IPv4 address, or the network of an IPv6 one, which is one household.

    None for this machine itself and for what is no address: then nothing is counted.
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if found.is_loopback:
        return None
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _plain(query: Mapping[str, str], policy: Policy, identity: jwt.Identity, *, is_new: bool) -> Admitted | Rejected:
    room = query.get("room") or policy.default_room
    if not names.is_public_room(room):
        return Rejected(400, "bad_room")
    wished = query.get("name") if names.is_guest(identity.user) else None
    try:
        name = names.display_name(wished) if wished else identity.name
    except names.UnacceptableError:
        return Rejected(400, "bad_name")
    return _admitted(identity, name, None, room, is_new=is_new)


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
