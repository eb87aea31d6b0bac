"""A plan that does not end in a deploy leaves nothing behind, and takes nothing of anybody else's."""

from __future__ import annotations

import pytest

from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.errors import StackError
from pingbox.deploy.perform.deployment import DeployRun
from pingbox.deploy.plan.actual import NOTHING, Actual
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.fake_aws import FakeAws, watching

TARGET = DeployTarget("app", "dev", "eu-central-1", "123456789012")
DESIRED = Desired(TARGET, '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}')
RUNNING = Actual(Stack("app-dev", "CREATE_COMPLETE", "arn", {}, {}), frozenset())
READY = {"Status": "CREATE_COMPLETE", "Changes": []}


def there(status: str) -> dict:
    return {"describe_stacks": {"Stacks": [{"StackName": "app-dev", "StackStatus": status, "StackId": "arn"}]}}


IN_REVIEW = there("REVIEW_IN_PROGRESS")


def planned(aws: FakeAws) -> DeployRun:
    return DeployRun(aws, DESIRED, watching(aws), lambda step, left: None)


def interrupt(**_: object) -> dict:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("answer", "error"),
    [({"Status": "FAILED", "StatusReason": "Unresolved resource"}, StackError), (interrupt, KeyboardInterrupt)],
)
def test_a_change_set_that_fails_leaves_no_stack_in_review(answer: object, error: type[BaseException]) -> None:
    """Nor one that is interrupted: otherwise the next run would find a stuck stack."""
    aws = FakeAws({"describe_change_set": answer, **IN_REVIEW})
    with pytest.raises(error):
        planned(aws).plan(NOTHING)
    assert aws.operations[-4:] == ["delete_change_set", "describe_stacks", "list_change_sets", "delete_stack"]


def test_an_update_that_fails_to_be_planned_leaves_the_stack() -> None:
    aws = FakeAws({"describe_change_set": {"Status": "FAILED", "StatusReason": "no"}, **there("CREATE_COMPLETE")})
    with pytest.raises(StackError):
        planned(aws).plan(RUNNING)
    assert "delete_change_set" in aws.operations
    assert "delete_stack" not in aws.operations


def test_a_new_stack_with_nothing_in_it_leaves_nothing() -> None:
    nothing = {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
    aws = FakeAws({"describe_change_set": nothing, **IN_REVIEW})
    assert planned(aws).plan(NOTHING).change_set is None
    assert aws.operations[-1] == "delete_stack"


def test_declining_a_first_deploy_takes_the_empty_stack_back() -> None:
    aws = FakeAws({"describe_change_set": READY, **IN_REVIEW})
    deployment = planned(aws)
    deployment.discard(deployment.plan(NOTHING))
    assert aws.operations[-1] == "delete_stack"


def test_declining_does_not_delete_what_somebody_else_deployed_meanwhile() -> None:
    """The question may stand on the screen for an hour."""
    aws = FakeAws({"describe_change_set": READY, **there("CREATE_COMPLETE")})
    deployment = planned(aws)
    deployment.discard(deployment.plan(NOTHING))
    assert "delete_stack" not in aws.operations
