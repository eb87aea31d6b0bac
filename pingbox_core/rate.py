"""The rate limit of a connection: GCRA (generic cell rate algorithm) on one number, `tat`.

`tat`, the theoretical arrival time, is when the connection will have "paid" for what it did. It lies at most
`burst` intervals ahead of now; there is no counter and nothing to reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pingbox_core import limits

# chat.md D6; an action that is not listed costs 1.
WEIGHTS: Final = {
    "hello": 5.0,
    "createRoom": 5.0,
    "joinRoom": 2.0,
    "sync": 2.0,
    "history": 2.0,
    "focus": 0.2,
    "bye": 0.0,
}


@dataclass(frozen=True)
class Rate:
    """Actions of weight 1 per minute in the long run, and how many at once. `per_minute` 0: no limit."""

    per_minute: int = 60
    burst: int = 10

    @property
    def interval(self) -> float:
        """Milliseconds between two actions of weight 1."""
        return limits.MINUTE / self.per_minute if self.per_minute else 0.0

    def cost(self, action: str) -> int:
        """Milliseconds that `action` moves `tat` on."""
        return round(WEIGHTS.get(action, 1.0) * self.interval)


def advanced(tat: int, now: int, cost: int, rate: Rate) -> int:
    """The new `tat` after an action of this cost at `now` (all in milliseconds), whether allowed or not."""
    return max(tat, now) + cost


def wait(tat: int, now: int, cost: int, rate: Rate) -> int:
    """Milliseconds until the action is allowed; 0 if it is allowed now.

    At `tat` everything is paid and any action is allowed, also one that costs more than a whole burst.
    """
    if cost == 0 or tat <= now:
        return 0
    excess = advanced(tat, now, cost, rate) - now - round(rate.burst * rate.interval)
    return max(0, min(excess, tat - now))
