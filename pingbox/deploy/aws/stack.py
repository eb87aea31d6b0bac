"""A stack as CloudFormation describes it, and what its status means for somebody who wants to deploy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Standing(Enum):
    """What can be done with a stack."""

    ABSENT = "absent"
    READY = "ready"
    HALF_WAY = "half way"
    """An update failed and was told not to roll back: some of it is new, some old. It can be changed, not trusted."""
    BUSY = "busy"
    NEVER_CAME_UP = "never came up"
    """Its first creation failed: nothing of it was ever in use, it can only be deleted."""
    ROLLBACK_FAILED = "rollback failed"
    """An update failed and the way back failed as well: `continue-update-rollback` mends it."""
    DELETE_FAILED = "delete failed"
    """A deletion stopped half way: only deleting it again helps."""


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
    def standing(self) -> Standing:
        """What the status allows."""
        return standing(self.status)

    @property
    def can_change(self) -> bool:
        """Whether a change set may be made for it as it is."""
        return self.standing in {Standing.READY, Standing.HALF_WAY}


def standing(status: str | None) -> Standing:
    """The standing behind a status; None and DELETE_COMPLETE mean that there is no stack.

    REVIEW_IN_PROGRESS ends in IN_PROGRESS and yet nothing is going on: a change set was made and never executed.
    """
    if status is None or status == "DELETE_COMPLETE":
        return Standing.ABSENT
    if status in _NEVER_CAME_UP:
        return Standing.NEVER_CAME_UP
    if status == "UPDATE_FAILED":
        return Standing.HALF_WAY
    if status == "UPDATE_ROLLBACK_FAILED":
        return Standing.ROLLBACK_FAILED
    if status == "DELETE_FAILED":
        return Standing.DELETE_FAILED
    return Standing.BUSY if status.endswith("_IN_PROGRESS") else Standing.READY


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
