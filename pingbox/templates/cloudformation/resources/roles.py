"""The roles of functions: which AWS calls the template lets each make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.model.permissions import Statement
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.errors import TemplateError

_ROLE = "AWS::IAM::Role"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
_EVERYTHING = Statement(True, ("*",), ("*",))
# Managed policies of AWS that functions often have, by the end of their ARN; what they allow of what is emulated here.
_MANAGED: Mapping[str, tuple[Statement, ...]] = {
    "AWSLambdaBasicExecutionRole": (),
    "AWSLambdaVPCAccessExecutionRole": (),
    "AWSXrayWriteOnlyAccess": (),
    "AWSXRayDaemonWriteAccess": (),
    "CloudWatchLambdaInsightsExecutionRolePolicy": (),
    "AdministratorAccess": (_EVERYTHING,),
    "PowerUserAccess": (_EVERYTHING,),
    "AmazonDynamoDBFullAccess": (Statement(True, ("dynamodb:*",), ("*",)),),
    "AmazonDynamoDBFullAccess_v2": (Statement(True, ("dynamodb:*",), ("*",)),),
    "AmazonDynamoDBReadOnlyAccess": (
        Statement(
            True,
            tuple(
                f"dynamodb:{verb}*"
                for verb in ("BatchGet", "Describe", "Get", "List", "PartiQLSelect", "Query", "Scan")
            ),
            ("*",),
        ),
    ),
    "AmazonAPIGatewayInvokeFullAccess": (Statement(True, ("execute-api:*",), ("*",)),),
    "AWSLambdaRole": (Statement(True, ("lambda:InvokeFunction",), ("*",)),),
    "AWSLambda_FullAccess": (
        Statement(True, ("lambda:*", "dynamodb:*", "s3:*", "sqs:*", "sns:*", "events:*"), ("*",)),
    ),
}


class _UnknownError(Exception):
    """What the role allows cannot be told from the template."""


def permissions_of(function: Resource, stack: TemplateStack) -> tuple[Statement, ...] | None:
    """What the function's role allows it; None where the template does not say all of it."""
    try:
        arn = function.text("Role")
        role = next((one for one in stack.of_type(_ROLE) if one.arn == arn), None)
        return None if role is None else tuple(_of_role(role, stack))
    except (_UnknownError, TemplateError):  # a policy that only the account could evaluate
        return None


def _of_role(role: Resource, stack: TemplateStack) -> Iterator[Statement]:
    for policy in role.items("Policies"):
        yield from _statements(policy.get("PolicyDocument") if isinstance(policy, Mapping) else None)
    named = {policy.ref: policy for type_ in _ATTACHED for policy in stack.of_type(type_)}
    for attached in named.values():
        if role.ref in [str(one) for one in attached.items("Roles")]:
            yield from _statements(attached.get("PolicyDocument"))
    for arn in map(str, role.items("ManagedPolicyArns")):
        if arn in named:
            yield from _statements(named[arn].get("PolicyDocument"))
            continue
        known = _MANAGED.get(arn.rpartition("/")[2])
        if known is None:
            raise _UnknownError
        yield from known


def _statements(document: Any) -> Iterator[Statement]:
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    for one in _listed(statements):
        if not isinstance(one, Mapping) or "NotAction" in one or "NotResource" in one:
            raise _UnknownError
        resources = tuple(map(str, _listed(one.get("Resource"))))
        yield Statement(one.get("Effect") == "Allow", tuple(map(str, _listed(one.get("Action")))), resources)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
