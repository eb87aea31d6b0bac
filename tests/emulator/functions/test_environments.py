"""The rules by which environments take invocations, without any threads or processes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pingbox.emulator.functions.environments import Environments, Grow, Idle, Next, Retire, Throttled, Use, Waits

LIMIT, WAITING = 3, 2


class EnvironmentsMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: one invocation at a time each, never more than the limit, none forgotten,
    first come first served, and nothing runs on code that was replaced before it began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.environments: Environments[int, int] = Environments(LIMIT, WAITING)
        self.busy: dict[int, int] = {}  # environment -> invocation
        self.idle: list[int] = []
        self.waiting: list[int] = []
        self.old: set[int] = set()
        self.invocations = 0
        self.born = 0

    def grow(self, invocation: int) -> None:
        self.born += 1
        self.environments.add(self.born)
        self.busy[self.born] = invocation

    @rule()
    def an_event_comes(self) -> None:
        self.invocations += 1
        match self.environments.offer(self.invocations):
            case Use(environment):
                assert environment == self.idle.pop()  # the warmest
                self.busy[environment] = self.invocations
            case Grow():
                assert not self.idle
                self.grow(self.invocations)
            case Waits():
                assert len(self.busy) >= LIMIT
                self.waiting.append(self.invocations)
            case Throttled():
                assert len(self.waiting) == WAITING

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def an_event_ends(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.busy)))
        del self.busy[environment]
        match self.environments.freed(environment):
            case Next(invocation):
                assert environment not in self.old
                assert invocation == self.waiting.pop(0)
                self.busy[environment] = invocation
            case Idle():
                assert environment not in self.old
                assert not self.waiting
                self.idle.append(environment)
            case Retire():
                assert environment in self.old
                self.is_lost(environment)

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def an_environment_is_killed(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.busy)))
        del self.busy[environment]
        self.is_lost(environment)

    @precondition(lambda self: self.idle)
    @rule(data=st.data())
    def an_idle_environment_dies(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.idle)))
        self.idle.remove(environment)
        self.is_lost(environment)

    def is_lost(self, environment: int) -> None:
        self.old.discard(environment)
        if (invocation := self.environments.lost(environment)) is not None:
            assert invocation == self.waiting.pop(0)
            self.grow(invocation)

    @rule()
    def the_code_is_replaced(self) -> None:
        assert sorted(self.environments.renew()) == sorted(self.idle)
        self.idle.clear()
        self.old = set(self.busy)

    @invariant()
    def there_are_never_more_than_the_limit(self) -> None:
        assert len(self.environments) == len(self.busy) + len(self.idle) <= LIMIT

    @invariant()
    def nobody_waits_while_there_is_room(self) -> None:
        if self.waiting:
            assert len(self.busy) == LIMIT
            assert not self.idle


TestEnvironments = EnvironmentsMachine.TestCase
