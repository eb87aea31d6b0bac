"""A DynamoDB client between the handlers and the real one, which lets a test happen in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any


class Meddler:
    """Passes every call on, counts it, and runs what a test has ordered before or instead of one.

    `before(operation, nth, action)`: run `action` just before the nth such call (1 is the first from now on).
    `instead(operation, nth, answer)`: `answer(call, arguments)` takes the place of that call.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.history: list[tuple[str, dict[str, Any]]] = []
        self._before: dict[tuple[str, int], Callable[[], object]] = {}
        self._instead: dict[tuple[str, int], Callable[[Any, dict[str, Any]], Any]] = {}

    def before(self, operation: str, nth: int, action: Callable[[], object]) -> None:
        self._before[operation, self.calls[operation] + nth] = action

    def instead(self, operation: str, nth: int, answer: Callable[[Any, dict[str, Any]], Any]) -> None:
        self._instead[operation, self.calls[operation] + nth] = answer

    def forget(self) -> None:
        """Start a new history, for a test that looks at one invocation's calls."""
        self.history.clear()

    def names(self) -> list[str]:
        """The operations since the last `forget`, in order."""
        return [operation for operation, _ in self.history]

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)

        def meddled(**arguments: Any) -> Any:
            self.calls[operation] += 1
            moment = (operation, self.calls[operation])
            self.history.append((operation, arguments))
            if moment in self._before:
                self._before.pop(moment)()
            if moment in self._instead:
                return self._instead.pop(moment)(call, arguments)
            return call(**arguments)

        return meddled
