"""Who is connected, and what went over the wires, as the gateway saw it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, overload

from pingbox.testing.clients.tracebacks import is_told

__tracebackhide__ = is_told


class HasConnectionId(Protocol):
    """A client of the kit, or a record of a connection."""

    @property
    def connection_id(self) -> str: ...


Whose = str | HasConnectionId
"""A connection: its id, or anything that has one."""


def id_of(whose: Whose) -> str:
    """The connection id."""
    return whose if isinstance(whose, str) else whose.connection_id


@dataclass(frozen=True)
class Closed:
    """How a connection ended, as its `$disconnect` event tells it."""

    at: float
    code: int
    reason: str


@dataclass
class Connection:
    """A connection since its 101. `name` is the client's in the test, or the id. `closed` is None while it is open."""

    connection_id: str
    api_id: str
    stage: str
    source_ip: str
    source_port: int
    connected_at: float
    name: str
    closed: Closed | None = None


class Connections(Sequence[Connection]):
    """Connections in the order in which they came."""

    def __init__(self, records: Sequence[Connection]) -> None:
        self._records = records

    @overload
    def __getitem__(self, index: int) -> Connection: ...
    @overload
    def __getitem__(self, index: slice) -> Connections: ...
    def __getitem__(self, index: int | slice) -> Connection | Connections:
        return Connections(self._records[index]) if isinstance(index, slice) else self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._records))

    def __contains__(self, whose: object) -> bool:
        wanted = whose if isinstance(whose, str) else getattr(whose, "connection_id", None)
        return any(one.connection_id == wanted for one in self)

    @property
    def open(self) -> Connections:
        """Those that the gateway would still deliver to."""
        return Connections([one for one in self if one.closed is None])

    def get(self, whose: Whose) -> Connection:
        """The record of one connection. Raises `AssertionError` for one that never was."""
        wanted = id_of(whose)
        for one in self:
            if one.connection_id == wanted:
                return one
        raise AssertionError(f"no connection has the id {wanted!r}; there were:\n{self}")

    def __str__(self) -> str:
        return "\n".join(map(_line, self)) or "nobody"

    __repr__ = __str__


def _line(connection: Connection) -> str:
    closed = connection.closed
    state = "open" if closed is None else f"closed with {closed.code} {closed.reason}".rstrip()
    return f"{connection.name} ({connection.connection_id}) on {connection.stage}: {state}"


@dataclass(frozen=True)
class Frame:
    """A text message. `direction` is `in` from a client, `out` to one; `cause` of an outgoing one is `post`,
    `route response` or `gateway` (an error frame).
    """

    at: float
    connection_id: str
    direction: Literal["in", "out"]
    text: str
    cause: str = ""

    def json(self) -> Any:
        """The message parsed. Raises `ValueError` if it is not JSON."""
        return json.loads(self.text)


class Frames(Sequence[Frame]):
    """Messages in the order in which the gateway read or wrote them."""

    def __init__(self, records: Sequence[Frame]) -> None:
        self._records = records

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...
    def __getitem__(self, index: int | slice) -> Frame | Frames:
        return Frames(self._records[index]) if isinstance(index, slice) else self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Frame]:
        return iter(list(self._records))

    def of(self, whose: Whose) -> Frames:
        """Those of one connection."""
        wanted = id_of(whose)
        return Frames([one for one in self if one.connection_id == wanted])

    @property
    def incoming(self) -> Frames:
        """From clients."""
        return Frames([one for one in self if one.direction == "in"])

    @property
    def outgoing(self) -> Frames:
        """To clients."""
        return Frames([one for one in self if one.direction == "out"])

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self]

    def __str__(self) -> str:
        return "\n".join(f"{one.direction:<3} {one.connection_id} {one.text}" for one in self) or "no frames"

    __repr__ = __str__
