"""Faults of posts to connections, over HTTP and in process alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pingbox.emulator.services.apigateway.websocket import management
from pingbox.emulator.services.port import AwsResponse
from pingbox.testing.faults.kinds import PostDelayed, PostDropped, PostRefused, PostsReordered
from pingbox.testing.faults.plan import FaultPlan

Deliver = Callable[[str, bytes], None]
"""Really post (connection id, message)."""

Later = Callable[[float, Callable[[], None]], None]
"""Do this when the emulator's clock has gone on by so many seconds."""

MAX_HELD = 1.0
"""Seconds a post is held back at most, when too few others come that it could change places with."""


class FaultyPosts:
    """The gateway's `intercept`. `names` tells what a connection may be called in an order."""

    def __init__(
        self,
        plan: FaultPlan,
        *,
        names: Callable[[str], Sequence[str]],
        deliver: Deliver,
        later: Later,
        triggered: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._names = names
        self._deliver = deliver
        self._later = later
        self._triggered = triggered
        self._lock = threading.Lock()
        self._held: dict[str, tuple[PostsReordered, list[bytes]]] = {}
        self._own = threading.local()

    def __call__(self, connection_id: str, data: bytes) -> AwsResponse | None:
        """As `Intercept` has it."""
        if getattr(self._own, "delivering", False):
            return None
        names = self._names(connection_id)
        name = names[0]
        if (refused := self._plan.strikes(PostRefused, lambda fault: _about(fault.to, names))) is not None:
            self._triggered(f"post to {name} refused with {refused.status}")
            return _refusal(refused.status)
        if self._plan.strikes(PostDropped, lambda fault: _about(fault.to, names)) is not None:
            self._triggered(f"post to {name} dropped")
            return management.DELIVERED
        if (delayed := self._plan.strikes(PostDelayed, lambda fault: _about(fault.to, names))) is not None:
            self._triggered(f"post to {name} delayed by {delayed.seconds:g} s")
            self._later(delayed.seconds, lambda: self._really(connection_id, data))
            return management.DELIVERED
        return management.DELIVERED if self._reordered(connection_id, names, data) else None

    def clear(self) -> None:
        """Forget what is held back."""
        with self._lock:
            self._held.clear()

    def release(self) -> None:
        """Deliver what is held back, although not as many posts came as were to be turned round."""
        with self._lock:
            held, self._held = self._held, {}
        for connection_id, (_, messages) in held.items():
            for data in reversed(messages):
                self._really(connection_id, data)

    def _reordered(self, connection_id: str, names: Sequence[str], data: bytes) -> bool:
        with self._lock:
            held = self._held.get(connection_id)
            if held is None:
                fault = self._plan.strikes(PostsReordered, lambda fault: _about(fault.to, names))
                if fault is None:
                    return False
                held = self._held[connection_id] = (fault, [])
            fault, messages = held
            messages.append(data)
            complete = len(messages) >= fault.count
            if complete:
                del self._held[connection_id]
        self._triggered(f"post to {names[0]} held back ({len(messages)} of {fault.count})")
        if len(messages) == 1:
            self._later(MAX_HELD, self.release)
        if complete:
            for message in reversed(messages):
                self._really(connection_id, message)
        return True

    def _really(self, connection_id: str, data: bytes) -> None:
        self._own.delivering = True
        try:
            self._deliver(connection_id, data)
        finally:
            self._own.delivering = False


def _about(wanted: str | None, names: Sequence[str]) -> bool:
    return wanted is None or wanted in names


def _refusal(status: int) -> AwsResponse:
    match status:
        case 410:
            return management.gone()
        case 429:
            return management.buffer_full()
        case 403:
            return management.forbidden()
        case _:
            return management.error(status, "InternalServerErrorException", "Internal server error")
