"""Taking a stage down: what goes, what stays, and the steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.stack import StackState
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.actual import Actual, deployed_template, observe, stack_resources
from pingbox.deploy.plan.data_types import holds_data
from pingbox.deploy.plan.protection import is_protected
from pingbox.deploy.plan.source import CHAT, deployed_source
from pingbox.deploy.plan.steps import (
    DeleteSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ProtectStack,
    RemoveArtifacts,
    RemoveBucketIfEmpty,
    Step,
)
from pingbox.deploy.plan.target import DeployTarget
from pingbox.templates.cloudformation.sections import LOOP

TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"
_RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})
_PAGE = "SiteBucket"
_STACK = "AWS::CloudFormation::Stack"
_NESTED = "/"
_DELETED = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Inventory:
    """Everything that belongs to the stage. What is inside a nested stack has the logical id `Nested/Table`.

    `nested_retained` are the ids inside nested stacks whose deletion policy retains them.
    """

    target: DeployTarget
    actual: Actual
    resources: tuple[Mapping[str, Any], ...]
    template: Mapping[str, Any]
    nested_retained: frozenset[str] = frozenset()

    @property
    def retained(self) -> frozenset[str]:
        """Logical ids that CloudFormation leaves standing, because their deletion policy says so."""
        return _retained(self.template) | self.nested_retained

    @property
    def data(self) -> frozenset[str]:
        """Logical ids of what holds data, nested stacks as a whole.

        The chat's page holds none: every deploy uploads it again.
        """
        source = deployed_source(self.actual.stack) if self.actual.stack else None
        page = {_PAGE} if source is not None and source.kind == CHAT else set()
        return frozenset(
            entry["LogicalResourceId"]
            for entry in self.resources
            if entry.get("PhysicalResourceId")
            and holds_data(entry["ResourceType"])
            and _NESTED not in entry["LogicalResourceId"]
        ) - frozenset(page)

    @property
    def protected(self) -> bool:
        """Whether protection has to be taken away first: that of the stage, or the stack's termination protection."""
        stack = self.actual.stack
        if stack is None or not stack.can_change:
            return bool(stack and stack.protected)
        return stack.protected or is_protected(stack, self.target.stage)

    @property
    def is_empty(self) -> bool:
        """Nothing of the stage is there."""
        return self.actual.stack is None and not self.actual.artifacts and not self.actual.secret

    def physical(self, type_name: str) -> dict[str, str]:
        """Logical id -> physical id of the resources of this type."""
        return {
            entry["LogicalResourceId"]: entry["PhysicalResourceId"]
            for entry in self.resources
            if entry["ResourceType"] == type_name and entry.get("PhysicalResourceId")
        }


def take_inventory(aws: Aws, target: DeployTarget) -> Inventory:
    """Ask for everything. Changes nothing."""
    actual = observe(aws, target)
    if actual.stack is None or actual.stack.state is StackState.IN_REVIEW:
        return Inventory(target, actual, (), {})  # a stack in review has no resources and no template yet
    listed = stack_resources(aws, actual.stack.arn)
    there, retained = _with_nested(aws, listed, "")
    template = deployed_template(aws, actual.stack.arn)
    return Inventory(target, actual, tuple(there), template, frozenset(retained))


def _with_nested(
    aws: Aws, listed: Iterable[Mapping[str, Any]], prefix: str
) -> tuple[list[Mapping[str, Any]], set[str]]:
    """The resources and those of nested stacks, by ids with the prefix; and which of the nested are retained."""
    there: list[Mapping[str, Any]] = []
    retained: set[str] = set()
    for entry in listed:
        if entry.get("ResourceStatus") == _DELETED:
            continue
        name, physical = prefix + entry["LogicalResourceId"], entry.get("PhysicalResourceId")
        there.append({**entry, "LogicalResourceId": name})
        if entry["ResourceType"] == _STACK and physical:
            inside, kept_inside = _with_nested(aws, stack_resources(aws, physical), name + _NESTED)
            there += inside
            retained |= kept_inside | {name + _NESTED + one for one in _retained(deployed_template(aws, physical))}
    return there, retained


def _retained(template: Mapping[str, Any]) -> frozenset[str]:
    entries = template.get("Resources", {}).items()
    return frozenset(
        name for name, entry in entries if not name.startswith(LOOP) and entry.get("DeletionPolicy") in _RETAINING
    )


def _stays(logical_id: str, staying: Collection[str]) -> bool:
    """Whether this stays, by itself or with a nested stack around it."""
    parts = logical_id.split(_NESTED)
    return any(_NESTED.join(parts[:length]) in staying for length in range(1, len(parts) + 1))


def refuse_destroying(inventory: Inventory, *, keep_data: bool) -> None:
    """`DeployRefusedError` for a stack that is busy, or that cannot be made to keep its data any more. Pure."""
    stack = inventory.actual.stack
    if stack is None:
        return
    if stack.state is StackState.BUSY:
        raise DeployRefusedError(
            f"the stack {stack.name}",
            stack.status,
            "a stack without a running operation",
            "wait until the other operation is over",
        )
    to_keep = inventory.data - inventory.retained if keep_data else frozenset()
    if to_keep and not stack.can_change:
        raise DeployRefusedError(
            f"the stack {stack.name}",
            stack.status,
            f"a stack that can be updated, so that {', '.join(sorted(to_keep))} can be kept",
            "save what they hold, then destroy without --keep-data",
        )
    if unnamed := sorted(to_keep - set(inventory.template.get("Resources", {}))):
        raise DeployRefusedError(
            f"the stack {stack.name}",
            f"{', '.join(unnamed)} come from a loop, a macro or SAM, not from the template itself",
            "resources that the template names, so that they can be kept",
            "give them `DeletionPolicy: Retain` in your template and deploy it; then destroy",
        )


def refuse_protected(inventory: Inventory, *, delete_data: bool, removal_allowed: bool) -> None:
    """`DeployRefusedError` for a protected stage, and for data that the template retains, unless that may go. Pure."""
    if removal_allowed:
        return
    retained = inventory.physical(TABLE).keys() & inventory.retained if delete_data else frozenset()
    if inventory.protected or retained:
        what = "protected" if inventory.protected else f"retains {', '.join(sorted(retained))}"
        raise DeployRefusedError(
            f"the stack {inventory.target.stack}",
            what,
            "a stage without protection",
            "pass --remove-protection if it may be taken away",
        )


def destroy_steps(
    inventory: Inventory, *, delete_data: bool = False, keep_data: bool = False, role: str | None = None
) -> list[Step]:
    """The steps, in order. Pure. Call it with the inventory that was taken after `keep`.

    Retained tables stay unless `delete_data`. Buckets are emptied first: CloudFormation does not delete a full one.
    With `keep_data` the token secret stays as well: it says who wrote what is kept.
    """
    target, actual, retained = inventory.target, inventory.actual, inventory.retained
    steps: list[Step] = []
    if actual.stack is not None:
        version = actual.stack.version
        if actual.stack.protected:
            steps.append(ProtectStack(target.stack, on=False, expected=version))
        buckets = inventory.physical(BUCKET)
        steps += [EmptyBucket(name, version) for logical, name in buckets.items() if not _stays(logical, retained)]
        own = sum(_NESTED not in entry["LogicalResourceId"] for entry in inventory.resources)
        steps.append(DeleteStack(target.stack, version, resources=own, role=role))
        tables = inventory.physical(TABLE)
        steps += [DeleteTable(tables[name]) for name in sorted(retained & set(tables)) if delete_data]
    if actual.secret and not keep_data:
        steps.append(DeleteSecret(target.secret, target.stack))
    if actual.artifacts:
        steps.append(RemoveArtifacts(target.artifact_bucket, tuple(sorted(actual.artifacts)), target.stack))
    if actual.artifacts is not None:
        steps.append(RemoveBucketIfEmpty(target.artifact_bucket))
    return steps


def kept(inventory: Inventory, *, delete_data: bool, keep_data: bool) -> dict[str, str]:
    """Physical name -> type of what will still be there afterwards. Pure."""
    tables = set(inventory.physical(TABLE))
    retained = inventory.retained - tables if delete_data else inventory.retained
    staying = retained | (inventory.data if keep_data else frozenset())
    there = {
        entry["PhysicalResourceId"]: entry["ResourceType"]
        for entry in inventory.resources
        if _stays(entry["LogicalResourceId"], staying) and entry.get("PhysicalResourceId")
    }
    secret = {inventory.target.secret: "AWS::SSM::Parameter"} if keep_data and inventory.actual.secret else {}
    return {**there, **secret}
