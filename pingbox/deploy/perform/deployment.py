"""A deploy from end to end: load the state, make the change set, show it, execute it, upload the page."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pingbox.deploy.artifacts.site import SiteStep, site_steps
from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.guard import changed, is_overtaken, refuse_overtaken
from pingbox.deploy.aws.stack import Stack, StackState, StackVersion
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.commands.options import DEFAULT_UPDATE, UpdateOptions
from pingbox.deploy.errors import AwsError, DeployError, DeployRefusedError
from pingbox.deploy.perform.change_sets import read_change_set, take_back
from pingbox.deploy.perform.steps import perform
from pingbox.deploy.plan import planner
from pingbox.deploy.plan.actual import Actual, find_stack, observe, physical_ids
from pingbox.deploy.plan.changes import ResourceChange, data_loss
from pingbox.deploy.plan.desired import CAPABILITIES, Desired, page_config
from pingbox.deploy.plan.protection import for_creation
from pingbox.deploy.plan.steps import ExecuteChangeSet, Step


@dataclass(frozen=True)
class Plan:
    """What a deploy would do. `change_set` is None when the stack stays as it is; `site` is empty likewise.

    `expected` is the stack that the change set was made for, None when it creates one. `protect` is True or False when
    termination protection is to be switched, None when it stays.
    """

    stack: str
    change_set: str | None
    creates: bool
    changes: tuple[ResourceChange, ...]
    site: tuple[SiteStep, ...]
    swapped: str | None = None
    expected: StackVersion | None = None
    protect: bool | None = None

    @property
    def empty(self) -> bool:
        """Nothing to do, neither in the stack nor on the page, and no hot-swapped code to take back."""
        return not self.changes and not self.site and self.swapped is None and self.protect is None


@dataclass
class DeployRun:
    """One run. `on_step` gets each step before it is performed, and how many are left. `identity` is an ARN."""

    aws: Aws
    desired: Desired
    watch: Watch
    on_step: Callable[[Step, int], None]
    how: UpdateOptions = DEFAULT_UPDATE
    identity: str = ""
    clock: Callable[[], float] = time.time

    def observe(self) -> Actual:
        """What is there now."""
        return observe(self.aws, self.desired.target)

    def recover(self, actual: Actual) -> Actual:
        """Bring a stuck stack into a state that can be changed, and load the state again."""
        steps = planner.recovery(self.desired.target, actual, self.desired.role)
        if not steps:
            return actual
        self._perform(steps)
        return self.observe()

    def plan(self, actual: Actual) -> Plan:
        """Make the change set and read it. Nothing of the app changes; `discard` takes it back.

        Call `recover` first. `StackError` when CloudFormation refuses the template.
        """
        desired = self._first_version(actual)
        self._perform(planner.template_upload(desired, actual))
        request = planner.change_set(desired, actual, f"pingbox-{int(self.clock() * 1000)}", self.how)
        try:
            self.aws.call("cloudformation", "create_change_set", **request.arguments(CAPABILITIES))
        except AwsError as error:
            raise self._overtaken(error, request.stack, actual) from error
        try:
            changes = read_change_set(self.aws, self.watch, request.stack, request.name)
        except AwsError as error:
            raise self._overtaken(error, request.stack, actual) from error
        except BaseException:
            # The error is on its way to the user already; a stack left in review would only be in the way.
            with contextlib.suppress(DeployError):
                take_back(self.aws, request.stack, request.name, created=request.create)
            raise
        if changes is None:
            take_back(self.aws, request.stack, request.name, created=request.create)
        protected = bool(actual.stack and actual.stack.protected)
        return Plan(
            stack=request.stack,
            change_set=request.name if changes is not None else None,
            creates=request.create,
            changes=changes or (),
            site=tuple(self._site_steps(actual.stack, actual)),
            swapped=actual.swapped,
            expected=None if request.create or actual.stack is None else actual.stack.version,
            protect=self.desired.protect if self.desired.protect != protected else None,
        )

    def discard(self, plan: Plan) -> None:
        """Take the change set back, and with it the empty stack that a first change set brings along."""
        if plan.change_set is not None:
            take_back(self.aws, plan.stack, plan.change_set, created=plan.creates)

    def execute(self, plan: Plan, actual: Actual) -> Stack:
        """Carry the plan out: what the stack needs, the stack, what follows it, the page. The stack as it is then.

        `DeployRefusedError` before anything is done when the stack is no longer the one that the plan was made for.
        """
        if plan.change_set is not None:
            refuse_overtaken(self.aws, plan.stack, plan.change_set, plan.expected)
            self._perform([*planner.preparation(self.desired, actual), self._change(plan)])
            if plan.creates:
                self._protect_resources()
        stack = find_stack(self.aws, plan.stack)
        if stack is None:
            raise DeployRefusedError(
                f"the stack {plan.stack}", "gone", "the stack that was deployed", "run the command again"
            )
        functions = tuple(physical_ids(self.aws, stack.arn, "AWS::Lambda::Function").values())
        self._perform(planner.after_change(self.desired, actual, functions))
        self._perform(self._site_steps(stack, actual))
        if not plan.empty:
            at = datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds")
            self._perform([planner.note_step(self.desired, at, self.identity)])
        return stack

    def hot_swap(self, actual: Actual) -> list[Step]:
        """Only the code, at once. `DeployRefusedError` without a stack that can be updated; returns its steps."""
        if actual.stack is None or not actual.stack.can_change:
            raise DeployRefusedError(
                f"the stack {self.desired.target.stack}",
                actual.stack.status if actual.stack else "not there",
                "a stack that was deployed",
                "deploy it once without --hotswap",
            )
        functions = tuple(physical_ids(self.aws, actual.stack.arn, "AWS::Lambda::Function").values())
        steps = planner.hot_swap(self.desired, actual, functions)
        self._perform(steps)
        return steps

    def _overtaken(self, error: AwsError, stack: str, actual: Actual) -> DeployError:
        """What to say when the stack is no longer in the state that the change set is made for."""
        expected = actual.stack.status if actual.stack else "not there"
        return changed(stack, find_stack(self.aws, stack), expected) if is_overtaken(error) else error

    def _first_version(self, actual: Actual) -> Desired:
        """A stack is created with every deletion protection off: what fails could not be taken back otherwise."""
        if actual.state not in {StackState.ABSENT, StackState.IN_REVIEW}:
            return self.desired
        unprotected = for_creation(self.desired.document)
        return self.desired if unprotected is None else replace(self.desired, template=_as_text(unprotected))

    def _protect_resources(self) -> None:
        """The second half of a creation: deletion protection on, now that everything is there."""
        if for_creation(self.desired.document) is None:
            return
        actual = self.observe()
        second = self.plan(actual)
        if second.change_set is not None:
            self._perform([self._change(second)])

    def _change(self, plan: Plan) -> ExecuteChangeSet:
        assert plan.change_set is not None
        # In express mode the change set itself says whether to roll back; CloudFormation does not take both.
        rollback = None if self.how.express else self.how.rollback
        return ExecuteChangeSet(plan.stack, plan.change_set, len(plan.changes), rollback, plan.expected)

    def _perform(self, steps: Sequence[Step]) -> None:
        perform(self.aws, steps, self.watch, self.on_step)

    def _site_steps(self, stack: Stack | None, actual: Actual) -> list[SiteStep]:
        if self.desired.site is None:
            return []
        outputs = stack.outputs if stack else {}
        config = (page_config(outputs, self.desired.target.stand_in),) if "WebSocketUrl" in outputs else ()
        bucket = outputs.get("SiteBucket", "the page's bucket")
        return site_steps((*self.desired.site, *config), actual.site, bucket, outputs.get("SiteDistribution"))


def _as_text(template: object) -> str:
    return json.dumps(template, indent=2) + "\n"


def refuse_loss(plan: Plan, allowed: bool) -> None:
    """`DeployRefusedError` when the plan would lose data or an identity, and this was not allowed."""
    losses = data_loss(plan.changes)
    if losses and not allowed:
        raise DeployRefusedError(
            f"the plan for {plan.stack}",
            "; ".join(f"{_verb(change)} {change.logical_id}: {change.loses}" for change in losses),
            "a plan that loses no data and nothing that others know by its name, address or key",
            "look at the plan; pass --allow-replace if all of this may go",
        )


def _verb(change: ResourceChange) -> str:
    if change.action == "Remove":
        return "removes"
    return "replaces" if change.replacement == "True" else "may replace"


def refuse_no_way_back(plan: Plan, how: UpdateOptions) -> None:
    """`DeployRefusedError` when something would be replaced without rollback: CloudFormation refuses it too late."""
    replaced = ", ".join(change.logical_id for change in plan.changes if change.replacement == "True")
    if replaced and not how.rollback:
        raise DeployRefusedError(
            f"the plan for {plan.stack}",
            f"replaces {replaced}",
            "no replacement while rollback is disabled",
            "deploy without --disable-rollback",
        )
