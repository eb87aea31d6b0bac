"""Resources of AWS services that are made by calls to their APIs: their names, and their evaluated properties."""

from __future__ import annotations

from pingbox.model.app import AwsResource
from pingbox.templates.cloudformation.stack import Resource, TemplateStack

# The property with the name; None for a type whose resources have none. S3's names are in small letters.
MADE = {
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SNS::Subscription": None,
    "AWS::S3::Bucket": "BucketName",
    "AWS::SSM::Parameter": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Kinesis::Stream": "Name",
}


def read_aws_resources(stack: TemplateStack) -> tuple[AwsResource, ...]:
    """Every resource of these types, with the name that `Ref` and `Fn::GetAtt` know it by."""
    return tuple(_resource(one) for one in stack.of_type(*MADE))


def _resource(resource: Resource) -> AwsResource:
    names = resource.property_names()
    properties = {name: value for name in names if (value := resource.get(name)) is not None}
    return AwsResource(resource.logical_id, resource.type, _name(resource), properties)


def _name(resource: Resource) -> str:
    """The last part of what it is referred to by: a URL, an ARN or the name itself."""
    if MADE[resource.type] is None:
        return resource.logical_id
    if resource.type == "AWS::SQS::Queue":
        return resource.ref.rpartition("/")[2]
    return resource.ref.rpartition(":")[2] if resource.ref.startswith("arn:") else resource.ref
