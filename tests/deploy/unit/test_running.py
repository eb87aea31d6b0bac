"""What is deployed: its log lines, its end, and what is left of it."""

from __future__ import annotations

from itertools import islice

import pytest

from pingbox.deploy.destroy import Inventory, destroy_steps, keep_tables, kept_tables, retaining
from pingbox.deploy.errors import AwsError, RefusedError
from pingbox.deploy.leftovers import Leftover, look_round
from pingbox.deploy.logs import Tail, lines, log_groups
from pingbox.deploy.place import Place
from pingbox.deploy.reality import NOTHING, Reality
from pingbox.deploy.stack import Stack
from pingbox.deploy.steps import (
    DeleteSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ProtectStack,
    RemoveArtifacts,
    RemoveBucketIfEmpty,
)
from support.fake_aws import FakeAws, Time, refused, watching

PLACE = Place("app", "prod", "eu-central-1", "123456789012")
BUCKET = PLACE.artifact_bucket


def resource(logical_id: str, type_name: str) -> dict[str, str]:
    return {"LogicalResourceId": logical_id, "ResourceType": type_name, "PhysicalResourceId": f"p-{logical_id}"}


TABLE, SITE = resource("Messages", "AWS::DynamoDB::Table"), resource("Site", "AWS::S3::Bucket")
FUNCTION = resource("MessageLambda", "AWS::Lambda::Function")


def inventory(*, protected: bool = False, retained: bool = False) -> Inventory:
    stack = Stack("app-prod", "CREATE_COMPLETE", "arn", {}, {"Stage": "prod"}, protected)
    policy = {"DeletionPolicy": "Retain"} if retained else {}
    template = {"Resources": {"Messages": {"Type": "AWS::DynamoDB::Table", **policy}, "Site": {}, "MessageLambda": {}}}
    return Inventory(PLACE, Reality(stack, frozenset({"app/prod/a.zip"}), True), (TABLE, SITE, FUNCTION), template)


class TestDestroying:
    def test_everything_goes_and_the_bucket_is_emptied_first(self) -> None:
        assert destroy_steps(inventory(), delete_data=False) == [
            EmptyBucket("p-Site"),
            DeleteStack("app-prod"),
            DeleteSecret("/pingbox/app/prod/token-secret"),
            RemoveArtifacts(BUCKET, ("app/prod/a.zip",)),
            RemoveBucketIfEmpty(BUCKET),
        ]

    def test_protection_is_lifted_first(self) -> None:
        assert destroy_steps(inventory(protected=True), delete_data=False)[0] == ProtectStack("app-prod", on=False)

    def test_retained_tables_go_only_on_request(self) -> None:
        steps = destroy_steps(inventory(retained=True), delete_data=True)
        assert DeleteTable("p-Messages") in steps
        assert steps.index(DeleteTable("p-Messages")) > steps.index(DeleteStack("app-prod"))
        assert DeleteTable("p-Messages") not in destroy_steps(inventory(retained=True), delete_data=False)

    @pytest.mark.parametrize(
        ("retained", "keep", "delete", "kept"),
        [(True, False, False, 1), (True, False, True, 0), (False, True, False, 1), (False, False, False, 0)],
    )
    def test_what_stays_is_known_beforehand(self, retained: bool, keep: bool, delete: bool, kept: int) -> None:
        assert len(kept_tables(inventory(retained=retained), delete_data=delete, keep_data=keep)) == kept

    def test_where_nothing_is_nothing_is_done(self) -> None:
        nothing = Inventory(PLACE, NOTHING, (), {})
        assert nothing.is_empty
        assert destroy_steps(nothing, delete_data=True) == []

    def test_keeping_changes_deletion_policies_and_no_parameter(self) -> None:
        stack = {"StackName": "app-prod", "StackStatus": "UPDATE_IN_PROGRESS", "StackId": "arn"}
        end = {
            "EventId": "1",
            "LogicalResourceId": "app-prod",
            "PhysicalResourceId": "arn",
            "ResourceType": "AWS::CloudFormation::Stack",
            "ResourceStatus": "UPDATE_COMPLETE",
        }
        events = [{"StackEvents": []}, {"StackEvents": [end]}]
        aws = FakeAws({"describe_stacks": {"Stacks": [stack]}, "describe_stack_events": events})
        keep_tables(aws, inventory(), watching(aws))
        sent = aws.arguments("update_stack")
        assert '"DeletionPolicy": "Retain"' in sent["TemplateBody"]
        assert sent["Parameters"] == [{"ParameterKey": "Stage", "UsePreviousValue": True}]

    def test_tables_that_stay_anyway_need_no_update(self) -> None:
        aws = FakeAws()
        keep_tables(aws, inventory(retained=True), watching(aws))
        assert aws.calls == []

    def test_only_the_named_resources_are_retained(self) -> None:
        template = {"Resources": {"A": {"Type": "T"}, "B": {"Type": "T"}}}
        assert retaining(template, {"A"})["Resources"] == {
            "A": {"Type": "T", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
            "B": {"Type": "T"},
        }


class TestLeftovers:
    def test_what_answers_is_still_there(self) -> None:
        gone = {"describe_table": refused("ResourceNotFoundException"), "head_bucket": refused("404")}
        survey = look_round(FakeAws(gone), [TABLE, SITE, FUNCTION])
        assert survey.found == (Leftover("AWS::Lambda::Function", "p-MessageLambda"),)
        assert survey.unknown == ()

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
        found = look_round(aws, [FUNCTION, resource("Api", "AWS::ApiGatewayV2::Api")]).found
        assert [leftover.id for leftover in found] == [groups[0], groups[2]]

    def test_what_nobody_can_say_is_said(self) -> None:
        """A type without a question, and a question that is forbidden."""
        odd = resource("Odd", "AWS::Odd::Thing")
        survey = look_round(FakeAws({"describe_table": refused("AccessDeniedException")}), [TABLE, odd])
        assert survey.unknown == ("AWS::DynamoDB::Table", "AWS::Odd::Thing")

    def test_an_outage_is_not_taken_for_absence(self) -> None:
        with pytest.raises(AwsError, match="ServiceUnavailable"):
            look_round(FakeAws({"describe_table": refused("ServiceUnavailable")}), [TABLE])


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
        summary = {"list_stack_resources": {"StackResourceSummaries": [FUNCTION]}}
        configuration = {"get_function_configuration": {"LoggingConfig": {"LogGroup": "group"}}}
        aws = FakeAws({**summary, **configuration})
        assert log_groups(aws, PLACE, "message") == log_groups(aws, PLACE, None) == {"MessageLambda": "group"}
        with pytest.raises(RefusedError, match="MessageLambda"):
            log_groups(aws, PLACE, "mesage")
