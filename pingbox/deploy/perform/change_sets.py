"""Change sets: read when they are made, with those of nested stacks, and taken back when they are not wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.aws.stack import StackState
from pingbox.deploy.aws.validation import first_validation_error
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.errors import AwsError, DeployRefusedError, StackError
from pingbox.deploy.plan.actual import find_stack
from pingbox.deploy.plan.changes import ResourceChange, changes_of

_SECONDS = 300
_GONE = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException"})


def read_change_set(aws: Aws, watch: Watch, stack: str, name: str) -> tuple[ResourceChange, ...] | None:
    """The change set's changes once it is made; None if it holds none. `StackError` if CloudFormation refuses it."""
    deadline = watch.clock() + _SECONDS
    while True:
        listing = _described(aws, StackName=stack, ChangeSetName=name)
        status, reason = listing[0]["Status"], listing[0].get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            return tuple(_with_nested(aws, _changes(listing)))
        if status == "FAILED":
            if is_no_change(reason):
                return None
            raise _refused(aws, stack, listing[0], reason)
        if watch.clock() > deadline:
            raise DeployRefusedError("the change set", status, f"ready within {_SECONDS} seconds", "try again later")
        watch.sleep(watch.pause)


def is_no_change(reason: str) -> bool:
    """CloudFormation calls "nothing to do" a failure, in one of these two sentences."""
    return "didn't contain changes" in reason or "No updates are to be performed" in reason


def take_back(aws: Aws, stack: str, name: str, *, created: bool) -> None:
    """Delete a change set. `created`: the stack exists only for it, and goes as well if it is still in review.

    A stack in review stays when others have change sets of it: they may be about to execute one.
    """
    try:
        # By names and not by the change set's ARN: permissions are given on the stack.
        aws.call("cloudformation", "delete_change_set", StackName=stack, ChangeSetName=name)
    except AwsError as error:
        if error.code not in _GONE and "does not exist" not in error.reason:
            raise
    found = find_stack(aws, stack) if created else None
    if found is None or found.state is not StackState.IN_REVIEW:
        return
    others = [
        entry
        for page in pages(aws, "cloudformation", "list_change_sets", StackName=stack)
        for entry in page.get("Summaries", ())
    ]
    if not others:
        aws.call("cloudformation", "delete_stack", StackName=found.arn)


def _described(aws: Aws, **which: str) -> list[dict[str, Any]]:
    """Several pages repeat the status; values of properties come only when asked for."""
    return list(pages(aws, "cloudformation", "describe_change_set", IncludePropertyValues=True, **which))


def _changes(listing: list[dict[str, Any]]) -> tuple[ResourceChange, ...]:
    return changes_of(entry for page in listing for entry in page.get("Changes", ()))


def _with_nested(aws: Aws, changes: tuple[ResourceChange, ...]) -> Iterator[ResourceChange]:
    """Each nested stack is followed by what happens inside it, as `Nested/Table`."""
    for change in changes:
        yield change
        if change.nested_change_set is not None:
            inside = _changes(_described(aws, ChangeSetName=change.nested_change_set))
            for nested in _with_nested(aws, inside):
                yield replace(nested, logical_id=f"{change.logical_id}/{nested.logical_id}")


def _refused(aws: Aws, stack: str, description: Mapping[str, Any], reason: str) -> StackError:
    """With the cause of an early validation, which the reason only points to."""
    arn = description.get("ChangeSetId")
    found = first_validation_error(aws, ChangeSetName=arn) if arn and "DescribeEvents" in reason else None
    if found is not None:
        return StackError(stack, "unchanged", found.logical_id, found.reason)
    return StackError(stack, "unchanged", None, f"CloudFormation refused the change set: {reason}")
