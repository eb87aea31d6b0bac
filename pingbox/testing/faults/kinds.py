"""Faults as values: what is to go wrong, for whom, and which time. Their `repr` is Python that orders them again.

`skip` occasions pass unharmed, then `times` are struck (None: all that follow). An occasion is whatever the fault is
about: a post, an invocation, a call. `to`, `of` name a client or a connection id; `function` a function or a route key;
None means any.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PostRefused:
    """A post is answered with `status` (410 gone, 429 buffer full, 500) and not delivered."""

    status: int = 410
    to: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class PostDropped:
    """A post is answered 200 and never delivered, as the real gateway may do (MG-31)."""

    to: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class PostDelayed:
    """A post is answered 200 and delivered `seconds` later by the emulator's clock."""

    seconds: float
    to: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class PostsReordered:
    """`count` posts to a connection are held back, then delivered in reverse order."""

    count: int = 2
    to: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class DisconnectLost:
    """`$disconnect` is never invoked, which AWS calls best effort (DC-1)."""

    of: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class FunctionKilled:
    """The environment dies right after the invocation's n-th AWS call: that call was made, nothing after it."""

    after_calls: int = 1
    function: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class InvocationDuplicated:
    """The event is delivered twice, one after the other; the client gets the first run's answer."""

    function: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class ColdStart:
    """The event meets a new environment, `seconds` late."""

    function: str | None = None
    seconds: float = 0.0
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class DynamoDBThrottled:
    """A call is refused with `ProvisionedThroughputExceededException`, as the caller sees it after all its retries."""

    operation: str | None = None
    table: str | None = None
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class ReadsStale:
    """Eventually consistent reads (all of an index's are) see the tables as they were `lag` seconds ago."""

    lag: float = 1.0


Counted = (
    PostRefused
    | PostDropped
    | PostDelayed
    | PostsReordered
    | DisconnectLost
    | FunctionKilled
    | InvocationDuplicated
    | ColdStart
    | DynamoDBThrottled
)
Fault = Counted | ReadsStale
