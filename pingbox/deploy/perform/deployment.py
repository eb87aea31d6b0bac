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
from pingbox.deploy.commands.options import USUAL, How
from pingbox.deploy.errors import DeployError, RefusedError, StackError
from pingbox.deploy.perform.steps import perform
from pingbox.deploy.plan import planner
from pingbox.deploy.plan.actual import Actual, find_stack, observe, physical_ids
from pingbox.deploy.plan.changes import Change, changes_of, lost
from pingbox.deploy.plan.desired import CAPABILITIES, Desired, page_config
from pingbox.deploy.plan.steps import ExecuteChangeSet, Step

_CHANGE_SET_SECONDS = 300


@dataclass(frozen=True)
class Plan:
    """What a deploy would do. `change_set` is None when the stack stays as it is; `site` is empty likewise."""

    place_stack: str
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
    """One run. `told` hears each step before it is done, and how many are left."""

    aws: Aws
    wish: Desired
    watch: Watch
    told: Callable[[Step, int], None]
    how: How = USUAL
    clock: Callable[[], float] = time.time

    def observe(self) -> Actual:
        """What is there now."""
        return observe(self.aws, self.wish.place)

    def mend(self, reality: Actual) -> Actual:
        """Bring a stuck stack into a state that can be changed, and look again."""
        steps = planner.mending(self.wish.place, reality)
        if not steps:
            return reality
        self._perform(steps)
        return self.observe()

    def plan(self, reality: Actual) -> Plan:
        """Make the change set and read it. Nothing of the app changes; `discard` takes it back.

        Order of calls: the stack has to be at rest (`mend`). `StackError` when CloudFormation refuses the template.
        """
        self._perform(planner.template_upload(self.wish, reality))
        request = planner.change_set(self.wish, reality, f"pingbox-{int(self.clock() * 1000)}", self.how)
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
            place_stack=request.stack,
            change_set=request.name if changes is not None else None,
            creates=request.create,
            changes=changes or (),
            site=tuple(self._site_steps(reality.stack, reality)),
            swapped=reality.swapped,
        )

    def discard(self, plan: Plan) -> None:
        """Take the change set back, and with it the empty stack that a first change set brings along."""
        if plan.change_set is not None:
            self._take_back(plan.place_stack, plan.change_set, plan.creates)

    def execute(self, plan: Plan, reality: Actual) -> Stack:
        """Carry the plan out: what the stack needs, the stack, what follows it, the page. The stack as it is then."""
        if plan.change_set is not None:
            # Express mode's way back stands in the change set; CloudFormation does not take both.
            rollback = None if self.how.express else self.how.rollback
            change = ExecuteChangeSet(plan.place_stack, plan.change_set, len(plan.changes), rollback)
            self._perform([*planner.preparation(self.wish, reality), change])
        stack = find_stack(self.aws, plan.place_stack)
        assert stack is not None  # it was just changed, or stayed as it was
        functions = tuple(physical_ids(self.aws, stack.name, "AWS::Lambda::Function").values())
        self._perform(planner.after_change(self.wish, reality, functions))
        self._perform(self._site_steps(stack, reality))
        return stack

    def hot_swap(self, reality: Actual) -> list[Step]:
        """Only the code, at once. `RefusedError` without a stack at rest; the steps that were done."""
        if reality.stack is None or not reality.stack.can_change:
            raise RefusedError(
                f"the stack {self.wish.place.stack}",
                reality.stack.status if reality.stack else "not there",
                "a stack that was deployed",
                "deploy it once without --hotswap",
            )
        functions = tuple(physical_ids(self.aws, reality.stack.name, "AWS::Lambda::Function").values())
        steps = planner.hot_swap(self.wish, reality, functions)
        self._perform(steps)
        return steps

    def _take_back(self, stack: str, name: str, created: bool) -> None:
        # By names and not by the change set's ARN: permissions are given on the stack.
        self.aws.call("cloudformation", "delete_change_set", StackName=stack, ChangeSetName=name)
        found = find_stack(self.aws, stack) if created else None
        # While we waited for an answer somebody else may have deployed a stack of this name.
        if found is not None and found.status == "REVIEW_IN_PROGRESS":
            self.aws.call("cloudformation", "delete_stack", StackName=stack)

    def _perform(self, steps: list[Step] | list[SiteStep]) -> None:
        perform(self.aws, steps, self.watch, self.told)

    def _site_steps(self, stack: Stack | None, reality: Actual) -> list[SiteStep]:
        if self.wish.site is None:
            return []
        outputs = stack.outputs if stack else {}
        config = (page_config(outputs, self.wish.place.stand_in),) if "WebSocketUrl" in outputs else ()
        bucket = outputs.get("SiteBucket", "the page's bucket")
        return site_steps((*self.wish.site, *config), reality.site, bucket, outputs.get("SiteDistribution"))

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
    """`RefusedError` when the plan would replace or remove a table or bucket and nobody said so."""
    lossy = lost(plan.changes)
    if lossy and not allowed:
        names = ", ".join(change.logical_id for change in lossy)
        raise RefusedError(
            f"the plan for {plan.place_stack}",
            f"replaces or removes {names}, surely or maybe",
            "tables and buckets that keep what is in them",
            "look at the plan; pass --allow-replace if their content may go",
        )


def refuse_no_way_back(plan: Plan, how: How) -> None:
    """`RefusedError` when something would be replaced without a way back: CloudFormation stops half way at it."""
    replaced = ", ".join(change.logical_id for change in plan.changes if change.replacement == "True")
    if replaced and not how.rollback:
        raise RefusedError(
            f"the plan for {plan.place_stack}",
            f"replaces {replaced}",
            "no replacement while rollback is disabled",
            "deploy without --disable-rollback",
        )
