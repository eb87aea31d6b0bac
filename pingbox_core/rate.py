"""The rate limits of a user: GCRA (generic cell rate algorithm) on one number per kind of action.

The number, the theoretical arrival time, is when the user will have "paid" for what was done. It lies at most a burst
ahead of now; there is no counter and nothing to reset. Each kind of action has a number of its own, so that a refusal
of one kind never delays another: who reads much may still write, who writes much may still read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pingbox_core import limits


class Kind(StrEnum):
    """What is counted apart. The value names the attribute that holds the number."""

    WRITE = "tat"
    READ = "tatRead"
    ENTER = "tatEnter"
    SIGNAL = "tatSignal"
    CREATE = "tatCreate"  # rooms started by a guest, per day


# An action that is not listed writes and costs 1. `bye` costs nothing and is never refused.
COSTS: Final[Mapping[str, tuple[Kind, int]]] = {
    "hello": (Kind.ENTER, 3),
    "joinRoom": (Kind.ENTER, 1),
    "leaveRoom": (Kind.ENTER, 1),
    "createRoom": (Kind.ENTER, 3),
    "openDm": (Kind.ENTER, 1),
    "typing": (Kind.SIGNAL, 1),
    "markRead": (Kind.SIGNAL, 1),
    **dict.fromkeys(("sync", "history", "who", "listRooms", "ping", "focus"), (Kind.READ, 1)),
    "bye": (Kind.WRITE, 0),
}
_LARGEST_WEIGHT: Final = max(weight for _, weight in COSTS.values())
_READS_PER_WRITE: Final = 10
_READ_BURSTS: Final = 4


@dataclass(frozen=True)
class Charge:
    """What one action adds to one number: `cost` milliseconds, which may lie at most `burst` milliseconds ahead."""

    kind: Kind
    cost: int
    burst: int


@dataclass(frozen=True)
class Rate:
    """Actions of cost 1 per minute in the long run, and how many at once. `per_minute` 0: no limit."""

    per_minute: int = 60
    burst: int = 30

    @property
    def reads_per_minute(self) -> int:
        """Reading has ten times the rate and four times the burst: more than a person scrolls."""
        return self.per_minute * _READS_PER_WRITE

    @property
    def read_burst(self) -> int:
        return self.burst * _READ_BURSTS

    def charges(self, action: str, *, guest: bool) -> tuple[Charge, ...]:
        """What `action` costs whom; empty if it is free."""
        kind, weight = COSTS.get(action, (Kind.WRITE, 1))
        if not self.per_minute or not weight:
            return ()
        per_minute, burst = self.per_minute, self.burst
        if kind is Kind.READ:
            per_minute, burst = self.reads_per_minute, self.read_burst
        charge = _charge(kind, weight, per_minute / limits.MINUTE, burst)
        if guest and action == "createRoom":
            return charge, _charge(Kind.CREATE, 1, limits.GUEST_ROOMS_PER_DAY / limits.DAY, limits.GUEST_ROOMS_PER_DAY)
        return (charge,)


NEW_GUEST: Final = Charge(Kind.WRITE, limits.MINUTE // limits.GUESTS_PER_MINUTE,
                          limits.GUESTS_AT_ONCE * limits.MINUTE // limits.GUESTS_PER_MINUTE)  # fmt: skip
"""What a guest without a token costs the address that it comes from."""


def _charge(kind: Kind, weight: int, per_millisecond: float, burst: int) -> Charge:
    return Charge(kind, round(weight / per_millisecond), round(burst / per_millisecond))


def advanced(tat: int, now: int, charge: Charge) -> int:
    """The new number after an action at `now` (all in milliseconds), whether allowed or not."""
    return max(_plausible(tat, now, charge), now) + charge.cost


def wait(tat: int, now: int, charge: Charge) -> int:
    """Milliseconds until the action is allowed; 0 if it is allowed now.

    At `tat` everything is paid and any action is allowed, also one that costs more than a whole burst.
    """
    if charge.cost == 0 or tat <= now:
        return 0
    known = _plausible(tat, now, charge)
    excess = known + charge.cost - now - charge.burst
    return max(0, min(excess, known - now))


def _plausible(tat: int, now: int, charge: Charge) -> int:
    """The number; one further ahead than a burst and an action can bring it is of a clock that was set back."""
    return min(tat, now + charge.burst + _LARGEST_WEIGHT * charge.cost)
