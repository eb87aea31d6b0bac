"""Which services there are by moto. A further one is a line in `SERVICES`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pingbox.emulator.services.port import AwsRequest


@dataclass(frozen=True)
class MotoRow:
    """`name` is the signing name, `module` moto's. `host` is the label in the service's host name, where it differs.

    Where several services sign with the same name, or a request has no signature, `targets` are prefixes of
    `X-Amz-Target` and `path` a pattern of the path that tell them. `title` is what people call the service.
    """

    name: str
    module: str
    host: str = ""
    targets: tuple[str, ...] = ()
    path: str = ""
    title: str = ""

    @property
    def label(self) -> str:
        """The label in the service's host name."""
        return self.host or self.name

    def matches(self, request: AwsRequest) -> bool:
        """Whether the request is this service's and not another's with the same signing name."""
        if request.scope is not None:
            return not self.path or _is_path(self.path, request) or not _shares_name(self)
        target = request.target
        if target is not None:
            return target.prefix in self.targets
        return bool(self.path) and not _shares_name(self) and _is_path(self.path, request)


def _is_path(pattern: str, request: AwsRequest) -> bool:
    return re.match(pattern, request.path) is not None


def _shares_name(row: MotoRow) -> bool:
    return sum(one.name == row.name for one in SERVICES) > 1


SERVICES: tuple[MotoRow, ...] = (
    MotoRow("s3", "s3", title="S3"),
    MotoRow("sqs", "sqs", targets=("AmazonSQS",), title="SQS"),
    MotoRow("sns", "sns", title="SNS"),
    MotoRow("ssm", "ssm", targets=("AmazonSSM",), title="Systems Manager"),
    MotoRow("secretsmanager", "secretsmanager", targets=("secretsmanager",), title="Secrets Manager"),
    MotoRow("kms", "kms", targets=("TrentService",), title="KMS"),
    MotoRow("sts", "sts", title="STS"),
    MotoRow("events", "events", targets=("AWSEvents",), title="EventBridge"),
    MotoRow("scheduler", "scheduler", title="EventBridge Scheduler"),
    MotoRow("kinesis", "kinesis", targets=("Kinesis_20131202",), title="Kinesis"),
    MotoRow("ses", "sesv2", host="email", path="/v2/", title="SES"),
    MotoRow("ses", "ses", host="email", title="SES"),
    MotoRow(
        "cognito-idp",
        "cognitoidp",
        targets=("AWSCognitoIdentityProviderService",),
        path=r"/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/",
        title="Cognito",
    ),
    MotoRow("cognito-identity", "cognitoidentity", targets=("AWSCognitoIdentityService",), title="Cognito identities"),
    MotoRow(
        "states",
        "stepfunctions",
        targets=("AWSStepFunctions",),
        title="Step Functions",
    ),
    MotoRow("iotdata", "iotdata", host="data.iot", title="IoT data"),
    MotoRow("logs", "logs", targets=("Logs_20140328",), title="CloudWatch Logs"),
    MotoRow("monitoring", "cloudwatch", targets=("GraniteServiceVersion20100801",), title="CloudWatch"),
)
