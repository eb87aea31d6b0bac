"""Faults of invocations: lost, doubled, late, killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pingbox.emulator.services.lambda_.outcome import Functions, Outcome, Returned
from pingbox.testing.faults.kinds import ColdStart, DisconnectLost, FunctionKilled, InvocationDuplicated
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.record.invocations import Invocation


class FaultyFunctions:
    """`Functions` before which things go wrong. `renew` makes a function's next event meet a new environment."""

    def __init__(
        self,
        inner: Functions,
        plan: FaultPlan,
        *,
        names: Callable[[str], Sequence[str]],
        renew: Callable[[str], None],
        triggered: Callable[[str], None],
    ) -> None:
        self._inner = inner
        self._plan = plan
        self._names = names
        self._renew = renew
        self._triggered = triggered

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        context = _context(event)
        called = (function, str(context.get("routeKey", "")))
        if context.get("eventType") == "DISCONNECT" and self._lost(str(context.get("connectionId", ""))):
            return Returned(None)
        cold = self._plan.strikes(ColdStart, lambda fault: fault.function in (None, *called))
        if cold is not None:
            self._triggered(f"cold start of {function}")
            self._renew(function)
            await asyncio.sleep(cold.seconds)
        doubled = self._plan.strikes(InvocationDuplicated, lambda fault: fault.function in (None, *called))
        outcome = await self._inner.invoke(function, event)
        if doubled is not None:
            self._triggered(f"{function} invoked twice for one event")
            await self._inner.invoke(function, event)
        return outcome

    def _lost(self, connection_id: str) -> bool:
        names = self._names(connection_id)
        lost = self._plan.strikes(DisconnectLost, lambda fault: fault.of in (None, *names))
        if lost is not None:
            self._triggered(f"$disconnect of {names[0]} lost")
        return lost is not None


class Killing:
    """Decides after each AWS call of an invocation whether its environment dies there."""

    def __init__(
        self, plan: FaultPlan, invocation: Callable[[str], Invocation | None], triggered: Callable[[str], None]
    ) -> None:
        """`invocation` finds one by its request id."""
        self._plan = plan
        self._invocation = invocation
        self._triggered = triggered

    def __call__(self, request_id: str, calls: int) -> bool:
        """`calls` is how many calls it has made, this one included."""
        one = self._invocation(request_id)
        called = () if one is None else (one.function, one.route_key)
        here = self._plan.strikes(
            FunctionKilled, lambda fault: fault.after_calls == calls and fault.function in (None, *called)
        )
        if here is not None:
            self._triggered(f"{''.join(called[:1])} killed after its AWS call number {calls}")
        return here is not None


def _context(event: Any) -> Mapping[str, Any]:
    found = event.get("requestContext") if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else {}
