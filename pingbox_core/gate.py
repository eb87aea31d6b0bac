"""The gate's second thought: its one conditional update was refused, what now? (chat.md C2, D6)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pingbox_core import limits
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.rate import Charge, Kind, advanced, wait


@dataclass(frozen=True)
class Unknown:
    """There is no such connection (any more)."""


@dataclass(frozen=True)
class Again:
    """Repeat the update if the numbers are still `expected` (None: there is none yet), setting them to `values`."""

    expected: Mapping[Kind, int | None]
    values: Mapping[Kind, int]


def first(charges: Sequence[Charge], now: int) -> Mapping[Kind, int]:
    """The numbers after an action of somebody who has paid for everything before."""
    return {charge.kind: advanced(0, now, charge) for charge in charges}


def refused(found: Mapping[str, int], charges: Sequence[Charge], now: int, request: Request) -> Again | Refusal:
    """`found`: the numbers as they are stored, by the name of their kind; those never used are missing."""
    pauses = {charge.kind: wait(found.get(charge.kind, 0), now, charge) for charge in charges}
    kind = max(pauses, key=lambda one: pauses[one])
    if pause := pauses[kind]:
        return Refusal(Code.RATE_LIMITED, _sentence(kind, pause), request, retry_after=pause)
    expected = {charge.kind: found.get(charge.kind) for charge in charges}
    return Again(expected, {one.kind: advanced(expected[one.kind] or 0, now, one) for one in charges})


def _sentence(kind: Kind, pause: int) -> str:
    if kind is Kind.CREATE:
        hours = pause / (60 * limits.MINUTE)
        return f"a guest starts at most {limits.GUEST_ROOMS_PER_DAY} rooms a day; try again in {hours:.1f} h"
    return f"too fast; try again in {pause / limits.SECOND:.1f} s"
