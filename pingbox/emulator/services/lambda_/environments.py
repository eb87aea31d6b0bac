"""Which environment takes which invocation: one at a time each, more of them with load, the warmest first (LM-26)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

E = TypeVar("E")
I = TypeVar("I")  # noqa: E741 -- an invocation


@dataclass(frozen=True)
class Use(Generic[E]):
    """Give the invocation to this idle environment."""

    environment: E


@dataclass(frozen=True)
class Grow:
    """Start an environment, `add` it, and give it the invocation."""


@dataclass(frozen=True)
class Waits:
    """All environments are busy, or enough are starting: it is kept, and `freed`, `removed` or `waited` return it."""


@dataclass(frozen=True)
class Throttled:
    """Neither an environment nor a place to wait is free."""

    reason: str


@dataclass(frozen=True)
class Next(Generic[I]):
    """The environment goes on with this invocation."""

    invocation: I


@dataclass(frozen=True)
class Idle:
    """The environment waits for the next invocation."""


@dataclass(frozen=True)
class Retire:
    """The environment's code is out of date, or it was removed: end it."""


class Environments(Generic[E, I]):
    """The environments of one function. Not thread-safe: its user holds a lock or stays on one loop.

    `limit` is the function's concurrency; `waiting` how many invocations beyond it may queue for a free environment. On
    AWS there is no such queue for synchronous invokes (they are throttled); locally a short wait is kinder than a lost
    message. At most `starting` environments start at a time, None for any number: fifty that start at once on a laptop
    are all late, and the first of a few has done the work of many before the last is up.
    """

    def __init__(self, limit: int, waiting: int, starting: int | None = None) -> None:
        self._limit = limit
        self._most_waiting = waiting
        self._most_starting = starting or limit
        self._generation = 0
        self._members: dict[E, int] = {}
        self._starting: set[E] = set()
        self._idle: dict[E, float] = {}  # since when, the warmest last
        self._waiting: deque[I] = deque()

    def __len__(self) -> int:
        return len(self._members)

    @property
    def all(self) -> list[E]:
        """Every environment, busy or idle."""
        return list(self._members)

    def offer(self, invocation: I) -> Use[E] | Grow | Waits | Throttled:
        """What becomes of a new invocation."""
        if self._idle:
            return Use(self._idle.popitem()[0])
        if self._has_room and not self._waiting:
            return Grow()
        if len(self._waiting) < self._most_waiting + self._limit - len(self._members):
            self._waiting.append(invocation)
            return Waits()
        return Throttled(
            f"Rate Exceeded: {self._limit} environments are busy and {len(self._waiting)} invocations wait for one"
        )

    def add(self, environment: E) -> None:
        """A new environment, busy from the start."""
        self._members[environment] = self._generation
        self._starting.add(environment)

    def up(self, environment: E) -> None:
        """The environment has started; call `waited` a little later."""
        self._starting.discard(environment)

    def waited(self) -> I | None:
        """The invocation that needs a new environment, if one still waits although some had a while to take it."""
        return self._waiting.popleft() if self._waiting and self._has_room else None

    def freed(self, environment: E, now: float = 0.0) -> Next[I] | Idle | Retire:
        """What an environment does that has ended an invocation; `now` is what `idle_since` counts from."""
        if self._members.get(environment) != self._generation:
            return Retire()
        if self._waiting:
            return Next(self._waiting.popleft())
        self._idle[environment] = now
        return Idle()

    def removed(self, environment: E) -> I | None:
        """The environment has ended, or was given up. Returns the invocation that now needs a new one, if any waits."""
        self._remove([environment])
        return self.waited()

    def renew(self) -> list[E]:
        """From now on only new environments run. Returns the idle ones, to be ended; busy ones are told by `freed`."""
        self._generation += 1
        return self._remove(list(self._idle))

    def idle_since(self, since: float) -> list[E]:
        """The environments that are idle since then or longer, to be ended."""
        return self._remove([environment for environment, begun in self._idle.items() if begun <= since])

    def abandon(self) -> list[I]:
        """Forget the waiting invocations (at the end); their callers must be told."""
        waiting, self._waiting = list(self._waiting), deque()
        return waiting

    @property
    def _has_room(self) -> bool:
        return len(self._members) < self._limit and len(self._starting) < self._most_starting

    def _remove(self, environments: list[E]) -> list[E]:
        for environment in environments:
            self._members.pop(environment, None)
            self._idle.pop(environment, None)
            self._starting.discard(environment)
        return environments
