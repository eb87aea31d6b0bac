"""The gate's second thought: its one conditional update was refused, what now? (chat.md C2, D6)"""

from __future__ import annotations

from dataclasses import dataclass

from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.rate import Rate, advanced, wait


@dataclass(frozen=True)
class Unknown:
    """There is no such connection (any more)."""


@dataclass(frozen=True)
class Again:
    """Repeat the update if `tat` is still `expected`, setting it to `tat`. Milliseconds."""

    expected: int
    tat: int


def refused(old_tat: int | None, cost: int, now: int, rate: Rate, request: Request) -> Unknown | Again | Refusal:
    """`old_tat`: what the record holds, None if there is no record."""
    if old_tat is None:
        return Unknown()
    pause = wait(old_tat, now, cost, rate)
    if pause:
        text = f"too fast; try again in {pause / 1000:.1f} s"
        return Refusal(Code.RATE_LIMITED, text, request, retry_after=pause)
    return Again(old_tat, advanced(old_tat, now, cost, rate))
