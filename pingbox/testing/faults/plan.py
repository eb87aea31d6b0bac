"""Which faults are ordered, and whether this is the occasion. Thread-safe; holds no clock and does nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from pingbox.testing.faults.kinds import Counted, Fault, ReadsStale

F = TypeVar("F", bound=Counted)


class FaultPlan:
    """Faults in the order in which they were ordered; on an occasion the first that applies strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[_Order] = []
        self._lag: float | None = None

    def order(self, fault: Fault, *, drawn: bool = False) -> None:
        """From now on, look out for this occasion. One that was `drawn` at random may strike nothing."""
        with self._lock:
            if isinstance(fault, ReadsStale):
                self._lag = fault.lag
            else:
                self._open.append(_Order(fault, drawn))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._open.clear()
            self._lag = None

    @property
    def lag(self) -> float | None:
        """Seconds by which reads are stale, or None."""
        return self._lag

    def strikes(self, kind: type[F], applies: Callable[[F], bool]) -> F | None:
        """This is an occasion for `kind`: the fault that strikes, if any. Counts it for all that apply."""
        with self._lock:
            for order in list(self._open):
                if isinstance(order.fault, kind) and applies(order.fault) and order.is_due():
                    if order.is_used_up():
                        self._open.remove(order)
                    return order.fault
        return None

    @property
    def waiting(self) -> Sequence[Fault]:
        """Ordered, and not (or not often enough) struck yet."""
        with self._lock:
            return [order.fault for order in self._open]

    @property
    def unused(self) -> Sequence[Fault]:
        """Ordered by name for a number of times, and never struck."""
        with self._lock:
            return [order.fault for order in self._open if order.has_to_strike]


class _Order:
    def __init__(self, fault: Counted, drawn: bool) -> None:
        self.fault = fault
        self.has_to_strike = not drawn and fault.times is not None
        self._skip = fault.skip
        self._left = fault.times

    def is_due(self) -> bool:
        """Count one occasion; whether the fault strikes at it."""
        if self._skip > 0:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        self.has_to_strike = False
        return True

    def is_used_up(self) -> bool:
        return self._left is not None and self._left <= 0
