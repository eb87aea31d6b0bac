"""Functions that answer as told and remember what they were asked, instead of running any code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pingbox.emulator.functions.outcome import FunctionError, NotInvoked, Outcome, Returned

OK = {"statusCode": 200}

Answer = Any
"""An `Outcome`, a plain value (as if returned), or a callable (plain or async) from the event to either."""


class FakeFunctions:
    """`answers` by function name; a function that is not named returns `{"statusCode": 200}`.

    `events` has every event in the order of the calls; `asked` the names beside them. A callable's exception is an
    exception of the emulator, not of the handler: use `FunctionError` for the latter.
    """

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.events: list[dict[str, Any]] = []
        self.asked: list[str] = []

    async def invoke(self, function: str, event: Any) -> Outcome:
        self.events.append(event)
        self.asked.append(function)
        answer = self.answers.get(function, OK)
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(event)
            if inspect.isawaitable(answer):
                answer = await answer
        return answer if isinstance(answer, Returned | FunctionError | NotInvoked) else Returned(answer)

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        """All events of `CONNECT`, `MESSAGE` or `DISCONNECT`."""
        return [event for event in self.events if event["requestContext"]["eventType"] == event_type]
