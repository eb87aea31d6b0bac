"""Waits for CloudFormation and reports its events, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.aws.events import STACK_TYPE, Event, event_of, first_failure, fresh
from pingbox.deploy.aws.stack import is_settled, stack_name, succeeded
from pingbox.deploy.aws.validation import first_validation_error
from pingbox.deploy.errors import AwsError, DeployRefusedError, StackError
from pingbox.deploy.plan.actual import find_stack

_ABSENT = "DELETE_COMPLETE"


@dataclass
class Watch:
    """Starts an operation on a stack and waits for its end.

    `on_event` gets every new event, oldest first, and the number of resources the operation is about (0: unknown).
    `pause` is in seconds between two looks; `sleep` and `clock` stand for the real ones, so that a test needs no time.
    """

    aws: Aws
    on_event: Callable[[Event, int], None]
    pause: float = 1.5
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, stack: str, start: Callable[[], object], resources: int = 0) -> None:
        """Start and wait; `stack` is a name or an ARN. `StackError` with the first cause when it does not succeed."""
        arn = self._arn(stack)
        # By ARN from here on: a deleted stack is no longer found by its name.
        newest = next(self._events(arn), None)
        seen = frozenset([newest.id]) if newest else frozenset[str]()
        start()
        history: list[Event] = []
        while True:
            for event in fresh(self._events(arn), seen.union(event.id for event in history)):
                history.append(event)
                self.on_event(event, resources)
            status = self._end(arn, history)
            if status is not None:
                break
            self.sleep(self.pause)
        if not succeeded(status):
            raise self._failure(stack, arn, status, history)

    def _end(self, arn: str, history: Sequence[Event]) -> str | None:
        """The status the operation ended with, or None while it is under way.

        `DescribeStacks` is not enough: just after an update began it still gives the status of the update before.
        """
        ends = [event.status for event in history if event.type == STACK_TYPE and event.resource_id == arn]
        if ends and is_settled(ends[-1]):
            return ends[-1]
        return None if find_stack(self.aws, arn) else _ABSENT

    def _failure(self, stack: str, arn: str, status: str, history: list[Event]) -> StackError:
        name = stack_name(stack)
        cause = first_failure(history)
        if cause is None:
            return StackError(name, status, None, "CloudFormation gave no reason")
        if "DescribeEvents" in cause.reason and (found := first_validation_error(self.aws, StackName=arn)):
            return StackError(name, status, found.logical_id, found.reason)
        return StackError(name, status, cause.logical_id, cause.reason or cause.status)

    def _arn(self, stack: str) -> str:
        found = find_stack(self.aws, stack)
        return found.arn if found else stack

    def _events(self, arn: str) -> Iterator[Event]:
        """Newest first, page by page: a caller that stops early causes no more calls."""
        try:
            for page in pages(self.aws, "cloudformation", "describe_stack_events", StackName=arn):
                yield from map(event_of, page["StackEvents"])
        except AwsError as error:
            if "does not exist" not in error.reason:
                raise


def wait_for(condition: Callable[[], bool], watch: Watch, seconds: float, what: str) -> None:
    """Look until the condition holds. `DeployRefusedError` after `seconds`."""
    deadline = watch.clock() + seconds
    while not condition():
        if watch.clock() > deadline:
            raise DeployRefusedError(
                what, "still under way", f"an end within {seconds:.0f} seconds", "look at it and repeat"
            )
        watch.sleep(watch.pause)
