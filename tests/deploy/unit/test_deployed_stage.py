"""What is deployed: its log lines, its end, and what is left of it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import pytest

from pingbox.deploy.aws.stack import Stack, StackVersion
from pingbox.deploy.commands.logs import Tail, lines, log_groups
from pingbox.deploy.commands.status import status
from pingbox.deploy.errors import AwsError, DeployRefusedError
from pingbox.deploy.perform.destroy import (
    Inventory,
    destroy_steps,
    kept,
    refuse_destroying,
    refuse_protected,
    take_inventory,
)
from pingbox.deploy.perform.keep import keep, retaining
from pingbox.deploy.perform.leftovers import Leftover, find_leftovers
from pingbox.deploy.plan.actual import NOTHING, Actual
from pingbox.deploy.plan.steps import (
    DeleteSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ProtectStack,
    RemoveArtifacts,
    RemoveBucketIfEmpty,
)
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.fake_aws import FakeAws, Time, refused, watching

TARGET = DeployTarget("app", "prod", "eu-central-1", "123456789012")
BUCKET = TARGET.artifact_bucket
VERSION = StackVersion("arn", "CREATE_COMPLETE", "")


def resource(logical_id: str, type_name: str) -> dict[str, str]:
    return {"LogicalResourceId": logical_id, "ResourceType": type_name, "PhysicalResourceId": f"p-{logical_id}"}


TABLE, SITE = resource("Messages", "AWS::DynamoDB::Table"), resource("Site", "AWS::S3::Bucket")
FUNCTION = resource("MessageLambda", "AWS::Lambda::Function")


def inventory(*, protected: bool = False, retained: bool = False, status: str = "CREATE_COMPLETE") -> Inventory:
    stack = Stack("app-prod", status, "arn", {}, {"Stage": "prod"}, protected)
    policy = {"DeletionPolicy": "Retain"} if retained else {}
    template = {"Resources": {"Messages": {"Type": "AWS::DynamoDB::Table", **policy}, "Site": {}, "MessageLambda": {}}}
    return Inventory(TARGET, Actual(stack, frozenset({"app/prod/a.zip"}), True), (TABLE, SITE, FUNCTION), template)


def all_retained() -> Inventory:
    template = {"Resources": {name: {"DeletionPolicy": "Retain"} for name in ("Messages", "Site")}}
    return replace(inventory(), template=template)


class TestDestroying:
    def test_everything_goes_and_the_bucket_is_emptied_first(self) -> None:
        assert destroy_steps(inventory(), delete_data=False) == [
            EmptyBucket("p-Site", VERSION),
            DeleteStack("app-prod", VERSION, resources=3),
            DeleteSecret("/pingbox/app/prod/token-secret", "app-prod"),
            RemoveArtifacts(BUCKET, ("app/prod/a.zip",), "app-prod"),
            RemoveBucketIfEmpty(BUCKET),
        ]

    def test_protection_is_lifted_first(self) -> None:
        assert destroy_steps(inventory(protected=True), delete_data=False)[0] == ProtectStack(
            "app-prod", on=False, expected=VERSION
        )

    def test_retained_tables_go_only_on_request(self) -> None:
        steps = destroy_steps(inventory(retained=True), delete_data=True)
        assert DeleteTable("p-Messages") in steps
        assert steps.index(DeleteTable("p-Messages")) > steps.index(DeleteStack("app-prod", VERSION, resources=3))
        assert DeleteTable("p-Messages") not in destroy_steps(inventory(retained=True), delete_data=False)

    @pytest.mark.parametrize(
        ("retained", "keep", "delete", "staying"),
        [(True, False, False, 1), (True, False, True, 0), (False, True, False, 3), (False, False, False, 0)],
    )
    def test_what_stays_is_known_beforehand(self, retained: bool, keep: bool, delete: bool, staying: int) -> None:
        assert len(kept(inventory(retained=retained), delete_data=delete, keep_data=keep)) == staying

    def test_what_a_template_of_ones_own_retains_is_no_leftover(self) -> None:
        """A retained bucket stays, also when tables are to go: `--delete-data` speaks of tables."""
        own = replace(inventory(), template={"Resources": {"Site": {"DeletionPolicy": "RetainExceptOnCreate"}}})
        assert kept(own, delete_data=True, keep_data=False) == {"p-Site": "AWS::S3::Bucket"}
        assert EmptyBucket("p-Site", VERSION) not in destroy_steps(own, delete_data=True)

    def test_a_busy_stack_is_refused_before_its_buckets_are_emptied(self) -> None:
        with pytest.raises(DeployRefusedError, match="Wait until the other operation is over"):
            refuse_destroying(inventory(status="UPDATE_IN_PROGRESS"), keep_data=False)
        refuse_destroying(inventory(), keep_data=True)

    @pytest.mark.parametrize("status", ["DELETE_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED"])
    def test_tables_that_cannot_be_kept_are_not_deleted_instead(self, status: str) -> None:
        """Keeping takes an update, which a stack in this state refuses."""
        with pytest.raises(DeployRefusedError, match="Messages, Site can be kept"):
            refuse_destroying(inventory(status=status), keep_data=True)
        refuse_destroying(inventory(status=status), keep_data=False)
        stack = replace(inventory(status=status).actual, stack=Stack("app-prod", status, "arn", {}, {}))
        refuse_destroying(replace(all_retained(), actual=stack), keep_data=True)

    def test_where_nothing_is_nothing_is_done(self) -> None:
        nothing = Inventory(TARGET, NOTHING, (), {})
        assert nothing.is_empty
        assert destroy_steps(nothing, delete_data=True) == []

    def test_keeping_changes_deletion_policies_and_no_parameter(self) -> None:
        """And looks afterwards whether everything that holds data is retained."""
        stack = {"StackName": "app-prod", "StackStatus": "CREATE_COMPLETE", "StackId": "arn"}
        end = {
            "EventId": "1",
            "LogicalResourceId": "app-prod",
            "PhysicalResourceId": "arn",
            "ResourceType": "AWS::CloudFormation::Stack",
            "ResourceStatus": "UPDATE_COMPLETE",
        }
        script = {
            "describe_stacks": {"Stacks": [stack]},
            "describe_stack_events": [{"StackEvents": []}, {"StackEvents": [end]}],
            "list_objects_v2": refused("NoSuchBucket"),
            "list_stack_resources": {"StackResourceSummaries": [TABLE, SITE, FUNCTION]},
        }
        before = inventory()
        after = retaining(before.template, before.data)
        aws = FakeAws({**script, "get_template": {"TemplateBody": after}})
        assert keep(aws, before, watching(aws)).retained == {"Messages", "Site"}
        sent = aws.arguments("update_stack")
        assert sent["StackName"] == "arn"
        assert json.loads(sent["TemplateBody"]) == after
        assert sent["Parameters"] == [{"ParameterKey": "Stage", "UsePreviousValue": True}]
        forgetful = FakeAws({**script, "get_template": {"TemplateBody": dict(before.template)}})
        with pytest.raises(DeployRefusedError, match="would still delete Messages, Site"):
            keep(forgetful, before, watching(forgetful))

    def test_data_that_stays_anyway_needs_no_update(self) -> None:
        aws = FakeAws()
        assert keep(aws, all_retained(), watching(aws)) == all_retained()
        assert aws.calls == []

    def test_what_the_template_does_not_name_cannot_be_kept(self) -> None:
        """A loop makes resources with names that are not in the template."""
        loop = replace(inventory(), template={"Resources": {"Fn::ForEach::T": [], "Site": {}}})
        with pytest.raises(DeployRefusedError, match=r"Messages come from a loop"):
            refuse_destroying(loop, keep_data=True)

    def test_the_chats_page_is_no_data(self) -> None:
        """Every deploy uploads it again; a bucket of somebody's own template may hold anything."""
        page = resource("SiteBucket", "AWS::S3::Bucket")
        queue, secret = resource("Q", "AWS::SQS::Queue"), resource("S", "AWS::SecretsManager::Secret")
        pool, odd = resource("P", "AWS::Cognito::UserPool"), resource("Odd", "Custom::Thing")
        own = replace(inventory(), resources=(page, queue, secret, pool, odd, FUNCTION))
        assert own.data == {"SiteBucket", "Q", "S", "P", "Odd"}
        stack = replace(own.actual.stack, tags={"pingbox:kind": "chat"})
        assert replace(own, actual=replace(own.actual, stack=stack)).data == {"Q", "S", "P", "Odd"}

    def test_with_the_data_the_token_secret_stays(self) -> None:
        """It says who wrote what is kept."""
        steps = destroy_steps(all_retained(), keep_data=True)
        assert not any(isinstance(step, DeleteSecret | EmptyBucket) for step in steps)
        assert TARGET.secret in kept(inventory(), delete_data=False, keep_data=True)

    def test_protection_is_not_taken_away_by_the_way(self) -> None:
        """Neither the stage's, nor that of the tables that it retains."""
        with pytest.raises(DeployRefusedError, match="--remove-protection"):
            refuse_protected(inventory(protected=True), delete_data=False, removal_allowed=False)
        open_stage = replace(inventory(retained=True), target=replace(TARGET, stage="dev"))
        with pytest.raises(DeployRefusedError, match="retains Messages"):
            refuse_protected(open_stage, delete_data=True, removal_allowed=False)
        refuse_protected(open_stage, delete_data=False, removal_allowed=False)
        refuse_protected(inventory(protected=True), delete_data=True, removal_allowed=True)

    def test_only_the_named_resources_are_retained(self) -> None:
        """With a change beside the policies: by themselves they are "no updates" to CloudFormation."""
        template = {"Resources": {"A": {"Type": "T", "Metadata": {"of": "mine"}}, "B": {"Type": "T"}}}
        assert retaining(template, {"A"})["Resources"] == {
            "A": {
                "Type": "T",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Metadata": {"of": "mine", "pingbox:kept": "by destroy --keep-data"},
            },
            "B": {"Type": "T"},
        }


class TestLeftovers:
    def test_what_answers_is_still_there(self) -> None:
        gone = {"describe_table": refused("ResourceNotFoundException"), "head_bucket": refused("404")}
        report = find_leftovers(FakeAws(gone), [TABLE, SITE, FUNCTION])
        assert report.found == (Leftover("AWS::Lambda::Function", "p-MessageLambda"),)
        assert report.unknown == ()

    def test_log_groups_that_aws_made_by_itself_are_found(self) -> None:
        """Of a function, by its exact name: another function's name may begin alike. Of an API, for every stage."""
        gone = {
            "get_function_configuration": refused("ResourceNotFoundException"),
            "get_api": refused("NotFoundException"),
        }
        groups = ["/aws/lambda/p-MessageLambda", "/aws/lambda/p-MessageLambda2", "/aws/apigateway/p-Api/prod"]

        def matching(logGroupNamePrefix: str) -> dict:
            return {"logGroups": [{"logGroupName": g} for g in groups if g.startswith(logGroupNamePrefix)]}

        aws = FakeAws({**gone, "describe_log_groups": matching})
        found = find_leftovers(aws, [FUNCTION, resource("Api", "AWS::ApiGatewayV2::Api")]).found
        assert [leftover.id for leftover in found] == [groups[0], groups[2]]

    def test_what_nobody_can_say_is_said(self) -> None:
        """A type without a question, and a question that is forbidden."""
        odd = resource("Odd", "AWS::Odd::Thing")
        report = find_leftovers(FakeAws({"describe_table": refused("AccessDeniedException")}), [TABLE, odd])
        assert report.unknown == ("AWS::DynamoDB::Table", "AWS::Odd::Thing")

    def test_an_outage_is_not_taken_for_absence(self) -> None:
        with pytest.raises(AwsError, match="ServiceUnavailable"):
            find_leftovers(FakeAws({"describe_table": refused("ServiceUnavailable")}), [TABLE])


def page(*numbers: int) -> dict:
    return {"events": [{"eventId": str(n), "timestamp": n * 1000, "message": f"line {n}\n"} for n in numbers]}


class TestLogs:
    def test_lines_of_all_functions_in_one_order(self) -> None:
        aws = FakeAws(
            {"filter_log_events": lambda logGroupName, startTime: page(1, 3) if logGroupName == "a" else page(2)}
        )
        assert [(one.function, one.message) for one in lines(aws, {"A": "a", "B": "b"}, 0)] == [
            ("A", "line 1"),
            ("B", "line 2"),
            ("A", "line 3"),
        ]

    def test_following_tells_late_lines_and_none_twice(self) -> None:
        """CloudWatch takes lines in out of order: line 2 shows up after line 3."""
        time = Time()
        aws = FakeAws({"filter_log_events": [page(1, 3), page(1, 2, 3), page(3, 4)]})
        tail = Tail(aws, {"A": "a"}, sleep=time.sleep)
        assert [line.id for line in islice(tail.follow(0), 4)] == ["1", "3", "2", "4"]

    def test_a_group_that_is_not_there_yet_has_no_lines(self) -> None:
        assert lines(FakeAws({"filter_log_events": refused("ResourceNotFoundException")}), {"A": "a"}, 0) == []

    def test_functions_are_named_in_short(self) -> None:
        stack = {"StackName": "app-prod", "StackStatus": "CREATE_COMPLETE", "StackId": "arn"}
        there = {"describe_stacks": {"Stacks": [stack]}}
        summary = {"list_stack_resources": {"StackResourceSummaries": [FUNCTION]}}
        configuration = {"get_function_configuration": {"LoggingConfig": {"LogGroup": "group"}}}
        aws = FakeAws({**there, **summary, **configuration})
        assert log_groups(aws, TARGET, "message") == log_groups(aws, TARGET, None) == {"MessageLambda": "group"}
        with pytest.raises(DeployRefusedError, match="MessageLambda"):
            log_groups(aws, TARGET, "mesage")

    def test_a_stage_that_is_not_deployed_has_no_logs(self) -> None:
        aws = FakeAws({"describe_stacks": refused("ValidationError", "Stack with id app-prod does not exist")})
        with pytest.raises(DeployRefusedError, match="app-prod: not there"):
            log_groups(aws, TARGET, None)


class TestStatus:
    @pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "UPDATE_FAILED", "UPDATE_IN_PROGRESS"])
    def test_a_stack_whose_drift_cannot_be_asked_for_has_a_status_all_the_same(self, state: str) -> None:
        """That is when people look at it."""
        stack = {"StackName": "app-prod", "StackStatus": state, "StackId": "arn"}
        aws = FakeAws(
            {
                "describe_stacks": {"Stacks": [stack]},
                "list_objects_v2": refused("NoSuchBucket"),
                "list_stack_resources": {"StackResourceSummaries": []},
                "detect_stack_drift": refused("ValidationError", "not in this state"),
            }
        )
        found = status(aws, TARGET, watching(aws), drift=True)
        assert found is not None
        assert (found.healthy, found.drift) == (False, None)


def test_a_stack_in_review_has_no_resources_to_list() -> None:
    """Nor a template: CloudFormation would answer the question with an error."""
    stack = {"StackName": "app-prod", "StackStatus": "REVIEW_IN_PROGRESS", "StackId": "arn"}
    missing = refused("ValidationError", "no template")
    aws = FakeAws(
        {"describe_stacks": {"Stacks": [stack]}, "list_objects_v2": refused("NoSuchBucket"), "get_template": missing}
    )
    found = take_inventory(aws, TARGET)
    assert (found.resources, found.is_empty) == ((), False)


class TestNestedStacks:
    """What is inside a nested stack is listed, emptied and kept with it."""

    INNER, FILES = resource("Inner", "AWS::CloudFormation::Stack"), resource("Files", "AWS::S3::Bucket")

    def taken(self, template: dict, inside: dict) -> Inventory:
        stack = {"StackName": "app-prod", "StackStatus": "CREATE_COMPLETE", "StackId": "arn"}
        listed = {"arn": [self.INNER], "p-Inner": [self.FILES]}
        templates = {"arn": template, "p-Inner": inside}
        aws = FakeAws(
            {
                "describe_stacks": {"Stacks": [stack]},
                "list_objects_v2": refused("NoSuchBucket"),
                "list_stack_resources": lambda StackName: {"StackResourceSummaries": listed[StackName]},
                "get_template": lambda StackName, **_: {"TemplateBody": {"Resources": templates[StackName]}},
            }
        )
        return take_inventory(aws, TARGET)

    def test_its_buckets_are_emptied(self) -> None:
        """CloudFormation deletes no full bucket, wherever it is."""
        found = self.taken({"Inner": {}}, {"Files": {}})
        assert [entry["LogicalResourceId"] for entry in found.resources] == ["Inner", "Inner/Files"]
        assert EmptyBucket("p-Files", VERSION) in destroy_steps(found)
        assert DeleteStack("app-prod", VERSION, resources=1) in destroy_steps(found)

    @pytest.mark.parametrize(
        ("outer", "inner"),
        [
            ({"Inner": {"DeletionPolicy": "Retain"}}, {"Files": {}}),
            ({"Inner": {}}, {"Files": {"DeletionPolicy": "Retain"}}),
        ],
    )
    def test_what_stays_is_not_emptied(self, outer: dict, inner: dict) -> None:
        """Because the nested stack is retained, or the bucket inside it."""
        found = self.taken(outer, inner)
        assert not any(isinstance(step, EmptyBucket) for step in destroy_steps(found))
        assert "p-Files" in kept(found, delete_data=True, keep_data=False)

    def test_with_its_data_it_is_kept_as_a_whole(self) -> None:
        found = self.taken({"Inner": {}}, {"Files": {}})
        assert found.data == {"Inner"}
        assert set(kept(found, delete_data=False, keep_data=True)) >= {"p-Inner", "p-Files"}
