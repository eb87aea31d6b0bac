"""The cause of an early validation, which CloudFormation's own reason only points to."""

from __future__ import annotations

import pytest

from pingbox.deploy.errors import StackError
from pingbox.deploy.perform.change_sets import read_change_set
from pingbox.deploy.perform.leftovers import Leftover, tagged_leftovers
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.fake_aws import FakeAws, refused, watching

POINTER = "The following validation failed: [AWS::EarlyValidation::X]. Use the DescribeEvents API for details."
FAILED = {"Status": "FAILED", "StatusReason": POINTER, "ChangeSetId": "arn:change-set"}
FINDING = {
    "LogicalResourceId": "Files",
    "ValidationStatusReason": "Bucket name taken exists already",
    "ValidationPath": "/Resources/Files/Properties/BucketName",
}
TARGET = DeployTarget("app", "dev", "eu-central-1", "123456789012")


def told(aws: FakeAws) -> str:
    with pytest.raises(StackError) as error:
        read_change_set(aws, watching(aws), "app-dev", "c")
    return str(error.value)


def test_the_finding_is_told_with_its_resource_and_path() -> None:
    """Of several pages the first finding; events without a reason are passed over."""
    pages = [{"OperationEvents": [{}], "NextToken": "more"}, {"OperationEvents": [FINDING, FINDING]}]
    aws = FakeAws({"describe_change_set": FAILED, "describe_events": pages})
    assert told(aws).startswith("Files: Bucket name taken exists already (/Resources/Files/Properties/BucketName)")
    asked = [arguments for name, arguments in aws.calls if name == "describe_events"]
    assert asked[0] == {"ChangeSetName": "arn:change-set", "Filters": {"FailedEvents": True}}


@pytest.mark.parametrize(
    "script",
    [
        {"unknown": {"Filters"}},
        {"describe_events": refused("AccessDenied")},
        {"describe_events": {"OperationEvents": []}},
    ],
)
def test_without_an_answer_the_pointer_is_told(script: dict) -> None:
    """An old boto3, no permission, or no finding: what CloudFormation said is better than nothing."""
    assert POINTER in told(FakeAws({"describe_change_set": FAILED, **script}))


def test_another_reason_needs_no_question() -> None:
    aws = FakeAws({"describe_change_set": {**FAILED, "StatusReason": "Unresolved resource"}})
    assert "Unresolved resource" in told(aws)
    assert "describe_events" not in aws.operations


class TestTagged:
    """What bears the stage's tags after everything was deleted."""

    TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/app-dev-Messages-X"
    BUCKET = "arn:aws:s3:::app-dev-files-x"

    def listing(self, *arns: str) -> dict:
        return {"get_resources": {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}}

    def test_what_exists_is_found_and_what_is_only_listed_is_not(self) -> None:
        """AWS lists deleted resources for a while."""
        aws = FakeAws({**self.listing(self.TABLE, self.BUCKET), "head_bucket": refused("404")})
        assert tagged_leftovers(aws, TARGET).found == (Leftover("AWS::DynamoDB::Table", "app-dev-Messages-X"),)
        filters = aws.arguments("get_resources")["TagFilters"]
        assert {entry["Key"]: entry["Values"] for entry in filters} == {
            "pingbox:app": ["app"],
            "pingbox:stage": ["dev"],
        }

    def test_a_queue_is_asked_for_by_its_name(self) -> None:
        """Its ARN has no address."""
        aws = FakeAws(self.listing("arn:aws:sqs:eu-central-1:123456789012:app-dev-Jobs-X"))
        assert tagged_leftovers(aws, TARGET).found == (Leftover("AWS::SQS::Queue", "app-dev-Jobs-X"),)
        assert aws.arguments("get_queue_url") == {"QueueName": "app-dev-Jobs-X"}

    @pytest.mark.parametrize(
        ("arn", "operation", "answer"),
        [
            ("arn:aws:kms:r:1:key/x", "describe_key", {"KeyMetadata": {"KeyState": "PendingDeletion"}}),
            ("arn:aws:secretsmanager:r:1:secret:x", "describe_secret", {"DeletedDate": "tomorrow"}),
        ],
    )
    def test_what_is_scheduled_for_deletion_is_gone(self, arn: str, operation: str, answer: dict) -> None:
        assert tagged_leftovers(FakeAws({**self.listing(arn), operation: answer}), TARGET).found == ()
        assert tagged_leftovers(FakeAws(self.listing(arn)), TARGET).found != ()

    def test_what_cannot_be_listed_is_said(self) -> None:
        """ "Nothing is left" would be a guess."""
        report = tagged_leftovers(FakeAws({"get_resources": refused("AccessDenied")}), TARGET)
        assert report.unknown == ("whatever else bears the tags of the stage",)

    def test_kinds_that_cannot_be_asked_for_are_left_out(self) -> None:
        odd = "arn:aws:odd:eu-central-1:123456789012:thing/x"
        assert tagged_leftovers(FakeAws(self.listing(odd)), TARGET).found == ()

    @pytest.mark.parametrize("answer", ["Throttling", "AccessDeniedException"])
    def test_a_question_without_an_answer_is_said(self, answer: str) -> None:
        aws = FakeAws({**self.listing(self.TABLE), "describe_table": refused(answer)})
        report = tagged_leftovers(aws, TARGET)
        assert (report.found, report.unknown) == ((), ("AWS::DynamoDB::Table",))
