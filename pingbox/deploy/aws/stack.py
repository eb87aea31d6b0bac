"""A stack as CloudFormation describes it, and what its status allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class StackState(Enum):
    """What can be done with a stack."""

    ABSENT = "absent"
    READY = "ready"
    PARTLY_UPDATED = "partly updated"
    """An update failed without rollback: some resources are new, some old. It can be updated."""
    BUSY = "busy"
    NEVER_CAME_UP = "never came up"
    """Its first creation failed: nothing of it was ever in use, it can only be deleted."""
    ROLLBACK_FAILED = "rollback failed"
    """An update failed and its rollback failed as well: `continue-update-rollback` repairs it."""
    DELETE_FAILED = "delete failed"
    """A deletion failed: only deleting it again helps."""


_NEVER_CAME_UP = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}


@dataclass(frozen=True)
class Stack:
    """One stack. `outputs`, `parameters` and `tags` by name."""

    name: str
    status: str
    arn: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> StackState:
        """What the status allows."""
        return state_of(self.status)

    @property
    def can_change(self) -> bool:
        """Whether a change set may be made for it as it is."""
        return self.state in {StackState.READY, StackState.PARTLY_UPDATED}


def state_of(status: str | None) -> StackState:
    """The standing behind a status; None and DELETE_COMPLETE mean that there is no stack.

    REVIEW_IN_PROGRESS ends in IN_PROGRESS and yet nothing is going on: a change set was made and never executed.
    """
    if status is None or status == "DELETE_COMPLETE":
        return StackState.ABSENT
    if status in _NEVER_CAME_UP:
        return StackState.NEVER_CAME_UP
    if status == "UPDATE_FAILED":
        return StackState.PARTLY_UPDATED
    if status == "UPDATE_ROLLBACK_FAILED":
        return StackState.ROLLBACK_FAILED
    if status == "DELETE_FAILED":
        return StackState.DELETE_FAILED
    return StackState.BUSY if status.endswith("_IN_PROGRESS") else StackState.READY


def is_settled(status: str) -> bool:
    """Whether an operation is over, well or badly."""
    return not status.endswith("_IN_PROGRESS")


def succeeded(status: str) -> bool:
    """Whether the operation that ended here did what was asked: a rollback, however complete, did not."""
    return status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE"}


def described(description: Mapping[str, Any]) -> Stack:
    """A stack from one entry of `DescribeStacks`."""
    return Stack(
        name=description["StackName"],
        status=description["StackStatus"],
        arn=description["StackId"],
        outputs={entry["OutputKey"]: entry["OutputValue"] for entry in description.get("Outputs", ())},
        parameters={
            entry["ParameterKey"]: entry.get("ResolvedValue", entry.get("ParameterValue", ""))
            for entry in description.get("Parameters", ())
        },
        protected=bool(description.get("EnableTerminationProtection", False)),
        tags={entry["Key"]: entry["Value"] for entry in description.get("Tags", ())},
    )
