"""AWS as a script: answers by operation, every call recorded in order. For what MiniStack is too lenient about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.deploy.aws.events import Event
from pingbox.deploy.aws.stand_in import StandIn
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.errors import AwsError

Answer = dict[str, Any]


@dataclass
class FakeAws:
    """`script` maps an operation to an answer, an error, a function of its arguments, or a list of these in turn.

    The last one of a list stays. An operation that is not in the script answers with nothing.
    """

    script: Mapping[str, Any] = field(default_factory=dict)
    region: str = "eu-central-1"
    stand_in: StandIn | None = None
    calls: list[tuple[str, Answer]] = field(default_factory=list)
    _turns: dict[str, int] = field(default_factory=dict)

    def knows(self, service: str, operation: str, parameter: str) -> bool:
        """Everything but what the script says in `unknown`."""
        return parameter not in self.script.get("unknown", ())

    def call(self, service: str, operation: str, **arguments: Any) -> Answer:
        """See `pingbox.deploy.aws.client.Aws.call`."""
        self.calls.append((operation, arguments))
        answer = self.script.get(operation, {})
        if isinstance(answer, list):
            turn = self._turns.get(operation, 0)
            self._turns[operation] = turn + 1
            answer = answer[min(turn, len(answer) - 1)]
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(**arguments)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    @property
    def operations(self) -> list[str]:
        """The names of all calls, in order."""
        return [operation for operation, _ in self.calls]

    def arguments(self, operation: str) -> Answer:
        """The arguments of the only call of this operation."""
        [found] = [arguments for name, arguments in self.calls if name == operation]
        return found


def refused(code: str, reason: str = "no") -> AwsError:
    """An error answer."""
    return AwsError("Operation", code, reason)


@dataclass
class Time:
    """A clock that goes on only when somebody sleeps."""

    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep in no time."""
        self.now += seconds

    def clock(self) -> float:
        """Seconds."""
        return self.now


def watching(aws: FakeAws, heard: list[Event] | None = None) -> Watch:
    """A watch that needs no time; `heard` collects the events."""
    time = Time()
    told = heard if heard is not None else []
    return Watch(aws, lambda event, resources: told.append(event), sleep=time.sleep, clock=time.clock)
