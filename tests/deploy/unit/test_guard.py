"""A decision is carried out only on what it was made about: looked at again, by ARN, before what cannot be undone."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.deploy.aws.stack import StackVersion
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.perform.change_sets import take_back
from pingbox.deploy.perform.deployment import DeployRun
from pingbox.deploy.perform.steps import perform
from pingbox.deploy.plan.actual import NOTHING
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.steps import (
    ContinueRollback,
    DeleteSecret,
    DeleteStack,
    EmptyBucket,
    ExecuteChangeSet,
    ProtectStack,
    RemoveArtifacts,
    Step,
)
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.fake_aws import FakeAws, refused, watching

SHOWN = StackVersion("arn:aws:cloudformation:r:1:stack/app-dev/1", "ROLLBACK_COMPLETE", "10:00")
GONE = refused("ValidationError", "Stack with id x does not exist")
DESTRUCTIVE = {
    "delete_stack", "delete_objects", "delete_parameter", "continue_update_rollback", "execute_change_set",
    "list_object_versions", "update_termination_protection",
}  # fmt: skip


def there(arn: str = SHOWN.arn, status: str = SHOWN.status, updated: str = SHOWN.updated) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "app-dev", "StackId": arn, "StackStatus": status, "LastUpdatedTime": updated}]}


STALE = {
    "live meanwhile": there(status="CREATE_COMPLETE"),
    "updated meanwhile": there(updated="10:01"),
    "deleted, as AWS lists it": there(status="DELETE_COMPLETE"),
    "deleted, as AWS forgets it": GONE,
}
STEPS: list[Step] = [
    ProtectStack("app-dev", on=False, expected=SHOWN),
    DeleteStack("app-dev", SHOWN),
    EmptyBucket("bucket", SHOWN),
    ContinueRollback("app-dev", SHOWN),
    ExecuteChangeSet("app-dev", "c", 1, expected=SHOWN),
    ExecuteChangeSet("app-dev", "c", 1, expected=None),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
@pytest.mark.parametrize("now", STALE.values(), ids=STALE)
def test_a_stale_decision_does_nothing(step: Step, now: object) -> None:
    """The question may have stood on the screen for an hour."""
    aws = FakeAws({"describe_stacks": now, "describe_stack_events": {"StackEvents": []}})
    with pytest.raises(DeployRefusedError, match="app-dev: changed meanwhile"):
        perform(aws, [step], watching(aws), lambda step, left: None)
    assert not DESTRUCTIVE & set(aws.operations)


@pytest.mark.parametrize(
    "step",
    [DeleteSecret("/secret", "app-dev"), RemoveArtifacts("bucket", ("app/dev/a.zip",), "app-dev")],
    ids=lambda step: type(step).__name__,
)
def test_what_a_new_stack_of_that_name_uses_stays(step: Step) -> None:
    """Also when it is only in review: its change set names these artifacts."""
    aws = FakeAws({"describe_stacks": there(status="REVIEW_IN_PROGRESS")})
    with pytest.raises(DeployRefusedError, match="created again meanwhile"):
        perform(aws, [step], watching(aws), lambda step, left: None)
    assert not DESTRUCTIVE & set(aws.operations)
    perform(free := FakeAws({"describe_stacks": GONE}), [step], watching(free), lambda step, left: None)
    assert DESTRUCTIVE & set(free.operations)


def test_the_stack_is_looked_at_by_arn() -> None:
    """Its name may mean another stack by now."""
    end = {
        "EventId": "1", "LogicalResourceId": "app-dev", "PhysicalResourceId": SHOWN.arn,
        "ResourceType": "AWS::CloudFormation::Stack", "ResourceStatus": "DELETE_COMPLETE",
    }  # fmt: skip
    events = [{"StackEvents": []}, {"StackEvents": [end]}]
    aws = FakeAws({"describe_stacks": there(), "describe_stack_events": events})
    perform(aws, [DeleteStack("app-dev", SHOWN)], watching(aws), lambda step, left: None)
    assert {arguments.get("StackName") for _, arguments in aws.calls} == {SHOWN.arn}


@pytest.mark.parametrize("code", ["ChangeSetNotFound", "InvalidChangeSetStatus"])
def test_a_change_set_that_another_deploy_dropped_is_told_plainly(code: str) -> None:
    """CloudFormation drops all others when one is executed, and says only that this one is not there."""
    aws = FakeAws(
        {
            "describe_stacks": there(status="REVIEW_IN_PROGRESS"),
            "describe_stack_events": {"StackEvents": []},
            "execute_change_set": refused(code),
        }
    )
    with pytest.raises(DeployRefusedError, match="changed meanwhile"):
        perform(aws, [ExecuteChangeSet("app-dev", "c", 1)], watching(aws), lambda step, left: None)


class TestTakingBack:
    def test_a_stack_in_review_stays_while_others_plan_with_it(self) -> None:
        aws = FakeAws(
            {
                "describe_stacks": there(status="REVIEW_IN_PROGRESS"),
                "list_change_sets": {"Summaries": [{"ChangeSetName": "of another deploy"}]},
            }
        )
        take_back(aws, "app-dev", "mine", created=True)
        assert "delete_stack" not in aws.operations

    def test_it_goes_by_its_arn_when_nobody_else_does(self) -> None:
        aws = FakeAws({"describe_stacks": there(status="REVIEW_IN_PROGRESS")})
        take_back(aws, "app-dev", "mine", created=True)
        assert aws.arguments("delete_stack") == {"StackName": SHOWN.arn}

    @pytest.mark.parametrize("answer", [refused("ChangeSetNotFound"), GONE])
    def test_what_is_gone_need_not_be_taken_back(self, answer: Exception) -> None:
        take_back(FakeAws({"delete_change_set": answer, "describe_stacks": GONE}), "app-dev", "mine", created=True)


@pytest.mark.parametrize(
    "answer",
    [
        refused("AlreadyExistsException", "Stack [app-dev] already exists"),
        refused("ValidationError", "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated."),
        refused("ValidationError", "Stack [app-dev] does not exist"),
    ],
)
def test_a_plan_that_comes_a_moment_too_late_is_told_plainly(answer: Exception) -> None:
    """Between the look at the stack and the change set, another deploy began."""
    aws = FakeAws({"create_change_set": answer, "describe_stacks": there(status="CREATE_IN_PROGRESS")})
    desired = Desired(DeployTarget("app", "dev", "eu-central-1", "1"), '{"Resources": {"Q": {"Type": "T"}}}')
    with pytest.raises(DeployRefusedError, match="changed meanwhile, it is CREATE_IN_PROGRESS"):
        DeployRun(aws, desired, watching(aws), lambda step, left: None).plan(NOTHING)


def test_a_change_set_that_vanishes_with_its_stack_is_told_plainly() -> None:
    """Somebody else's plan ended and took the stack in review along."""
    gone = refused("ChangeSetNotFound")
    aws = FakeAws({"describe_change_set": gone, "describe_stacks": GONE})
    desired = Desired(DeployTarget("app", "dev", "eu-central-1", "1"), '{"Resources": {"Q": {"Type": "T"}}}')
    with pytest.raises(DeployRefusedError, match="changed meanwhile, it is gone"):
        DeployRun(aws, desired, watching(aws), lambda step, left: None).plan(NOTHING)
