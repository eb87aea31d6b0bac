"""What `Ref` and `Fn::GetAtt` answer locally, per resource type.

Names are the resource's own when it has one, else its logical id: AWS would append random letters, which helps nobody
on a laptop. Types without a row get values of the right shape, so that an environment variable which merely mentions
them resolves; using what it names then fails with the explanation listed at start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pingbox.model.partitions import partition_of, url_suffix

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class StackAccount:
    """Where the stack pretends to be. `within` is put before names made of logical ids: those above a nested stack."""

    region: str
    account_id: str
    stack: str
    within: str = ""

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, as the region has it."""
        return partition_of(self.region)

    @property
    def url_suffix(self) -> str:
        """What the region's hosts end in."""
        return url_suffix(self.region)

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class _Kind:
    """`name`: the property with the name.

    Patterns know {name} {id} {api} {region} {account} {partition} {suffix} {arn} {lower}.
    """

    name: str | None = None
    arn: str = "arn:{partition}:{service}:{region}:{account}:{id}"
    ref: str = "{name}"
    attributes: tuple[tuple[str, str], ...] = ()


MIN_TABLE_NAME = 3

_KINDS: dict[str, _Kind] = {
    "AWS::ApiGatewayV2::Stage": _Kind("StageName"),
    "AWS::ApiGateway::RestApi": _Kind(ref="{api}", attributes=(("RootResourceId", "{id}"), ("RestApiId", "{api}"))),
    "AWS::ApiGateway::Stage": _Kind("StageName"),
    "AWS::ApiGatewayV2::DomainName": _Kind(
        "DomainName",
        "arn:{partition}:apigateway:{region}::/domainnames/{name}",
        attributes=(
            ("RegionalDomainName", "d-{api}.execute-api.{region}.{suffix}"),
            ("RegionalHostedZoneId", "Z{id}"),
            ("DomainNameArn", "{arn}"),
        ),
    ),
    "AWS::Lambda::Function": _Kind("FunctionName", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    "AWS::Lambda::LayerVersion": _Kind(
        "LayerName",
        "arn:{partition}:lambda:{region}:{account}:layer:{name}:1",
        "{arn}",
        (("LayerVersionArn", "{arn}"),),
    ),
    "AWS::DynamoDB::Table": _Kind(
        "TableName",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
        attributes=(("StreamArn", "{arn}/stream/2024-01-01T00:00:00.000"),),
    ),
    "AWS::DynamoDB::GlobalTable": _Kind(
        "TableName",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
        attributes=(("StreamArn", "{arn}/stream/2024-01-01T00:00:00.000"), ("TableId", "{id}")),
    ),
    "AWS::IAM::Role": _Kind("RoleName", "arn:{partition}:iam::{account}:role/{name}"),
    "AWS::IAM::User": _Kind("UserName", "arn:{partition}:iam::{account}:user/{name}"),
    "AWS::IAM::ManagedPolicy": _Kind("ManagedPolicyName", "arn:{partition}:iam::{account}:policy/{name}", "{arn}"),
    "AWS::SQS::Queue": _Kind(
        "QueueName",
        "arn:{partition}:sqs:{region}:{account}:{name}",
        "https://sqs.{region}.{suffix}/{account}/{name}",
        (("QueueName", "{name}"), ("QueueUrl", "https://sqs.{region}.{suffix}/{account}/{name}")),
    ),
    "AWS::SNS::Topic": _Kind(
        "TopicName",
        "arn:{partition}:sns:{region}:{account}:{name}",
        "{arn}",
        (("TopicArn", "{arn}"), ("TopicName", "{name}")),
    ),
    "AWS::S3::Bucket": _Kind(
        "BucketName",
        "arn:{partition}:s3:::{lower}",
        "{lower}",
        (
            ("DomainName", "{lower}.s3.{suffix}"),
            ("RegionalDomainName", "{lower}.s3.{region}.{suffix}"),
            ("WebsiteURL", "http://{lower}.s3-website-{region}.{suffix}"),
        ),
    ),
    "AWS::Events::EventBus": _Kind(
        "Name", "arn:{partition}:events:{region}:{account}:event-bus/{name}", attributes=(("Name", "{name}"),)
    ),
    "AWS::StepFunctions::StateMachine": _Kind(
        "StateMachineName",
        "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
        "{arn}",
        (("Name", "{name}"),),
    ),
    "AWS::Kinesis::Stream": _Kind("Name", "arn:{partition}:kinesis:{region}:{account}:stream/{name}"),
    "AWS::Logs::LogGroup": _Kind("LogGroupName", "arn:{partition}:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::SecretsManager::Secret": _Kind(
        "Name", "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}", "{arn}"
    ),
    "AWS::SSM::Parameter": _Kind("Name", "arn:{partition}:ssm:{region}:{account}:parameter/{name}"),
    "AWS::KMS::Key": _Kind(None, "arn:{partition}:kms:{region}:{account}:key/{id}", attributes=(("KeyId", "{id}"),)),
    "AWS::Cognito::UserPool": _Kind(
        None,
        "arn:{partition}:cognito-idp:{region}:{account}:userpool/{region}_{id}",
        "{region}_{id}",
        (
            ("UserPoolId", "{region}_{id}"),
            ("ProviderName", "cognito-idp.{region}.{suffix}/{region}_{id}"),
            ("ProviderURL", "https://cognito-idp.{region}.{suffix}/{region}_{id}"),
        ),
    ),
}


def local_id(account: StackAccount, logical_id: str) -> str:
    """An API id as AWS shapes it (EV-43): ten of a-z and 0-9; the same in every run of the same stack."""
    number = int.from_bytes(hashlib.sha256(f"{account.stack}/{logical_id}".encode()).digest()[:8])
    digits = []
    for _ in range(10):
        number, digit = divmod(number, 36)
        digits.append(_BASE36[digit])
    return "".join(digits)


def refer(
    account: StackAccount, logical_id: str, type_: str, attribute: str | None, property_of: Callable[[str], Any]
) -> Any:
    """The value of `Ref` (attribute None) or `Fn::GetAtt` for a resource.

    `property_of(name)` gives an evaluated property of the resource, None without it. Every type is answered.
    """
    match type_:
        case "AWS::ApiGatewayV2::Api":
            return _api(account, logical_id, attribute, property_of)
        case "AWS::Lambda::Alias" | "AWS::Lambda::Version":
            return _qualified_function(account, type_, attribute, property_of)
        case "AWS::SSM::Parameter" if attribute == "Value":
            return property_of("Value")
    return _by_kind(account, logical_id, type_, attribute, property_of)


def _api(account: StackAccount, logical_id: str, attribute: str | None, property_of: Callable[[str], Any]) -> str:
    api_id = local_id(account, logical_id)
    if attribute != "ApiEndpoint":
        return api_id
    scheme = "wss" if property_of("ProtocolType") == "WEBSOCKET" else "https"
    return f"{scheme}://{api_id}.execute-api.{account.region}.{account.url_suffix}"  # CF-12: without a stage


def _qualified_function(
    account: StackAccount, type_: str, attribute: str | None, property_of: Callable[[str], Any]
) -> str:
    if attribute == "Version":
        return "1"
    qualifier = property_of("Name") if type_ == "AWS::Lambda::Alias" else "1"
    function = str(property_of("FunctionName"))
    arn = function if function.startswith("arn:") else account.arn("lambda", f"function:{function}")
    return f"{arn}:{qualifier}"


def _by_kind(
    account: StackAccount, logical_id: str, type_: str, attribute: str | None, property_of: Callable[[str], Any]
) -> str:
    kind = _KINDS.get(type_, _Kind())
    name = (property_of(kind.name) if kind.name else None) or account.within + logical_id
    if kind.name == "TableName" and len(str(name)) < MIN_TABLE_NAME and property_of("TableName") is None:
        name = f"{account.stack}-{name}"  # AWS makes a long name of the logical id, too
    service = type_.split("::")[1].lower() if type_.count("::") >= 2 else "custom"
    known = {
        "name": str(name),
        "lower": str(name).lower(),
        "id": logical_id,
        "api": local_id(account, logical_id),
        "region": account.region,
        "account": account.account_id,
        "partition": account.partition,
        "suffix": account.url_suffix,
        "service": service,
    }
    arn = kind.arn.format(**known)
    if attribute is None:
        return kind.ref.format(arn=arn, **known)
    if attribute == "Arn":
        return arn
    pattern = dict(kind.attributes).get(attribute)
    if pattern is not None:
        return pattern.format(arn=arn, **known)
    # The ids of routes, integrations, authorizers and the like are their logical ids.
    return logical_id if attribute.endswith("Id") else f"{logical_id}.{attribute}"
