"""What would be lost: data, an identity that others know, or what a type may hold that nobody has looked at."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.perform.change_sets import read_change_set
from pingbox.deploy.perform.deployment import Plan, refuse_loss
from pingbox.deploy.plan.changes import ResourceChange
from pingbox.deploy.plan.data_types import HOLDS_DATA, HOLDS_IDENTITY, HOLDS_NOTHING, UNKNOWN, holds_data, loss
from support.deploy.fake_aws import FakeAws, watching

LOSING = [
    "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::Kinesis::Stream", "AWS::Logs::LogGroup",
    "AWS::CloudFormation::Stack", "AWS::SSM::Parameter", "AWS::Cognito::UserPool", "AWS::EFS::FileSystem",
    "AWS::RDS::DBInstance", "AWS::ECR::Repository", "AWS::Route53::HostedZone", "AWS::DynamoDB::Table",
    "AWS::S3::Bucket", "AWS::ApiGatewayV2::Api", "AWS::CloudFront::Distribution", "AWS::Cognito::UserPoolClient",
    "AWS::SNS::Topic", "Custom::Anything", "AWS::Invented::Thing", "Alexa::ASK::Skill", "Org::Mod::Type::MODULE",
]  # fmt: skip


@pytest.mark.parametrize("type_name", LOSING)
@pytest.mark.parametrize(("action", "replacement"), [("Remove", None), ("Modify", "True"), ("Modify", "Conditional")])
def test_what_holds_something_is_not_lost_without_a_word(type_name: str, action: str, replacement: str | None) -> None:
    plan = Plan(
        "app-dev", "c", False, (ResourceChange(action, "It", type_name, replacement, nested_change_set="arn"),), ()
    )
    with pytest.raises(DeployRefusedError, match="It: ") as refused:
        refuse_loss(plan, allowed=False)
    assert str(loss(type_name)) in str(refused.value)
    refuse_loss(plan, allowed=True)


@pytest.mark.parametrize("type_name", ["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Lambda::Permission"])
def test_what_the_template_makes_again_may_go(type_name: str) -> None:
    refuse_loss(Plan("app-dev", "c", False, (ResourceChange("Remove", "It", type_name),), ()), allowed=False)


def test_each_type_stands_in_one_table_and_every_reason_is_a_word() -> None:
    tables = (HOLDS_DATA.keys(), HOLDS_IDENTITY.keys(), HOLDS_NOTHING)
    assert sum(map(len, tables)) == len(set().union(*tables))
    assert all([*HOLDS_DATA.values(), *HOLDS_IDENTITY.values()])


def test_every_type_of_the_chat_was_looked_at() -> None:
    types = {entry.type for site in Site for entry in template(chat("dev", site)).resources}
    assert {type_name for type_name in types if loss(type_name) == UNKNOWN} == set()


def test_what_is_unknown_is_kept() -> None:
    """`--keep-data` leaves it standing: it may hold data. An address is not data."""
    assert holds_data("Custom::Anything")
    assert not holds_data("AWS::ApiGatewayV2::Api")
    assert not holds_data("AWS::Lambda::Function")


def resource(logical_id: str, type_name: str, action: str = "Modify", **more: str) -> dict[str, Any]:
    change = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": type_name, **more}
    return {"Type": "Resource", "ResourceChange": change}


def test_a_table_inside_a_nested_stack_is_seen() -> None:
    """Its change set is another one, and so on further in."""
    inside = {
        "app-dev": [resource("Data", "AWS::CloudFormation::Stack", ChangeSetId="arn:data")],
        "arn:data": [resource("Deep", "AWS::CloudFormation::Stack", ChangeSetId="arn:deep")],
        "arn:deep": [resource("Messages", "AWS::DynamoDB::Table", "Remove")],
    }

    def described(ChangeSetName: str, StackName: str = "", **_: object) -> dict[str, Any]:
        return {"Status": "CREATE_COMPLETE", "Changes": inside[StackName or ChangeSetName]}

    aws = FakeAws({"describe_change_set": described})
    changes = read_change_set(aws, watching(aws), "app-dev", "mine")
    assert changes is not None
    assert [change.logical_id for change in changes if change.loses] == ["Data/Deep/Messages"]


def test_a_nested_stack_that_cannot_be_looked_into_is_refused() -> None:
    """CloudFormation says that it changes, and not what."""
    plan = Plan("app-dev", "c", False, (ResourceChange("Modify", "Data", "AWS::CloudFormation::Stack", "False"),), ())
    with pytest.raises(DeployRefusedError, match="does not say what changes inside"):
        refuse_loss(plan, allowed=False)
