"""A client's upgrade request as plain values, and the parts of it that events show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class HandshakeRequest:
    """The GET that asks for the upgrade.

    `headers` are the pairs as sent, with the client's letter case and order (EV-9); `query` is the part after `?`,
    not decoded; `source_ip` is the peer's address.
    """

    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    source_ip: str

    def header(self, name: str) -> str | None:
        """The last value of a header, whatever its letter case, or None."""
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), None)

    def query_values(self) -> dict[str, list[str]]:
        """All values of each query key, decoded (EV-12)."""
        return grouped(parse_qsl(self.query, keep_blank_values=True))


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Pairs with repeated keys as lists, in the order of first appearance."""
    groups: dict[str, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def last_values(groups: Mapping[str, list[str]]) -> dict[str, str]:
    """The single-value form: the last one of each (EV-11, OQ-20)."""
    return {key: values[-1] for key, values in groups.items()}
