"""One role per function, with exactly the actions and ARNs of its grants."""

from __future__ import annotations

from typing import Any, assert_never

from pingbox.chat.model import (
    ChatFunction,
    Grant,
    GrantTarget,
    OnConnections,
    OnFailures,
    OnFunction,
    OnIndex,
    OnOwnLogs,
    OnSecret,
    OnTable,
)
from pingbox.chat.template.entries import ResourceEntry
from pingbox.chat.template.intrinsics import Value, get_att, sub

FAILURES_QUEUE = "FailedEvents"


def role_resource(function: ChatFunction) -> ResourceEntry:
    """The function's role. The policy is inline, so the role is never seen without it (no assume-role race)."""
    return ResourceEntry(
        f"{function.stem}Role",
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": _trust("lambda.amazonaws.com"),
            "Policies": [{"PolicyName": "duties", "PolicyDocument": _policy(function)}],
        },
    )


def _trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }


def _policy(function: ChatFunction) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [_statement(grant, function) for grant in function.grants]}


def _statement(grant: Grant, function: ChatFunction) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(grant.actions), "Resource": _arn(grant.target, function)}


def _arn(target: GrantTarget, function: ChatFunction) -> Value:
    match target:
        case OnTable(table):
            return get_att(table, "Arn")
        case OnIndex(table, index):
            return sub(f"${{{table}.Arn}}/index/{index}")
        case OnConnections(method):
            # One method, this API, this stage; the connection id is the only wildcard.
            return sub(
                "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
                f"${{Api}}/${{Stage}}/{method}/@connections/*"
            )
        case OnFunction(name):
            return get_att(name, "Arn")
        case OnSecret():
            # The parameter's name begins with a slash, which the ARN shares with its separator.
            return sub("arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${TokenParameter}")
        case OnFailures():
            return get_att(FAILURES_QUEUE, "Arn")
        case OnOwnLogs():
            return get_att(f"{function.stem}LogGroup", "Arn")  # ends in `:*` already: the streams of this group
        case _:
            assert_never(target)
