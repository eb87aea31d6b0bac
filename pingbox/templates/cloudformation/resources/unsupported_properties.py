"""Settings that do something on AWS and nothing here: listed, so that no user waits for their effect."""

from __future__ import annotations

from collections.abc import Iterator

from pingbox.templates.cloudformation.resources.apis import API
from pingbox.templates.cloudformation.resources.versions import CONFIG, dead_letter, destinations
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.findings import Findings

_FUNCTION = "AWS::Lambda::Function"

_UNUSED = (
    (
        "AWS::ApiGatewayV2::Stage",
        "AccessLogSettings",
        "no access log is written; --log-format json tells the same",
    ),
    ("AWS::ApiGatewayV2::Stage", "ClientCertificateId", "backends are asked without a client certificate"),
    (_FUNCTION, "ReservedConcurrentExecutions", "every function may have 50 environments here"),
    (_FUNCTION, "FileSystemConfigs", "no file system is mounted; its path does not exist"),
    (_FUNCTION, "SnapStart", "nothing is restored from a snapshot; every start is a cold one"),
    ("AWS::ApiGateway::UsagePlan", "Throttle", "requests with an API key are not counted"),
    ("AWS::ApiGateway::UsagePlan", "Quota", "requests with an API key are not counted"),
)


def list_unsupported_properties(stack: TemplateStack, findings: Findings) -> None:
    """Note every such setting of a resource that is served."""
    for resource in stack.every():
        for type_, name, reason in _UNUSED:
            if resource.type == type_ and resource.has(name) and _is_served(resource):
                findings.ignore(resource.logical_id, f"{type_} {name}", reason)
    for resource in stack.every(_FUNCTION, CONFIG):
        for name, arn in _records_go_to(resource):
            if ":lambda:" not in arn:
                findings.ignore(resource.logical_id, f"{resource.type} {name}", f"{arn} is not here; it gets no record")


def _records_go_to(resource: Resource) -> Iterator[tuple[str, str]]:
    """Property and ARN of what gets the record of an asynchronous event."""
    if resource.type == CONFIG:
        yield from (("DestinationConfig", arn) for _, arn in destinations(resource))
    elif (arn := dead_letter(resource)) is not None:
        yield "DeadLetterConfig", arn


def _is_served(resource: Resource) -> bool:
    if resource.type != "AWS::ApiGatewayV2::Stage":
        return True
    apis = resource.stack.of_type(API)
    return any(api.ref == resource.text("ApiId") and api.text("ProtocolType") == "WEBSOCKET" for api in apis)
