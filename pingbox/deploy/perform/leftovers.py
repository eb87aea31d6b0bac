"""After a destroy: is each thing that the stack consisted of really gone? Each is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.aws.client import Aws
from pingbox.deploy.errors import AwsError


@dataclass(frozen=True)
class Leftover:
    """Something that is still there."""

    type: str
    id: str


@dataclass(frozen=True)
class _Question:
    """The call that answers "are you still there?", and the argument that takes the physical id."""

    service: str
    operation: str
    argument: str


_QUESTIONS: Mapping[str, _Question] = {
    "AWS::ApiGatewayV2::Api": _Question("apigatewayv2", "get_api", "ApiId"),
    "AWS::CloudFront::Distribution": _Question("cloudfront", "get_distribution", "Id"),
    "AWS::CloudFront::OriginAccessControl": _Question("cloudfront", "get_origin_access_control", "Id"),
    "AWS::CloudFront::ResponseHeadersPolicy": _Question("cloudfront", "get_response_headers_policy", "Id"),
    "AWS::DynamoDB::Table": _Question("dynamodb", "describe_table", "TableName"),
    "AWS::Events::Rule": _Question("events", "describe_rule", "Name"),
    "AWS::IAM::Role": _Question("iam", "get_role", "RoleName"),
    "AWS::Lambda::Function": _Question("lambda", "get_function_configuration", "FunctionName"),
    "AWS::S3::Bucket": _Question("s3", "head_bucket", "Bucket"),
    "AWS::SQS::Queue": _Question("sqs", "get_queue_attributes", "QueueUrl"),
}

# These have no life of their own: they are part of an API, a function or a bucket that is asked for.
_PARTS = frozenset(
    {
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::IntegrationResponse",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
    }
)
_GONE = ("NotFound", "NoSuch", "NonExistent", "404")
_DENIED = ("AccessDenied", "Forbidden", "403")


@dataclass(frozen=True)
class LeftoverReport:
    """`found` is still there. `unknown` are types that could not be checked: no call known, or no permission."""

    found: tuple[Leftover, ...]
    unknown: tuple[str, ...]


def find_leftovers(aws: Aws, resources: Iterable[Mapping[str, Any]]) -> LeftoverReport:
    """Ask for each of the resources (entries of `ListStackResources`), and for log groups that AWS made for them."""
    found: list[Leftover] = []
    unknown: set[str] = set()
    for resource in resources:
        type_name, physical = resource["ResourceType"], resource.get("PhysicalResourceId", "")
        if not physical or type_name in _PARTS:
            continue
        try:
            found += _remains(aws, type_name, physical)
        except _UnansweredError:
            unknown.add(type_name)
    return LeftoverReport(tuple(found), tuple(sorted(unknown)))


class _UnansweredError(Exception):
    """It could not be checked whether the resource is there."""


def _remains(aws: Aws, type_name: str, physical: str) -> list[Leftover]:
    left = [Leftover("AWS::Logs::LogGroup", group) for group in _log_groups(aws, type_name, physical)]
    if type_name == "AWS::Logs::LogGroup":
        return left
    question = _QUESTIONS.get(type_name)
    if question is None:
        raise _UnansweredError
    return [*left, Leftover(type_name, physical)] if _exists(aws, question, physical) else left


def _exists(aws: Aws, question: _Question, physical: str) -> bool:
    try:
        aws.call(question.service, question.operation, **{question.argument: physical})
    except AwsError as error:
        if any(word in error.code for word in _GONE):
            return False
        if any(word in error.code for word in _DENIED):
            raise _UnansweredError from error
        raise
    return True


def _log_groups(aws: Aws, type_name: str, physical: str) -> list[str]:
    """The group itself, or those that AWS makes by itself for a function or an API and that no template knows."""
    match type_name:
        case "AWS::Logs::LogGroup":
            return _groups(aws, physical, exact=True)
        case "AWS::Lambda::Function":
            return _groups(aws, f"/aws/lambda/{physical}", exact=True)
        case "AWS::ApiGatewayV2::Api":
            return _groups(aws, f"/aws/apigateway/{physical}/", exact=False)
    return []


def _groups(aws: Aws, prefix: str, *, exact: bool) -> list[str]:
    if not prefix:
        return []
    answer = aws.call("logs", "describe_log_groups", logGroupNamePrefix=prefix)
    names = [group["logGroupName"] for group in answer.get("logGroups", ())]
    return [name for name in names if name == prefix or not exact]
