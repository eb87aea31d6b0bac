"""After a destroy: is each thing that the stack consisted of really gone? Each is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.errors import AwsError
from pingbox.deploy.plan.target import DeployTarget


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
    "AWS::SSM::Parameter": _Question("ssm", "get_parameter", "Name"),
    "AWS::SNS::Topic": _Question("sns", "get_topic_attributes", "TopicArn"),
    "AWS::SecretsManager::Secret": _Question("secretsmanager", "describe_secret", "SecretId"),
    "AWS::KMS::Key": _Question("kms", "describe_key", "KeyId"),
    "AWS::Kinesis::Stream": _Question("kinesis", "describe_stream_summary", "StreamName"),
    "AWS::Cognito::UserPool": _Question("cognito-idp", "describe_user_pool", "UserPoolId"),
}

# ARN -> type, and what its question takes.
_ARNS = (
    (r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/([^/]+)", "AWS::DynamoDB::Table", r"\1"),
    (r"arn:[^:]+:s3:::([^/]+)", "AWS::S3::Bucket", r"\1"),
    (r"arn:[^:]+:sqs:[^:]*:[^:]*:(.+)", "AWS::SQS::Queue", r"\1"),
    (r"(arn:[^:]+:secretsmanager:.+)", "AWS::SecretsManager::Secret", r"\1"),
    (r"(arn:[^:]+:kms:.+)", "AWS::KMS::Key", r"\1"),
    (r"arn:[^:]+:cognito-idp:[^:]*:[^:]*:userpool/(.+)", "AWS::Cognito::UserPool", r"\1"),
    (r"arn:[^:]+:kinesis:[^:]*:[^:]*:stream/([^/]+)", "AWS::Kinesis::Stream", r"\1"),
    (r"arn:[^:]+:ssm:[^:]*:[^:]*:parameter(/.+)", "AWS::SSM::Parameter", r"\1"),
)

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


def tagged_leftovers(aws: Aws, target: DeployTarget) -> LeftoverReport:
    """What bears the tags of the stage and still exists: kept data, and orphans of deploys that failed.

    The tagging service goes on listing deleted resources for a while, so each is asked for. Kinds that cannot be asked
    for are left out; `unknown` says when the listing itself was refused.
    """
    filters = [{"Key": key, "Values": [value]} for key, value in target.tags.items()]
    found: list[Leftover] = []
    try:
        for page in pages(
            aws, "resourcegroupstaggingapi", "get_resources", cursor="PaginationToken", TagFilters=filters
        ):
            for entry in page.get("ResourceTagMappingList", ()):
                found += _tagged(aws, entry["ResourceARN"])
    except AwsError:
        return LeftoverReport(tuple(found), ("whatever else bears the tags of the stage",))
    return LeftoverReport(tuple(found), ())


def _tagged(aws: Aws, arn: str) -> list[Leftover]:
    for pattern, type_name, template in _ARNS:
        if matched := re.fullmatch(pattern, arn):
            physical = matched.expand(template)
            try:
                if _exists(aws, _QUESTIONS[type_name], physical):
                    return [Leftover(type_name, physical)]
            except (_UnansweredError, AwsError):
                return []
    return []


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
