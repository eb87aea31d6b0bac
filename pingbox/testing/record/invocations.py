"""What ran: each invocation with its event, its end, its log and the AWS calls it made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never, overload

from pingbox.emulator.activity import AwsCall
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.testing.clients.tracebacks import is_told

__tracebackhide__ = is_told


@dataclass
class Invocation:
    """One run of a function. `outcome` is None while it still runs; `duration` in seconds, with waiting for a place.

    `route_key` and `connection_id` are empty for what API Gateway did not invoke. `logs` are its lines. `unseen` is
    true where calls would not be noticed: a custom runtime in a process of its own.
    """

    at: float
    function: str
    event: Any
    request_id: str
    outcome: Outcome | None = None
    duration: float = 0.0
    logs: list[str] = field(default_factory=list)
    unseen: bool = False
    _calls: list[AwsCall] = field(default_factory=list, repr=False)

    @property
    def aws_calls(self) -> list[AwsCall]:
        """The AWS calls that it made: boto3's in the test's process; those of Python and Node SDKs in other processes.

        Raises `AssertionError` where they cannot be seen: an empty list would say that none was made.
        """
        if self.unseen:
            raise AssertionError(
                f"the AWS calls of {self.function} are not seen: its custom runtime runs in a process of its own, and "
                "need not say which invocation a call belongs to"
            )
        return self._calls

    def called(self, call: AwsCall) -> None:
        """It has made a call."""
        self._calls.append(call)

    @property
    def route_key(self) -> str:
        return str(self._context.get("routeKey", ""))

    @property
    def connection_id(self) -> str:
        return str(self._context.get("connectionId", ""))

    @property
    def response(self) -> Any:
        """What the handler returned. Raises `AssertionError`, with the handler's own story, if it did not return."""
        if isinstance(self.outcome, Returned):
            return self.outcome.value
        raise AssertionError(f"there is no response: {self.story()}")

    @property
    def error(self) -> str | None:
        """`ErrorType: message` if it failed, None if it returned or still runs."""
        match self.outcome:
            case None | Returned():
                return None
            case FunctionError(error_type, message):
                return f"{error_type}: {message}"
            case NotInvoked(reason):
                return f"not invoked: {reason}"
            case _:
                assert_never(self.outcome)

    @property
    def ended_in(self) -> str:
        """Its end in a few words: the response's status, `returned`, the error, or `still running`."""
        if self.outcome is None:
            return "still running"
        if isinstance(self.outcome, Returned):
            value = self.outcome.value
            return str(value["statusCode"]) if isinstance(value, dict) and "statusCode" in value else "returned"
        return self.error or ""

    def story(self) -> str:
        """One line, and the stack and the last log lines of a failure."""
        lines = [f"{self.route_key or 'invoked'} → {self.function}: {self.ended_in} ({self.duration * 1000:.0f} ms)"]
        if isinstance(self.outcome, FunctionError):
            lines.extend("    " + line.rstrip() for text in self.outcome.stack_trace for line in text.splitlines())
        return "\n".join(lines)

    @property
    def _context(self) -> dict[str, Any]:
        found = self.event.get("requestContext") if isinstance(self.event, dict) else None
        return found if isinstance(found, dict) else {}


class Invocations(Sequence[Invocation]):
    """The invocations of a test, in the order in which they began. `known` are the routes and functions there are."""

    def __init__(self, records: Sequence[Invocation], known: Collection[str] = ()) -> None:
        self._records = records
        self._known = known

    @overload
    def __getitem__(self, index: int) -> Invocation: ...
    @overload
    def __getitem__(self, index: slice) -> Invocations: ...
    def __getitem__(self, index: int | slice) -> Invocation | Invocations:
        return Invocations(self._records[index], self._known) if isinstance(index, slice) else self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Invocation]:
        return iter(list(self._records))

    def of(self, name: str) -> Invocations:
        """Those of a route key or of a function. Raises `ValueError`, with what there is, for any other name."""
        if self._known and name not in self._known:
            raise ValueError(f"no route or function is called {name!r}; there are: {', '.join(self._known)}")
        return Invocations([one for one in self if name in (one.route_key, one.function)], self._known)

    @property
    def failed(self) -> Invocations:
        """Those that did not return."""
        return Invocations([one for one in self if one.error is not None], self._known)

    def one(self, name: str) -> Invocation:
        """The only one of this route key or function. Raises `AssertionError` when it ran not at all, or more often."""
        self.assert_count(name, 1)
        return self.of(name)[0]

    def assert_count(self, name: str, times: int) -> None:
        """Raises `AssertionError` unless this route key or function ran exactly so often."""
        found = len(self.of(name))
        if found != times:
            raise AssertionError(f"{name} should have run {_times(times)}, and ran {_times(found)}\n{self}")

    def assert_ok(self) -> None:
        """Raises `AssertionError`, with stack traces, if any invocation failed."""
        if self.failed:
            count = "an invocation" if len(self.failed) == 1 else f"{len(self.failed)} invocations"
            raise AssertionError(f"{count} failed:\n{self.failed}")

    def __str__(self) -> str:
        return "\n".join(one.story() for one in self) or "nothing ran"

    __repr__ = __str__


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")
