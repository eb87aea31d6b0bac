"""A deploy from end to end: look, make the change set, show it, carry it out, bring the page."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from pingbox.deploy.artifacts.site import SiteStep, site_steps
from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.commands.options import DEFAULT_UPDATE, UpdateOptions
from pingbox.deploy.errors import DeployError, RefusedError, StackError
from pingbox.deploy.perform.steps import perform
from pingbox.deploy.plan import planner
from pingbox.deploy.plan.actual import Actual, find_stack, observe, physical_ids
from pingbox.deploy.plan.changes import Change, changes_of, data_loss
from pingbox.deploy.plan.desired import CAPABILITIES, Desired, page_config
from pingbox.deploy.plan.steps import ExecuteChangeSet, Step

_CHANGE_SET_SECONDS = 300


@dataclass(frozen=True)
class Plan:
    """What a deploy would do. `change_set` is None when the stack stays as it is; `site` is empty likewise."""

    stack: str
    change_set: str | None
    creates: bool
    changes: tuple[Change, ...]
    site: tuple[SiteStep, ...]
    swapped: str | None = None

    @property
    def empty(self) -> bool:
        """Nothing to do, neither in the stack nor on the page, and no hot-swapped code to take back."""
        return not self.changes and not self.site and self.swapped is None


@dataclass
class Deployment:
    """One run. `on_step` gets each step before it is performed, and how many are left."""

    aws: Aws
    desired: Desired
    watch: Watch
    on_step: Callable[[Step, int], None]
    how: UpdateOptions = DEFAULT_UPDATE
    clock: Callable[[], float] = time.time

    def observe(self) -> Actual:
        """What is there now."""
        return observe(self.aws, self.desired.target)

    def recover(self, actual: Actual) -> Actual:
        """Bring a stuck stack into a state that can be changed, and look again."""
        steps = planner.recovery(self.desired.target, actual)
        if not steps:
            return actual
        self._perform(steps)
        return self.observe()

    def plan(self, actual: Actual) -> Plan:
        """Make the change set and read it. Nothing of the app changes; `discard` takes it back.

        Call `recover` first. `StackError` when CloudFormation refuses the template.
        """
        self._perform(planner.template_upload(self.desired, actual))
        request = planner.change_set(self.desired, actual, f"pingbox-{int(self.clock() * 1000)}", self.how)
        self.aws.call("cloudformation", "create_change_set", **request.arguments(CAPABILITIES))
        try:
            changes = self._settled(request.stack, request.name)
        except BaseException:
            # What went wrong is on its way to the reader already; a stack left in review would only be in the way.
            with contextlib.suppress(DeployError):
                self._take_back(request.stack, request.name, request.create)
            raise
        if changes is None:
            self._take_back(request.stack, request.name, request.create)
        return Plan(
            stack=request.stack,
            change_set=request.name if changes is not None else None,
            creates=request.create,
            changes=changes or (),
            site=tuple(self._site_steps(actual.stack, actual)),
            swapped=actual.swapped,
        )

    def discard(self, plan: Plan) -> None:
        """Take the change set back, and with it the empty stack that a first change set brings along."""
        if plan.change_set is not None:
            self._take_back(plan.stack, plan.change_set, plan.creates)

    def execute(self, plan: Plan, actual: Actual) -> Stack:
        """Carry the plan out: what the stack needs, the stack, what follows it, the page. The stack as it is then."""
        if plan.change_set is not None:
            # Express mode's way back stands in the change set; CloudFormation does not take both.
            rollback = None if self.how.express else self.how.rollback
            change = ExecuteChangeSet(plan.stack, plan.change_set, len(plan.changes), rollback)
            self._perform([*planner.preparation(self.desired, actual), change])
        stack = find_stack(self.aws, plan.stack)
        assert stack is not None  # it was just changed, or stayed as it was
        functions = tuple(physical_ids(self.aws, stack.name, "AWS::Lambda::Function").values())
        self._perform(planner.after_change(self.desired, actual, functions))
        self._perform(self._site_steps(stack, actual))
        return stack

    def hot_swap(self, actual: Actual) -> list[Step]:
        """Only the code, at once. `RefusedError` without a stack that can be updated; returns its steps."""
        if actual.stack is None or not actual.stack.can_change:
            raise RefusedError(
                f"the stack {self.desired.target.stack}",
                actual.stack.status if actual.stack else "not there",
                "a stack that was deployed",
                "deploy it once without --hotswap",
            )
        functions = tuple(physical_ids(self.aws, actual.stack.name, "AWS::Lambda::Function").values())
        steps = planner.hot_swap(self.desired, actual, functions)
        self._perform(steps)
        return steps

    def _take_back(self, stack: str, name: str, created: bool) -> None:
        # By names and not by the change set's ARN: permissions are given on the stack.
        self.aws.call("cloudformation", "delete_change_set", StackName=stack, ChangeSetName=name)
        found = find_stack(self.aws, stack) if created else None
        # During the question another process may have deployed a stack of this name.
        if found is not None and found.status == "REVIEW_IN_PROGRESS":
            self.aws.call("cloudformation", "delete_stack", StackName=stack)

    def _perform(self, steps: list[Step] | list[SiteStep]) -> None:
        perform(self.aws, steps, self.watch, self.on_step)

    def _site_steps(self, stack: Stack | None, actual: Actual) -> list[SiteStep]:
        if self.desired.site is None:
            return []
        outputs = stack.outputs if stack else {}
        config = (page_config(outputs, self.desired.target.stand_in),) if "WebSocketUrl" in outputs else ()
        bucket = outputs.get("SiteBucket", "the page's bucket")
        return site_steps((*self.desired.site, *config), actual.site, bucket, outputs.get("SiteDistribution"))

    def _settled(self, stack: str, change_set: str) -> tuple[Change, ...] | None:
        """The change set's changes once it is made; None when it holds none."""
        deadline = self.watch.clock() + _CHANGE_SET_SECONDS
        while True:
            # Several pages repeat the status; values come only when asked for.
            listing = list(
                pages(
                    self.aws,
                    "cloudformation",
                    "describe_change_set",
                    StackName=stack,
                    ChangeSetName=change_set,
                    IncludePropertyValues=True,
                )
            )
            status, reason = listing[0]["Status"], listing[0].get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return changes_of(entry for page in listing for entry in page.get("Changes", ()))
            if status == "FAILED":
                if is_no_change(reason):
                    return None
                raise StackError(stack, "unchanged", None, f"CloudFormation refused the change set: {reason}")
            if self.watch.clock() > deadline:
                raise RefusedError(
                    "the change set", status, f"ready within {_CHANGE_SET_SECONDS} seconds", "try again later"
                )
            self.watch.sleep(self.watch.pause)


def is_no_change(reason: str) -> bool:
    """CloudFormation calls "nothing to do" a failure, in one of these two sentences."""
    return "didn't contain changes" in reason or "No updates are to be performed" in reason


def refuse_loss(plan: Plan, allowed: bool) -> None:
    """`RefusedError` when the plan would replace or remove a table or bucket and this was not allowed."""
    lossy = data_loss(plan.changes)
    if lossy and not allowed:
        names = ", ".join(change.logical_id for change in lossy)
        raise RefusedError(
            f"the plan for {plan.stack}",
            f"replaces or removes {names}, surely or maybe",
            "tables and buckets that keep what is in them",
            "look at the plan; pass --allow-replace if their content may go",
        )


def refuse_no_way_back(plan: Plan, how: UpdateOptions) -> None:
    """`RefusedError` when something would be replaced without rollback: CloudFormation refuses it too late."""
    replaced = ", ".join(change.logical_id for change in plan.changes if change.replacement == "True")
    if replaced and not how.rollback:
        raise RefusedError(
            f"the plan for {plan.stack}",
            f"replaces {replaced}",
            "no replacement while rollback is disabled",
            "deploy without --disable-rollback",
        )
