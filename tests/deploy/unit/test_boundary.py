"""The permissions boundary and the first creation: what is written into a template before it is deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.boundary import bounded, checked_boundary
from pingbox.deploy.plan.protection import for_creation
from pingbox.deploy.plan.target import STACK_LENGTH, DeployTarget, refuse_long_stack

ARN = "arn:aws:iam::123456789012:policy/pingbox-dev-eu-central-1-boundary"
OWN = "arn:aws:iam::123456789012:policy/own"


def one(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": type_name, "Properties": properties}}}


@pytest.mark.parametrize(
    "type_name", ["AWS::IAM::Role", "AWS::IAM::User", "AWS::Serverless::Function", "AWS::Serverless::StateMachine"]
)
def test_what_makes_a_role_gets_the_boundary(type_name: str) -> None:
    """One's own boundary stays; it may be the narrower one."""
    assert bounded(one(type_name), ARN)["Resources"]["It"]["Properties"] == {"PermissionsBoundary": ARN}
    own = one(type_name, PermissionsBoundary=OWN)
    assert bounded(own, ARN) == own


@pytest.mark.parametrize("type_name", ["AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::IAM::Policy"])
def test_what_makes_no_role_is_left_alone(type_name: str) -> None:
    assert bounded(one(type_name), ARN) == one(type_name)


def test_a_sam_function_with_a_role_of_its_own_makes_none() -> None:
    given = one("AWS::Serverless::Function", Role="arn:aws:iam::1:role/x")
    assert bounded(given, ARN) == given


def test_a_role_without_properties_and_a_loop() -> None:
    template = {"Resources": {"It": {"Type": "AWS::IAM::Role"}, "Fn::ForEach::X": ["N", [], {}]}}
    after = bounded(template, ARN)["Resources"]
    assert after["It"]["Properties"] == {"PermissionsBoundary": ARN}
    assert after["Fn::ForEach::X"] == ["N", [], {}]


@pytest.mark.parametrize("arn", ["", "boundary", "arn:aws:iam::1:policy/x", ARN.replace("policy", "role"), ARN + ",x"])
def test_what_is_no_policy_is_no_boundary(arn: str) -> None:
    with pytest.raises(DeployRefusedError, match="--permissions-boundary"):
        checked_boundary(arn)
    assert checked_boundary(None) is None
    assert checked_boundary(ARN) == ARN


@pytest.mark.parametrize(
    ("type_name", "name", "on", "off"),
    [
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", True, False),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", "true", False),
        ("AWS::RDS::DBInstance", "DeletionProtection", True, False),
        ("AWS::RDS::DBCluster", "DeletionProtection", "true", False),
        ("AWS::Cognito::UserPool", "DeletionProtection", "ACTIVE", "INACTIVE"),
    ],
)
def test_a_creation_has_no_deletion_protection(type_name: str, name: str, on: object, off: object) -> None:
    """What is protected cannot be taken back when something else fails."""
    template = one(type_name, **{name: on, "Other": 1})
    first = for_creation(template)
    assert first == one(type_name, **{name: off, "Other": 1})
    assert for_creation(first) is None
    assert template == one(type_name, **{name: on, "Other": 1})


@pytest.mark.parametrize("value", [False, "false", {"Ref": "Protect"}, None])
def test_where_nothing_is_protected_one_change_is_enough(value: object) -> None:
    """A reference is left to CloudFormation: its value is known there only."""
    assert for_creation(one("AWS::DynamoDB::Table", DeletionProtectionEnabled=value)) is None
    assert for_creation({"Resources": {"Fn::ForEach::X": []}}) is None


def test_a_stack_name_that_aws_would_shorten_is_refused() -> None:
    longest = DeployTarget("a" * (STACK_LENGTH - 4), "dev", "eu-central-1")
    refuse_long_stack(longest)
    with pytest.raises(DeployRefusedError, match="33 characters; expected at most 32"):
        refuse_long_stack(DeployTarget(longest.app + "a", "dev", "eu-central-1"))
    assert json.dumps(longest.tags)
