"""Taking a stage down: what goes, what stays, the steps, and the check afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.artifacts.cfn_text import LOOP, parse
from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.stack import StackState
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan.actual import Actual, observe, stack_resources
from pingbox.deploy.plan.desired import CAPABILITIES
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

TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"


@dataclass(frozen=True)
class Inventory:
    """Everything that belongs to the stage. `retained` are the logical ids whose deletion policy is `Retain`."""

    target: DeployTarget
    actual: Actual
    resources: tuple[Mapping[str, Any], ...]
    template: Mapping[str, Any]

    @property
    def retained(self) -> frozenset[str]:
        """Logical ids that CloudFormation leaves standing."""
        entries = self.template.get("Resources", {})
        return frozenset(
            name
            for name, entry in entries.items()
            if not name.startswith(LOOP) and entry.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}
        )

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
    if actual.stack is None:
        return Inventory(target, actual, (), {})
    return Inventory(target, actual, tuple(stack_resources(aws, target.stack)), _template(aws, target.stack))


def refuse_destroying(inventory: Inventory, *, keep_data: bool) -> None:
    """`RefusedError` for a stack that is busy, or that cannot be updated any more to keep its data. Pure."""
    stack = inventory.actual.stack
    if stack is None:
        return
    if stack.state is StackState.BUSY:
        raise RefusedError(
            f"the stack {stack.name}",
            stack.status,
            "a stack without a running operation",
            "wait until the other operation is over",
        )
    if keep_data and not stack.can_change and set(inventory.physical(TABLE)) - inventory.retained:
        raise RefusedError(
            f"the stack {stack.name}",
            stack.status,
            "a stack that can be updated, so that its tables can be kept",
            "save what is in the tables, then destroy without --keep-data",
        )


def destroy_steps(inventory: Inventory, *, delete_data: bool) -> list[Step]:
    """The steps, in order. Pure.

    Retained tables stay unless `delete_data`. Buckets are emptied first: CloudFormation does not delete a full one.
    """
    target, actual = inventory.target, inventory.actual
    steps: list[Step] = []
    if actual.stack is not None:
        if actual.stack.protected:
            steps.append(ProtectStack(target.stack, on=False))
        buckets = inventory.physical(BUCKET)
        steps += [EmptyBucket(name) for logical, name in buckets.items() if logical not in inventory.retained]
        steps.append(DeleteStack(target.stack, resources=len(inventory.resources)))
        tables = inventory.physical(TABLE)
        steps += [DeleteTable(tables[name]) for name in sorted(inventory.retained & set(tables)) if delete_data]
    if actual.secret:
        steps.append(DeleteSecret(target.secret))
    if actual.artifacts:
        steps.append(RemoveArtifacts(target.artifact_bucket, tuple(sorted(actual.artifacts))))
    if actual.artifacts is not None:
        steps.append(RemoveBucketIfEmpty(target.artifact_bucket))
    return steps


def kept(inventory: Inventory, *, delete_data: bool, keep_data: bool) -> dict[str, str]:
    """Physical name -> type of what will still be there afterwards: retained tables, and whatever else the user's own
    template retains. Pure.
    """
    tables = set(inventory.physical(TABLE))
    staying = (inventory.retained - tables if delete_data else inventory.retained) | (tables if keep_data else set())
    return {
        entry["PhysicalResourceId"]: entry["ResourceType"]
        for entry in inventory.resources
        if entry["LogicalResourceId"] in staying and entry.get("PhysicalResourceId")
    }


def keep_tables(aws: Aws, inventory: Inventory, watch: Watch) -> None:
    """Give every table of the stack the deletion policy `Retain`, so that deleting the stack leaves them standing.

    Done by an update of its own; a stack whose tables are retained already is left alone.
    """
    tables = set(inventory.physical(TABLE))
    if inventory.actual.stack is None or tables <= inventory.retained:
        return
    body = json.dumps(retaining(inventory.template, tables))
    arguments = {
        "StackName": inventory.target.stack,
        "TemplateBody": body,
        "Capabilities": list(CAPABILITIES),
        "Parameters": [{"ParameterKey": name, "UsePreviousValue": True} for name in inventory.actual.stack.parameters],
    }
    watch.run(inventory.target.stack, lambda: aws.call("cloudformation", "update_stack", **arguments))


def retaining(template: Mapping[str, Any], logical_ids: set[str]) -> dict[str, Any]:
    """The template with these resources retained. Pure."""
    resources = {
        name: _retained(entry) if name in logical_ids else entry for name, entry in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _retained(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A policy cannot be updated by itself: "No updates are to be performed". A word in the metadata goes with it."""
    metadata = {**entry.get("Metadata", {}), "pingbox:kept": "by destroy --keep-data"}
    return {**entry, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Metadata": metadata}


def _template(aws: Aws, stack: str) -> Mapping[str, Any]:
    """The template as it was sent. boto3 parses JSON by itself and hands YAML over as text."""
    body = aws.call("cloudformation", "get_template", StackName=stack, TemplateStage="Original").get("TemplateBody")
    if not body:  # a stack whose only change set was never executed has none
        return {}
    return parse(body, f"the template of {stack}") if isinstance(body, str) else body
