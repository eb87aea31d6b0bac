"""What an invocation of a function ends in, and who can be asked to invoke."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Returned:
    """The handler's result after Lambda's JSON round trip (LM-22): only JSON types."""

    value: Any


@dataclass(frozen=True)
class FunctionError:
    """The handler raised, could not be imported, returned something unserialisable, crashed or timed out.

    `error_type` and `message` are Lambda's own words (LM-20..23); `stack_trace` lines as LM-21.
    `posted` is the document the function's runtime posted; None when the platform itself speaks (timeout, crash).
    """

    error_type: str
    message: str
    stack_trace: tuple[str, ...] = ()
    posted: Any = None

    def payload(self) -> Any:
        """The error as `lambda:Invoke` answers it (LM-21)."""
        if self.posted is not None:
            return self.posted
        if not self.stack_trace:
            return {"errorMessage": self.message, "errorType": self.error_type}
        return {
            "errorMessage": self.message,
            "errorType": self.error_type,
            "stackTrace": list(self.stack_trace),
        }


@dataclass(frozen=True)
class NotInvoked:
    """The function was never run: unknown, not permitted, or no environment free within its limit (CN-7).

    `cause` tells apart what `lambda:Invoke` answers differently: `unknown`, `throttled`, or `refused` for all else.
    """

    reason: str
    cause: str = "refused"


Outcome = Returned | FunctionError | NotInvoked


def unknown(function: str, names: Iterable[str]) -> NotInvoked:
    """There is no such function; `names` are those there are."""
    return NotInvoked(f"no function is called {function!r}; there are: {', '.join(names) or 'none'}", "unknown")


class Functions(Protocol):
    """Whatever can run functions by name; the gateway and `lambda:Invoke` ask it."""

    async def invoke(self, function: str, event: Any) -> Outcome:
        """Run `function` once with `event` (JSON types; never changed). Waits for the result, at most its timeout.

        Cancelling the waiting does not stop the handler, as the gateway's own timeout does not (RT-22).
        """
        ...
