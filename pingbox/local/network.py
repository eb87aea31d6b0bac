"""Who may use the port of `serve`, and what is told when that is more than this machine."""

from __future__ import annotations

import ipaddress

from pingbox.emulator.http.access import Access
from pingbox.settings import ServeSettings


def access(settings: ServeSettings) -> Access:
    """The rule as the options have it."""
    return Access(settings.host, settings.allow_hosts, settings.allow_origins)


def exposure(settings: ServeSettings, *, tables: bool) -> list[tuple[str, str]]:
    """What to tell at the start about a host that others reach; nothing for this machine alone.

    `tables`: whether the port answers DynamoDB.
    """
    if is_loopback(settings.host):
        return []
    what = ["invoke every function", "post to every connection"]
    if tables:
        what.insert(0, "read, change and delete every table")
    pages = f"only pages of {', '.join(settings.allow_origins)}" if settings.allow_origins else "any page"
    return [
        (
            "Open to",
            f"the network: whoever reaches {settings.host} can {', '.join(what)}, without a key; {pages} may connect",
        )
    ]


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine that others do not reach."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
