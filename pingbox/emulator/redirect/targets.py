"""Where a process's connections to AWS are led: the emulator's addresses, and the hosts that it stands for.

Only the standard library and nothing slow is imported: workers start while somebody waits.
"""

from __future__ import annotations

from pingbox.emulator.redirect.hosts import is_aws_host, normalized, service_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

MARKER = "127.112.98.1"
"""What names that lead to the emulator resolve to. Nobody listens there: `connect` takes it, with any port, to the
redirect listener. So clients that take only the address out of an answer, and keep their own port, arrive as well.
"""


class Targets:
    """`endpoint` is the emulator's address for AWS calls (`http://127.0.0.1:3001`). `port` is that of its redirect
    listener (TLS and plain) on 127.0.0.1; 0 if there is none: then only what is spoken in HTTP can be led there.

    `services` are the AWS services that it has, by the label in their hosts; `domains` the custom domains of its APIs.
    """

    def __init__(self, endpoint: str, port: int = 0, services: Sequence[str] = (), domains: Sequence[str] = ()) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.port = port
        self.services = frozenset(services)
        self.domains = frozenset(normalized(domain) for domain in domains)

    def leads_here(self, host: str) -> bool:
        """Whether a connection to `host` ends at the redirect listener."""
        if not self.port:
            return False
        name = normalized(host)
        return name in self.domains or (is_aws_host(name) and service_of(name) in self.services)

    def as_json(self) -> dict[str, Any]:
        """The arguments, for another process."""
        return {
            "endpoint": self.endpoint,
            "port": self.port,
            "services": sorted(self.services),
            "domains": sorted(self.domains),
        }


_announced: dict[str, Callable[[], Targets]] = {}


def announce(endpoint: str, targets: Callable[[], Targets]) -> None:
    """Say what leads to the emulator that this process runs at `endpoint`; asked whenever somebody is guarded."""
    _announced[endpoint] = targets


def withdraw(endpoint: str) -> None:
    """That emulator is gone."""
    _announced.pop(endpoint, None)


def targets_of(endpoint: str) -> Targets:
    """What leads to the emulator at `endpoint`; of one in another process no more than its address is known."""
    found = _announced.get(endpoint)
    return Targets(endpoint) if found is None else found()
