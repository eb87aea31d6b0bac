"""Our calls, in their order: what a lenient stand-in for AWS would let pass."""

from __future__ import annotations

import pytest

from pingbox.deploy.artifacts.site import PutFile, SiteFile
from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.events import Event
from pingbox.deploy.aws.stack import StackVersion
from pingbox.deploy.errors import AwsError, StackError
from pingbox.deploy.perform.describe import describe
from pingbox.deploy.perform.steps import perform
from pingbox.deploy.plan.steps import (
    CreateArtifactBucket,
    CreateSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ExecuteChangeSet,
    RemoveBucketIfEmpty,
    Step,
    SwapCode,
)
from support.deploy.fake_aws import FakeAws, refused, watching


def run(aws: FakeAws, *steps: Step, heard: list[Event] | None = None) -> FakeAws:
    door: Aws = aws
    perform(door, steps, watching(aws, heard), lambda step, left: None)
    return aws


def described(status: str) -> dict:
    return {"Stacks": [{"StackName": "s", "StackStatus": status, "StackId": "arn:s"}]}


DELETING = StackVersion("arn:s", "DELETE_IN_PROGRESS", "")
UPDATING = StackVersion("arn:s", "UPDATE_IN_PROGRESS", "")


def told(number: int, status: str, logical_id: str = "s", reason: str = "") -> dict:
    own = logical_id == "s"
    return {
        "EventId": str(number),
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": "arn:s" if own else "",
        "ResourceType": "AWS::CloudFormation::Stack" if own else "AWS::X::Y",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def history(*events: dict) -> dict:
    return {"StackEvents": list(reversed(events))}


class TestBuckets:
    def test_versions_go_before_the_stack(self) -> None:
        """List versions, delete them with their ids, and only then delete the stack."""
        versions = {
            "Versions": [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}],
            "DeleteMarkers": [{"Key": "a", "VersionId": "3"}],
        }
        aws = FakeAws(
            {
                "list_object_versions": versions,
                "describe_stacks": described("DELETE_IN_PROGRESS"),
                "describe_stack_events": [history(), history(told(1, "DELETE_COMPLETE"))],
            }
        )
        run(aws, EmptyBucket("b", DELETING), DeleteStack("s", DELETING))
        assert aws.operations.index("delete_objects") < aws.operations.index("delete_stack")
        assert aws.arguments("delete_objects")["Delete"]["Objects"] == [
            {"Key": "a", "VersionId": "1"},
            {"Key": "a", "VersionId": "2"},
            {"Key": "a", "VersionId": "3"},
        ]

    def test_every_page_is_emptied(self) -> None:
        first = {
            "Versions": [{"Key": "a", "VersionId": "1"}],
            "IsTruncated": True,
            "NextKeyMarker": "a",
            "NextVersionIdMarker": "1",
        }
        aws = run(
            FakeAws(
                {
                    "list_object_versions": [first, {"Versions": [{"Key": "b", "VersionId": "2"}]}],
                    "describe_stacks": described("DELETE_IN_PROGRESS"),
                }
            ),
            EmptyBucket("b", DELETING),
        )
        assert [entry["Key"] for entry in aws.arguments("delete_objects")["Delete"]["Objects"]] == ["a", "b"]

    def test_an_object_that_stays_is_an_error(self) -> None:
        """S3 answers 200 and lists what it kept."""
        kept = {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "locked"}]}
        versions = {"Versions": [{"Key": "a", "VersionId": "1"}]}
        there = {"describe_stacks": described("DELETE_IN_PROGRESS")}
        aws = FakeAws({"list_object_versions": versions, "delete_objects": kept, **there})
        with pytest.raises(AwsError, match="a: locked"):
            run(aws, EmptyBucket("b", DELETING))

    def test_artifacts_are_private(self) -> None:
        """And us-east-1 is the region that S3 takes no location constraint for."""
        aws = run(FakeAws(), CreateArtifactBucket("b", "eu-central-1"))
        assert aws.arguments("create_bucket")["CreateBucketConfiguration"] == {"LocationConstraint": "eu-central-1"}
        assert set(aws.arguments("put_public_access_block")["PublicAccessBlockConfiguration"].values()) == {True}
        home = run(FakeAws(), CreateArtifactBucket("b", "us-east-1"))
        assert "CreateBucketConfiguration" not in home.arguments("create_bucket")

    def test_a_bucket_that_another_deploy_just_made_will_do(self) -> None:
        run(FakeAws({"create_bucket": refused("BucketAlreadyOwnedByYou")}), CreateArtifactBucket("b", "us-west-2"))
        with pytest.raises(AwsError, match="BucketAlreadyExists"):
            run(FakeAws({"create_bucket": refused("BucketAlreadyExists")}), CreateArtifactBucket("b", "us-west-2"))

    @pytest.mark.parametrize("answer", ["BucketNotEmpty", "NoSuchBucket"])
    def test_a_bucket_that_others_use_stays(self, answer: str) -> None:
        """S3 itself refuses to delete a full one, so nothing can come between a look and the deletion."""
        aws = run(FakeAws({"delete_bucket": refused(answer)}), RemoveBucketIfEmpty("b"))
        assert aws.operations == ["delete_bucket"]


class TestStacks:
    def test_the_end_of_the_operation_before_is_not_taken_for_ours(self) -> None:
        """Right after an update was ordered the stack still says UPDATE_COMPLETE; only our own events count."""
        before = told(1, "UPDATE_COMPLETE")
        aws = FakeAws(
            {
                "describe_stacks": described("UPDATE_COMPLETE"),
                "describe_stack_events": [
                    history(before),
                    history(before),
                    history(before, told(2, "UPDATE_IN_PROGRESS")),
                    history(before, told(2, "UPDATE_IN_PROGRESS"), told(3, "UPDATE_COMPLETE")),
                ],
            }
        )
        heard: list[Event] = []
        run(aws, ExecuteChangeSet("s", "c", 1, expected=StackVersion("arn:s", "UPDATE_COMPLETE", "")), heard=heard)
        assert [event.id for event in heard] == ["2", "3"]

    @pytest.mark.parametrize(
        ("rollback", "said"),
        [
            (True, {"DisableRollback": False, "RetainExceptOnCreate": True}),
            (False, {"DisableRollback": True, "RetainExceptOnCreate": False}),
            (None, {}),
        ],
    )
    def test_what_a_failure_leaves_is_said_aloud(self, rollback: bool | None, said: dict[str, bool]) -> None:
        """Never left to a default; and not said twice, when express mode's change set has said it."""
        events = [history(), history(told(1, "UPDATE_COMPLETE"))]
        aws = FakeAws({"describe_stacks": described("UPDATE_IN_PROGRESS"), "describe_stack_events": events})
        run(aws, ExecuteChangeSet("s", "c", 1, rollback, UPDATING))
        assert aws.arguments("execute_change_set") == {"StackName": "s", "ChangeSetName": "c", **said}

    def test_a_failure_leads_with_its_cause(self) -> None:
        aws = FakeAws(
            {
                "describe_stacks": described("UPDATE_IN_PROGRESS"),
                "describe_stack_events": [
                    history(),
                    history(
                        told(1, "UPDATE_FAILED", "Table", "no such key"),
                        told(2, "UPDATE_FAILED", "Other", "Resource update cancelled"),
                        told(3, "UPDATE_ROLLBACK_COMPLETE"),
                    ),
                ],
            }
        )
        with pytest.raises(StackError, match=r"^Table: no such key \(stack s is now UPDATE_ROLLBACK_COMPLETE\)$"):
            run(aws, ExecuteChangeSet("s", "c", 1, expected=UPDATING))

    def test_a_stack_is_followed_by_its_arn(self) -> None:
        """Once deleted it is not found by its name any more."""
        aws = FakeAws(
            {
                "describe_stacks": described("DELETE_IN_PROGRESS"),
                "describe_stack_events": [history(), history(told(1, "DELETE_COMPLETE"))],
            }
        )
        run(aws, DeleteStack("s", DELETING))
        assert {a["StackName"] for name, a in aws.calls if name == "describe_stack_events"} == {"arn:s"}

    def test_cloudformation_deletes_with_the_role(self) -> None:
        events = [history(), history(told(1, "DELETE_COMPLETE"))]
        aws = FakeAws({"describe_stacks": described("DELETE_IN_PROGRESS"), "describe_stack_events": events})
        run(aws, DeleteStack("s", DELETING, role="arn:role"))
        assert aws.arguments("delete_stack") == {"StackName": "arn:s", "RoleARN": "arn:role"}


class TestOthers:
    def test_a_secret_is_long_random_and_never_told(self) -> None:
        step = CreateSecret("/name", (("k", "v"),))
        values = [run(FakeAws(), step).arguments("put_parameter")["Value"] for _ in range(2)]
        assert values[0] != values[1]
        assert len(values[0]) >= 48
        assert not any(value in describe(step) or value in repr(step) for value in values)

    def test_a_secret_is_encrypted_and_overwrites_nothing(self) -> None:
        arguments = run(FakeAws(), CreateSecret("/name", ())).arguments("put_parameter")
        assert arguments["Type"] == "SecureString"
        assert "Overwrite" not in arguments

    def test_all_functions_are_swapped_before_any_is_waited_for(self) -> None:
        slow = [{"LastUpdateStatus": "InProgress"}, {"LastUpdateStatus": "Successful"}]
        aws = run(FakeAws({"get_function_configuration": slow}), SwapCode(("f", "g"), "b", "k"))
        assert aws.operations[:2] == ["update_function_code"] * 2

    def test_a_swap_that_fails_is_an_error(self) -> None:
        failed = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "bad zip"}
        with pytest.raises(AwsError, match="bad zip"):
            run(FakeAws({"get_function_configuration": failed}), SwapCode(("f",), "b", "k"))

    def test_a_protected_table_is_unlocked_before_it_goes(self) -> None:
        status = [{"Table": {"TableStatus": s}} for s in ("UPDATING", "ACTIVE")]
        aws = run(FakeAws({"describe_table": status}), DeleteTable("t"))
        assert aws.operations == ["update_table", "describe_table", "describe_table", "delete_table"]

    def test_a_file_travels_with_its_headers(self) -> None:
        file = SiteFile("index.html", b"<p>", "text/html; charset=utf-8", "no-cache")
        arguments = run(FakeAws(), PutFile("b", file)).arguments("put_object")
        assert (arguments["ContentType"], arguments["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
        assert arguments["Metadata"] == {"pingbox-digest": file.digest}

    def test_the_first_error_ends_it(self) -> None:
        aws = FakeAws({"create_bucket": refused("BucketAlreadyExists")})
        with pytest.raises(AwsError):
            run(aws, CreateArtifactBucket("b", "us-east-1"), CreateSecret("/n", ()))
        assert "put_parameter" not in aws.operations
