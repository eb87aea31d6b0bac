"""Why CloudFormation refused an operation before it began: the stack's events only point to `DescribeEvents`."""

from __future__ import annotations

from dataclasses import dataclass

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.errors import AwsError


@dataclass(frozen=True)
class ValidationError:
    """One finding of the validation. `reason` holds the path in the template, where CloudFormation gives one."""

    logical_id: str
    reason: str


def first_validation_error(aws: Aws, **of: str) -> ValidationError | None:
    """The first finding about a stack (`StackName`) or a change set (`ChangeSetName`).

    None where the client is too old to ask, where AWS refuses the question, and where there is no finding: the pointer
    is shown then.
    """
    if not aws.knows("cloudformation", "describe_events", "Filters"):
        return None
    try:
        for page in pages(aws, "cloudformation", "describe_events", Filters={"FailedEvents": True}, **of):
            for event in page.get("OperationEvents", ()):
                reason = event.get("ValidationStatusReason") or event.get("HookStatusReason")
                if reason:
                    path = event.get("ValidationPath", "")
                    return ValidationError(event.get("LogicalResourceId", ""), f"{reason} ({path})" if path else reason)
    except AwsError:
        return None
    return None
