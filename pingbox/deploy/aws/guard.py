"""Checks just before a call that cannot be undone: is the stack still the one the decision was made about?

A question can stand on the screen for an hour. What was true when the plan was shown may not be true when the answer
comes, so every destructive call looks again, by the stack's ARN: a name may meanwhile mean another stack.
"""

from __future__ import annotations

from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.stack import REVIEW_IN_PROGRESS, Stack, StackState, StackVersion, stack_name
from pingbox.deploy.errors import AwsError, DeployRefusedError
from pingbox.deploy.plan.actual import find_stack

OVERTAKEN = frozenset(
    {"AlreadyExistsException", "ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"}
)
"""What CloudFormation answers when another change set of the stack was executed first: it drops the others."""


def is_overtaken(error: AwsError) -> bool:
    """Whether CloudFormation refuses a call because another operation on the stack came first."""
    return error.code in OVERTAKEN or any(
        sign in error.reason for sign in ("_IN_PROGRESS state", "already exists", "does not exist")
    )


def refuse_changed(aws: Aws, expected: StackVersion) -> Stack:
    """The stack as it is now. `DeployRefusedError` unless it is exactly the expected version."""
    found = find_stack(aws, expected.arn)
    if found is None or found.version != expected:
        raise changed(expected.arn, found, expected.status)
    return found


def refuse_taken(aws: Aws, name: str) -> None:
    """`DeployRefusedError` when a stack of this name exists: what is about to go may be in use by it."""
    found = find_stack(aws, name)
    if found is not None:
        raise DeployRefusedError(
            f"the stack {name}",
            f"created again meanwhile, {found.status}",
            "no stack of that name, because its secret and artifacts were to be deleted",
            "they stay; run `pingbox status`",
        )


def refuse_overtaken(aws: Aws, stack: str, change_set: str, expected: StackVersion | None) -> None:
    """`DeployRefusedError` when the change set can no longer be executed, or the stack is not the one it was made for.

    `expected` None: the change set creates the stack, which then may only be in review.
    """
    if expected is not None:
        refuse_changed(aws, expected)
        return
    found = find_stack(aws, stack)
    if found is None or found.state is not StackState.IN_REVIEW:
        raise changed(stack, found, REVIEW_IN_PROGRESS)
    try:
        aws.call("cloudformation", "describe_change_set", StackName=stack, ChangeSetName=change_set)
    except AwsError as error:
        if is_overtaken(error):
            raise changed(stack, found, REVIEW_IN_PROGRESS) from error
        raise


def changed(stack: str, found: Stack | None, expected: str) -> DeployRefusedError:
    """The refusal: another operation came first."""
    name = stack_name(stack)
    now = "gone" if found is None else found.status
    when = f" since {found.updated}" if found is not None and found.updated else ""
    return DeployRefusedError(
        f"the stack {name}",
        f"changed meanwhile, it is {now}{when}",
        f"the stack as it was shown ({expected}); nothing was changed by this run",
        "look at `pingbox plan` and `pingbox status`, then run the command again",
    )
