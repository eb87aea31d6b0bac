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
    IN_REVIEW = "in review"
    """Only change sets were made for it, none was executed: it has no resources, and a creation goes on from here."""
    FAILED_CREATION = "failed creation"
    """Its first creation failed: it was never in use and can only be deleted."""
    ROLLBACK_FAILED = "rollback failed"
    """An update failed and its rollback failed as well: `continue-update-rollback` repairs it."""
    DELETE_FAILED = "delete failed"
    """A deletion failed: only deleting it again helps."""


REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
_FAILED_CREATION = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}


@dataclass(frozen=True)
class StackVersion:
    """One stack at one moment. A deleted stack that was created again has another ARN, a changed one another time.

    `updated` is the time of the last operation as text, of the creation if there was none.
    """

    arn: str
    status: str
    updated: str


@dataclass(frozen=True)
class Stack:
    """One stack. `outputs`, `parameters` and `tags` by name; `updated` as in `StackVersion`."""

    name: str
    status: str
    arn: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    updated: str = ""

    @property
    def version(self) -> StackVersion:
        """What has to be the same when a decision about this stack is carried out."""
        return StackVersion(self.arn, self.status, self.updated)

    @property
    def state(self) -> StackState:
        """What the status allows."""
        return state_of(self.status)

    @property
    def can_change(self) -> bool:
        """Whether a change set may be made for it as it is."""
        return self.state in {StackState.READY, StackState.PARTLY_UPDATED}


def state_of(status: str | None) -> StackState:
    """The state behind a status; None and DELETE_COMPLETE mean that there is no stack.

    REVIEW_IN_PROGRESS ends in IN_PROGRESS although no operation runs.
    """
    if status is None or status == "DELETE_COMPLETE":
        return StackState.ABSENT
    if status == REVIEW_IN_PROGRESS:
        return StackState.IN_REVIEW
    if status in _FAILED_CREATION:
        return StackState.FAILED_CREATION
    if status == "UPDATE_FAILED":
        return StackState.PARTLY_UPDATED
    if status == "UPDATE_ROLLBACK_FAILED":
        return StackState.ROLLBACK_FAILED
    if status == "DELETE_FAILED":
        return StackState.DELETE_FAILED
    return StackState.BUSY if status.endswith("_IN_PROGRESS") else StackState.READY


def stack_name(stack: str) -> str:
    """The name in a stack's ARN; a name is a name already."""
    return stack.split(":stack/")[-1].split("/")[0]


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
        updated=str(description.get("LastUpdatedTime", description.get("CreationTime", ""))),
    )
