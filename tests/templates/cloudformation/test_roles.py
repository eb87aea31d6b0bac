"""Which AWS calls a template lets a function make."""

from __future__ import annotations

import pytest

from pingbox.model.permissions import Statement, allows

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/Rooms"


def role(policies: str, more: str = "") -> str:
    return f"""\
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{}}
      {policies}
{more}"""


def permissions(read, smallest, resources: str):
    text = smallest(resources).replace("Code: code}", "Code: code, Role: !GetAtt Role.Arn}")
    [function] = [one for one in read(text).functions if one.name == "Fn"]
    return function.permissions


POLICY = "{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: 'dynamodb:*Item', Resource: '*'}}}"


def test_inline_policies(read, smallest):
    found = permissions(read, smallest, role(f"Policies: [{POLICY}]"))
    assert found == (Statement(True, ("dynamodb:*Item",), ("*",)),)
    assert allows(found, "dynamodb:PutItem", TABLE)
    assert not allows(found, "dynamodb:Query", TABLE)


def test_policies_that_are_attached(read, smallest):
    more = """\
  Attached:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: p
      Roles: [!Ref Role]
      PolicyDocument: {Statement: [{Effect: Allow, Action: [dynamodb:Query], Resource: [a, b]}]}
"""
    found = permissions(read, smallest, role("Policies: []", more))
    assert found == (Statement(True, ("dynamodb:Query",), ("a", "b")),)


def test_managed_policies_of_aws_that_are_known(read, smallest):
    arn = "arn:aws:iam::aws:policy"
    found = permissions(read, smallest, role(f"ManagedPolicyArns: [{arn}/service-role/AWSLambdaBasicExecutionRole]"))
    assert found == ()
    found = permissions(read, smallest, role(f"ManagedPolicyArns: ['{arn}/AmazonDynamoDBReadOnlyAccess']"))
    assert allows(found, "dynamodb:GetItem", TABLE)
    assert not allows(found, "dynamodb:PutItem", TABLE)


@pytest.mark.parametrize(
    "policies",
    [
        "ManagedPolicyArns: [arn:aws:iam::123456789012:policy/ours]",
        "Policies: [{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, NotAction: iam:*, Resource: '*'}}}]",
    ],
)
def test_what_cannot_be_told_is_not_guessed(read, smallest, policies):
    assert permissions(read, smallest, role(policies)) is None


def test_a_role_of_another_template_is_not_known(read, smallest):
    text = smallest().replace("Code: code}", "Code: code, Role: arn:aws:iam::123456789012:role/theirs}")
    assert read(text).functions[0].permissions is None


class TestStatements:
    @pytest.mark.parametrize(
        ("statements", "allowed"),
        [
            ([], False),
            ([Statement(True, ("*",), ("*",))], True),
            ([Statement(True, ("DynamoDB:putitem",), (TABLE,))], True),
            ([Statement(True, ("dynamodb:PutIte?",), ("arn:aws:dynamodb:*:*:table/*",))], True),
            ([Statement(True, ("dynamodb:PutItem",), (f"{TABLE}/index/*",))], False),
            ([Statement(True, ("*",), ("*",)), Statement(False, ("dynamodb:Put*",), (TABLE,))], False),
            ([Statement(True, ("*",), ("*",)), Statement(False, ("dynamodb:Put*",), (f"{TABLE}2",))], True),
            ([Statement(True, ("dynamodb:Put.tem",), ("*",))], False),
        ],
    )
    def test_decide_as_iam_does(self, statements, allowed):
        assert allows(statements, "dynamodb:PutItem", TABLE) is allowed
