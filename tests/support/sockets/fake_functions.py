"""Functions that answer as told, instead of running any code.

Beneath the kit, whose handlers are real code: the outcomes of an invocation themselves (`NotInvoked`, a runner with a
bug) and coroutines on the gateway's own loop. What was asked is in the emulator's history.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned

OK = {"statusCode": 200}

Answer = Any
"""An `Outcome`, a plain value (as if returned), or a callable (plain or async) from the event to either."""


class FakeFunctions:
    """`answers` by function name; a function that is not named returns `{"statusCode": 200}`.

    A callable's exception is an exception of the emulator, not of the handler: use `FunctionError` for the latter.
    """

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers

    async def invoke(self, function: str, event: Any) -> Outcome:
        answer = self.answers.get(function, OK)
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(event)
            if inspect.isawaitable(answer):
                answer = await answer
        return answer if isinstance(answer, Returned | FunctionError | NotInvoked) else Returned(answer)
