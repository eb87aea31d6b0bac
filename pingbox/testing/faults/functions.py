"""Spoils invocations: lost, doubled, late, killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pingbox.emulator.services.lambda_.outcome import Functions, Outcome, Returned
from pingbox.testing.faults.orders import ColdStart, DisconnectLost, FunctionKilled, InvocationDuplicated
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.record.invocations import Invocation
from pingbox.testing.runtime.boto3_hooks import KilledError


class FaultyFunctions:
    """`Functions` before which things go wrong. `renew` makes a function's next event meet a new environment."""

    def __init__(
        self,
        inner: Functions,
        book: FaultPlan,
        *,
        names: Callable[[str], Sequence[str]],
        renew: Callable[[str], None],
        struck: Callable[[str], None],
    ) -> None:
        self._inner = inner
        self._book = book
        self._names = names
        self._renew = renew
        self._struck = struck

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        context = _context(event)
        called = (function, str(context.get("routeKey", "")))
        if context.get("eventType") == "DISCONNECT" and self._lost(str(context.get("connectionId", ""))):
            return Returned(None)
        cold = self._book.strikes(ColdStart, lambda fault: fault.function in (None, *called))
        if cold is not None:
            self._struck(f"cold start of {function}")
            self._renew(function)
            await asyncio.sleep(cold.seconds)
        doubled = self._book.strikes(InvocationDuplicated, lambda fault: fault.function in (None, *called))
        outcome = await self._inner.invoke(function, event)
        if doubled is not None:
            self._struck(f"{function} invoked twice for one event")
            await self._inner.invoke(function, event)
        return outcome

    def _lost(self, connection_id: str) -> bool:
        names = self._names(connection_id)
        lost = self._book.strikes(DisconnectLost, lambda fault: fault.of in (None, *names))
        if lost is not None:
            self._struck(f"$disconnect of {names[0]} lost")
        return lost is not None


class Killing:
    """Told after each AWS call of one invocation; raises when it is to die there."""

    def __init__(self, book: FaultPlan, invocation: Invocation | None, struck: Callable[[str], None]) -> None:
        self._book = book
        self._called = () if invocation is None else (invocation.function, invocation.route_key)
        self._struck = struck

    def __call__(self, calls: int) -> None:
        """As `Caller` has it."""
        here = self._book.strikes(
            FunctionKilled, lambda fault: fault.after_calls == calls and fault.function in (None, *self._called)
        )
        if here is not None:
            self._struck(f"{''.join(self._called[:1])} killed after its AWS call number {calls}")
            raise KilledError


def _context(event: Any) -> Mapping[str, Any]:
    found = event.get("requestContext") if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else {}
