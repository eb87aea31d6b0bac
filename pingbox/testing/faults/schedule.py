"""Faults at random, by seed: the same seed gives the same schedule on every machine. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pingbox.testing.faults.kinds import (
    ColdStart,
    DisconnectLost,
    DynamoDBThrottled,
    Fault,
    FunctionKilled,
    InvocationDuplicated,
    PostDelayed,
    PostDropped,
    PostRefused,
    PostsReordered,
    ReadsStale,
)

LATEST = 12
"""A fault strikes one of the first occasions: tests are short."""


@dataclass(frozen=True)
class Schedule:
    """What a seed came to. `str` of it is Python that orders the same again."""

    seed: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        lines = ",\n".join(f"    {fault!r}" for fault in self.faults)
        return f"# pingbox.faults.schedule({self.seed}) ordered:\npingbox.faults.order(\n{lines},\n)"


def draw(seed: int, count: int, kinds: Sequence[type[Fault]]) -> Schedule:
    """`count` faults of these kinds (all, when empty). Raises `ValueError` for a count below 1 or an unknown kind."""
    if count < 1:
        raise ValueError(f"a schedule needs at least one fault, got count={count}")
    unknown = [kind for kind in kinds if kind not in _DRAWN]
    if unknown:
        known = ", ".join(kind.__name__ for kind in _DRAWN)
        raise ValueError(f"cannot draw {unknown}; expected kinds out of: {known}")
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    drawn = [_DRAWN[kind] for kind in (kinds or list(_DRAWN))]
    return Schedule(seed, tuple(chance.choice(drawn)(chance) for _ in range(count)))


def _skip(chance: random.Random) -> int:
    return chance.randrange(LATEST)


_DRAWN: dict[type[Fault], Callable[[random.Random], Fault]] = {
    PostRefused: lambda chance: PostRefused(chance.choice((410, 429)), skip=_skip(chance)),
    PostDropped: lambda chance: PostDropped(skip=_skip(chance)),
    PostDelayed: lambda chance: PostDelayed(chance.choice((0.01, 0.05, 0.2)), skip=_skip(chance)),
    PostsReordered: lambda chance: PostsReordered(chance.choice((2, 3)), skip=_skip(chance)),
    DisconnectLost: lambda chance: DisconnectLost(skip=chance.randrange(3)),
    FunctionKilled: lambda chance: FunctionKilled(chance.randint(1, 4), skip=_skip(chance)),
    InvocationDuplicated: lambda chance: InvocationDuplicated(skip=_skip(chance)),
    ColdStart: lambda chance: ColdStart(skip=_skip(chance)),
    DynamoDBThrottled: lambda chance: DynamoDBThrottled(skip=_skip(chance)),
    ReadsStale: lambda chance: ReadsStale(chance.choice((0.05, 0.5, 5.0))),
}
