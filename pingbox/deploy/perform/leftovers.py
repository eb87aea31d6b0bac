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

# By what an ARN holds: a queue's physical id is its address, its ARN has the name.
_QUESTIONS_BY_NAME = {**_QUESTIONS, "AWS::SQS::Queue": _Question("sqs", "get_queue_url", "QueueName")}

# ARN -> type; the group is what the question takes.
_ARNS = (
    (r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/([^/]+)", "AWS::DynamoDB::Table"),
    (r"arn:[^:]+:s3:::([^/]+)", "AWS::S3::Bucket"),
    (r"arn:[^:]+:sqs:[^:]*:[^:]*:(.+)", "AWS::SQS::Queue"),
    (r"(arn:[^:]+:secretsmanager:.+)", "AWS::SecretsManager::Secret"),
    (r"(arn:[^:]+:kms:.+)", "AWS::KMS::Key"),
    (r"arn:[^:]+:cognito-idp:[^:]*:[^:]*:userpool/(.+)", "AWS::Cognito::UserPool"),
    (r"arn:[^:]+:kinesis:[^:]*:[^:]*:stream/([^/]+)", "AWS::Kinesis::Stream"),
    (r"arn:[^:]+:ssm:[^:]*:[^:]*:parameter(/.+)", "AWS::SSM::Parameter"),
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
    for are left out. `unknown` are types whose question was not answered, and says so when the listing was refused.
    """
    filters = [{"Key": key, "Values": [value]} for key, value in target.tags.items()]
    listing = pages(aws, "resourcegroupstaggingapi", "get_resources", cursor="PaginationToken", TagFilters=filters)
    try:
        arns = [entry["ResourceARN"] for page in listing for entry in page.get("ResourceTagMappingList", ())]
    except AwsError:
        return LeftoverReport((), ("whatever else bears the tags of the stage",))
    found: list[Leftover] = []
    unknown: set[str] = set()
    for tagged in filter(None, map(_named_by, arns)):
        try:
            found += [tagged] if _exists(aws, _QUESTIONS_BY_NAME[tagged.type], tagged.id) else []
        except (_UnansweredError, AwsError):
            unknown.add(tagged.type)
    return LeftoverReport(tuple(found), tuple(sorted(unknown)))


def _named_by(arn: str) -> Leftover | None:
    """Type and id behind an ARN; None for kinds that cannot be asked for."""
    for pattern, type_name in _ARNS:
        if matched := re.fullmatch(pattern, arn):
            return Leftover(type_name, matched[1])
    return None


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
        answer = aws.call(question.service, question.operation, **{question.argument: physical})
    except AwsError as error:
        if any(word in error.code for word in _GONE):
            return False
        if any(word in error.code for word in _DENIED):
            raise _UnansweredError from error
        raise
    return not _is_scheduled_for_deletion(answer)


def _is_scheduled_for_deletion(answer: Mapping[str, Any]) -> bool:
    """A key and a secret answer for days after their deletion: it can be cancelled until then."""
    return "DeletedDate" in answer or answer.get("KeyMetadata", {}).get("KeyState") == "PendingDeletion"


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
