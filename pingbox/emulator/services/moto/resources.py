"""Resources of a template, made by ordinary API calls before the first event. A further type is a line in `_MAKERS`.

What exists already is kept and brought up to date: a template may be saved while it is served.
"""

from __future__ import annotations

import json
import logging
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pingbox.model.app import AwsResource

if TYPE_CHECKING:
    from collections.abc import Iterator

Client = Callable[[str], Any]
"""A boto3 client by the name of its service."""

_log = logging.getLogger(__name__)


def make(resources: Iterable[AwsResource], client: Client) -> None:
    """Make what is missing and update the rest; blocks. One that is refused is logged, and the others are made."""
    # A queue comes after the one that takes its dead letters.
    wanted = sorted(resources, key=lambda one: "RedrivePolicy" in one.properties)
    for kind, maker in _MAKERS.items():
        for resource in (one for one in wanted if one.type == kind):
            try:
                maker(resource, client)
            except Exception as problem:
                _log.warning("%s (%s) could not be made: %s", resource.logical_id, resource.type, _reason(problem))


def _reason(problem: Exception) -> str:
    """What AWS's API says; of other errors the kind alone, for their words may quote a secret."""
    answer = getattr(problem, "response", None)
    if isinstance(answer, dict):
        return f"{answer['Error'].get('Code')}: {answer['Error'].get('Message')}"
    return f"a {type(problem).__name__} in its properties"


@contextmanager
def _unless(*codes: str) -> Iterator[None]:
    """Go on if the call is refused with one of these codes."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"].rpartition("#")[2] not in codes:
            raise


def _attributes(properties: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The properties that are attributes of the API, all as text."""
    return {name: _text(properties[name]) for name in names if name in properties}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _queue(resource: AwsResource, client: Client) -> None:
    attributes = _attributes(
        resource.properties,
        "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds",
        "VisibilityTimeout", "RedrivePolicy", "RedriveAllowPolicy", "FifoQueue", "ContentBasedDeduplication",
        "DeduplicationScope", "FifoThroughputLimit", "KmsMasterKeyId", "SqsManagedSseEnabled",
    )  # fmt: skip
    sqs = client("sqs")
    policy = attributes.pop("RedrivePolicy", None)
    with _unless("QueueAlreadyExists", "QueueNameExists"):
        sqs.create_queue(QueueName=resource.name, Attributes=attributes)
    changing = {name: value for name, value in attributes.items() if name != "FifoQueue"}
    if policy is not None:
        changing["RedrivePolicy"] = policy
    if changing:
        sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=resource.name)["QueueUrl"], Attributes=changing)


def _topic(resource: AwsResource, client: Client) -> None:
    properties = resource.properties
    attributes = _attributes(properties, "DisplayName", "FifoTopic", "ContentBasedDeduplication", "KmsMasterKeyId")
    arn = client("sns").create_topic(Name=resource.name, Attributes=attributes)["TopicArn"]
    for subscription in properties.get("Subscription") or ():
        client("sns").subscribe(TopicArn=arn, Protocol=subscription["Protocol"], Endpoint=subscription["Endpoint"])


def _subscription(resource: AwsResource, client: Client) -> None:
    properties = resource.properties
    given = _attributes(properties, "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
    client("sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        Attributes=given,
    )


def _bucket(resource: AwsResource, client: Client) -> None:
    s3, properties = client("s3"), resource.properties
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with _unless("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
        s3.create_bucket(Bucket=resource.name, **where)
    if "VersioningConfiguration" in properties:
        s3.put_bucket_versioning(
            Bucket=resource.name, VersioningConfiguration={"Status": properties["VersioningConfiguration"]["Status"]}
        )
    rules = (properties.get("CorsConfiguration") or {}).get("CorsRules")
    if rules:
        names = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}
        cors = [{names.get(name, name): value for name, value in rule.items()} for rule in rules]
        s3.put_bucket_cors(Bucket=resource.name, CORSConfiguration={"CORSRules": cors})


def _parameter(resource: AwsResource, client: Client) -> None:
    properties = resource.properties
    client("ssm").put_parameter(
        Name=resource.name,
        Value=_text(properties.get("Value", "")),
        Type=str(properties.get("Type", "String")),
        Description=str(properties.get("Description", "")),
        Overwrite=True,
    )


def _secret(resource: AwsResource, client: Client) -> None:
    manager, properties = client("secretsmanager"), resource.properties
    rules = properties.get("GenerateSecretString")
    written = properties.get("SecretString")
    with _unless("ResourceExistsException"):
        value = _generated(rules) if written is None and rules is not None else _text(written or "")
        manager.create_secret(Name=resource.name, SecretString=value)
        return
    if written is not None:  # a generated one stays as it is
        manager.put_secret_value(SecretId=resource.name, SecretString=_text(written))


def _generated(rules: Mapping[str, Any]) -> str:
    """As `GenerateSecretString` has it: random characters, in a JSON document where a template is given."""
    sorts = (
        ("ExcludeLowercase", string.ascii_lowercase),
        ("ExcludeUppercase", string.ascii_uppercase),
        ("ExcludeNumbers", string.digits),
        ("ExcludePunctuation", string.punctuation),
    )
    allowed = "".join(letters for name, letters in sorts if _text(rules.get(name, False)) != "true")
    allowed += " " if _text(rules.get("IncludeSpace", False)) == "true" else ""
    allowed = "".join(letter for letter in allowed if letter not in str(rules.get("ExcludeCharacters", "")))
    password = "".join(secrets.choice(allowed) for _ in range(int(rules.get("PasswordLength", 32))))
    if "GenerateStringKey" not in rules:
        return password
    return json.dumps({**json.loads(rules.get("SecretStringTemplate", "{}")), rules["GenerateStringKey"]: password})


def _event_bus(resource: AwsResource, client: Client) -> None:
    with _unless("ResourceAlreadyExistsException"):
        client("events").create_event_bus(Name=resource.name)


def _stream(resource: AwsResource, client: Client) -> None:
    mode = (resource.properties.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED")
    shards = {} if mode == "ON_DEMAND" else {"ShardCount": int(resource.properties.get("ShardCount", 1))}
    with _unless("ResourceInUseException"):
        client("kinesis").create_stream(StreamName=resource.name, StreamModeDetails={"StreamMode": mode}, **shards)


# In the order in which they are made: what subscribes comes after what it subscribes to.
_MAKERS: dict[str, Callable[[AwsResource, Client], None]] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::Subscription": _subscription,
    "AWS::S3::Bucket": _bucket,
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Events::EventBus": _event_bus,
    "AWS::Kinesis::Stream": _stream,
}
