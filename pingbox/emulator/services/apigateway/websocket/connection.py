"""What the gateway knows about one connection: values only, the socket lives in the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Connection:
    """The facts of a connection, the same in all of its events.

    `connected_at` in seconds since the epoch. `user_agent` is None when the client sent none (EV-32). `identity` holds
    what an API key or a signature adds to the identity. `authorizer` is the authorizer's context with its
    `principalId`, or None when no authorizer ran (EV-33).
    """

    connection_id: str
    api_id: str
    stage: str
    domain_name: str
    connected_at: float
    source_ip: str
    user_agent: str | None = None
    identity: Mapping[str, str] = field(default_factory=lambda: _NONE)
    authorizer: Mapping[str, str] | None = None

    @property
    def connected_at_ms(self) -> int:
        """`connectedAt` of the events, milliseconds (EV-26)."""
        return int(self.connected_at * 1000)
