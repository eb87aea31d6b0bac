"""The rules by which environments take invocations, without any threads or processes."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pingbox.emulator.services.lambda_.environments import Environments, Grow, Idle, Next, Retire, Throttled, Use, Waits

LIMIT, WAITING, STARTING = 4, 2, 2


class EnvironmentsMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: one invocation at a time each, never more than the limit, nor more that start
    than may, none forgotten, first come first served, and nothing runs on code that was replaced before it began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.environments: Environments[int, int] = Environments(LIMIT, WAITING, STARTING)
        self.busy: dict[int, int] = {}  # environment -> invocation
        self.starting: set[int] = set()
        self.idle: list[int] = []
        self.idle_since: dict[int, int] = {}
        self.now = 0
        self.waiting: list[int] = []
        self.old: set[int] = set()
        self.invocations = 0
        self.born = 0

    def grow(self, invocation: int) -> None:
        self.born += 1
        self.environments.add(self.born)
        self.starting.add(self.born)
        self.busy[self.born] = invocation

    def room(self) -> bool:
        return len(self.busy) < LIMIT and len(self.starting) < STARTING

    @rule()
    def an_event_comes(self) -> None:
        self.invocations += 1
        match self.environments.offer(self.invocations):
            case Use(environment):
                assert environment == self.idle.pop()  # the warmest
                self.busy[environment] = self.invocations
            case Grow():
                assert not self.idle
                assert self.room()
                self.grow(self.invocations)
            case Waits():
                assert self.waiting or not self.room()
                self.waiting.append(self.invocations)
            case Throttled():
                assert len(self.waiting) + len(self.busy) == WAITING + LIMIT

    @precondition(lambda self: self.starting)
    @rule(data=st.data())
    def an_environment_has_started(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.starting)))
        self.starting.remove(environment)
        self.environments.up(environment)

    @rule()
    def some_time_has_passed(self) -> None:
        wanted = bool(self.waiting) and self.room()
        assert self.take_waiting(self.environments.waited()) == wanted

    @precondition(lambda self: self.busy.keys() - self.starting)
    @rule(data=st.data())
    def an_event_ends(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.busy.keys() - self.starting)))
        del self.busy[environment]
        self.now += 1
        match self.environments.freed(environment, self.now):
            case Next(invocation):
                assert environment not in self.old
                assert invocation == self.waiting.pop(0)
                self.busy[environment] = invocation
            case Idle():
                assert environment not in self.old
                assert not self.waiting
                self.idle.append(environment)
                self.idle_since[environment] = self.now
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

    @rule(data=st.data())
    def idle_environments_are_ended(self, data: st.DataObject) -> None:
        since = data.draw(st.integers(0, self.now))
        rested = [environment for environment in self.idle if self.idle_since[environment] <= since]
        assert self.environments.idle_since(since) == rested
        for environment in rested:
            self.idle.remove(environment)
            self.is_lost(environment)

    def is_lost(self, environment: int) -> None:
        self.old.discard(environment)
        self.starting.discard(environment)
        self.take_waiting(self.environments.removed(environment))

    def take_waiting(self, invocation: int | None) -> bool:
        if invocation is None:
            return False
        assert invocation == self.waiting.pop(0)
        self.grow(invocation)
        return True

    @rule()
    def the_code_is_replaced(self) -> None:
        assert sorted(self.environments.renew()) == sorted(self.idle)
        self.idle.clear()
        self.old = set(self.busy)

    @invariant()
    def there_are_never_more_than_the_limit(self) -> None:
        assert len(self.environments) == len(self.busy) + len(self.idle) <= LIMIT
        assert len(self.starting) <= STARTING

    @invariant()
    def nobody_waits_while_an_environment_is_idle(self) -> None:
        assert not (self.waiting and self.idle)


TestEnvironments = EnvironmentsMachine.TestCase


@pytest.mark.fact("LM-26")
def test_an_environment_that_runs_an_event_is_given_no_other() -> None:
    environments: Environments[str, int] = Environments(limit=2, waiting=1)
    assert environments.offer(1) == Grow()
    environments.add("a")
    environments.up("a")
    assert environments.freed("a") == Idle()
    assert environments.offer(2) == Use("a")
    assert environments.offer(3) == Grow()
