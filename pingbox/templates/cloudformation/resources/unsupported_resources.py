"""Resources without a local counterpart: which of them no app misses, and what to say about the others."""

from __future__ import annotations

from pingbox.templates.cloudformation.resources.apis import API
from pingbox.templates.cloudformation.resources.aws_resources import MADE
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.resources.schedules import RULE, reason_not_to_fire
from pingbox.templates.cloudformation.stack import NESTED, Resource, TemplateStack
from pingbox.templates.findings import Findings

# Read by this package.
_READ = (
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
)

# They exist for the account's sake; nothing that runs locally calls them.
_QUIET = (
    "AWS::IAM::",
    "AWS::Logs::",
    "AWS::CloudWatch::",
    "AWS::XRay::",
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitCondition",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::ApplicationAutoScaling::",
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::RequestValidator",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::EC2::",
    "AWS::Route53::",
    "AWS::CertificateManager::",
    "AWS::CodeDeploy::",
    "AWS::Tags::",
)

_REASONS = (
    ("AWS::ApiGatewayV2::VpcLink", "VPC links are not emulated"),
    ("AWS::ApiGateway::RestApi", "REST APIs are not emulated, only WebSocket APIs"),
    ("AWS::ApiGateway::DomainName", "custom domains are not emulated; use the address printed at start"),
    ("AWS::Lambda::EventSourceMapping", "events of queues and streams do not reach functions here"),
    ("AWS::Lambda::Url", "function URLs are not emulated; invoke the function through lambda:Invoke"),
    ("AWS::Scheduler::", "schedules do not fire here"),
    ("AWS::Events::", "it is not made here; EventBridge is at the port, and calls no function"),
    ("AWS::SQS::", "it is not made here; SQS is at the port"),
    ("AWS::SNS::", "it is not made here; SNS is at the port"),
    ("AWS::S3::", "it is not made here; S3 is at the port"),
    ("AWS::Kinesis::", "it is not made here; Kinesis is at the port"),
    ("AWS::StepFunctions::", "it is not made here; Step Functions is at the port"),
    ("AWS::Cognito::", "it is not made here; Cognito is at the port"),
    ("AWS::SecretsManager::", "it is not made here; Secrets Manager is at the port"),
    ("AWS::SSM::", "it is not made here; the Parameter Store is at the port"),
    (NESTED, "its template is not a file of this machine; give TemplateURL a local path"),
    ("AWS::CloudFormation::CustomResource", "custom resources do not run here"),
    ("Custom::", "custom resources do not run here"),
)


def list_unsupported_resources(stack: TemplateStack, functions: FunctionTable, findings: Findings) -> None:
    """Note every resource that has no local counterpart and that somebody could miss, once each."""
    for resource in stack.every():
        reason = _reason(resource, functions)
        if reason is not None:
            findings.ignore(resource.logical_id, resource.type, reason)


def _reason(resource: Resource, functions: FunctionTable) -> str | None:
    if resource.type == "AWS::Lambda::Function":
        unavailable = functions.unavailable.get(resource.ref)
        return None if unavailable is None else f"not run: {unavailable.reason}"
    if resource.type == NESTED and resource.stack.nested(resource.logical_id) is not None:
        return None
    if resource.type in MADE:
        return None
    if resource.type == RULE:
        return reason_not_to_fire(resource, functions)
    if resource.type in _READ or resource.type.startswith(_QUIET):
        return None
    for prefix, reason in _REASONS:
        if resource.type.startswith(prefix):
            return reason
    if resource.type.startswith("AWS::ApiGatewayV2::"):
        return _reason_of_v2(resource)
    return f"{resource.type} does not exist here; calls to it fail"


def _reason_of_v2(resource: Resource) -> str | None:
    if resource.type == API:
        protocol = resource.text("ProtocolType")
        return None if protocol == "WEBSOCKET" else "HTTP APIs are not emulated, only WebSocket APIs"
    api_id = resource.text("ApiId")
    if any(api.ref == api_id for api in resource.stack.of_type(API)):
        return None
    return f"its API {api_id} is not in this template"
