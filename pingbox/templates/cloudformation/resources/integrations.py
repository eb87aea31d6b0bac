"""`AWS::ApiGatewayV2::Integration` resources: what a route's message goes to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from pingbox.emulator.services.apigateway.common.backends import local_address
from pingbox.emulator.services.apigateway.common.expressions import stage_variables_of, with_stage_variables
from pingbox.emulator.services.apigateway.mapping.integration_responses import (
    check_response_key,
    check_response_selection,
)
from pingbox.emulator.services.apigateway.mapping.request_parameters import MappingError, check_parameter
from pingbox.emulator.services.apigateway.websocket.route_selection import check_expression
from pingbox.model.api import (
    CONTENT_HANDLING,
    DEFAULT_TIMEOUT_MS,
    LATEST,
    PASSTHROUGH,
    Integration,
    IntegrationResponse,
    LambdaProxy,
    Stage,
    TemplatedIntegration,
)
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.stack import Resource
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings

# CF-10: the function's ARN, bare or within API Gateway's own, with or without a qualifier.
_FUNCTION = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:([^:/]+)(?::([^/]+))?(?:/invocations)?$")
_TIMEOUT_MS = (50, 29_000)  # RR-16
_NOT_OF_A_PROXY = ("RequestTemplates", "RequestParameters", "ContentHandlingStrategy")
_NOT_OF_A_RESPONSE = ("ResponseParameters", "ContentHandlingStrategy")
_TYPES = ("AWS_PROXY", "AWS", "HTTP", "HTTP_PROXY", "MOCK")  # RR-9


def read_integration(
    resource: Resource, functions: FunctionTable, stages: Iterable[Stage], findings: Findings
) -> Integration:
    """The integration with its responses. Raises TemplateError for one that AWS or PingBox cannot call."""
    type_ = resource.required("IntegrationType")
    if type_ not in _TYPES:
        raise resource.wrong("IntegrationType", type_, ", ".join(_TYPES))
    if resource.text("ConnectionType") == "VPC_LINK":
        raise resource.wrong("ConnectionType", "VPC_LINK", "INTERNET: VPC links are not emulated", only_here=True)
    timeout = _timeout(resource)
    _warn_of_method(resource, type_, findings)
    if type_ == "AWS_PROXY":
        _warn_of_unused(resource, _NOT_OF_A_PROXY, findings)
        called = function_of(resource, "IntegrationUri", functions, stages, findings)
        return LambdaProxy(called.name, timeout, called.qualifier, called.version)
    return TemplatedIntegration(
        type=type_,
        target=_target(resource, type_, functions, stages, findings),
        method=resource.text("IntegrationMethod") or "POST",
        timeout_ms=timeout,
        request_templates=_templates(resource, "RequestTemplates"),
        template_selection_expression=_selection(resource, check_expression),
        request_parameters=_request_parameters(resource),
        passthrough_behavior=_one_of(resource, "PassthroughBehavior", PASSTHROUGH) or "WHEN_NO_MATCH",
        content_handling_strategy=_one_of(resource, "ContentHandlingStrategy", CONTENT_HANDLING),
        responses=_responses(resource, findings),
    )


def _one_of(resource: Resource, name: str, known: Sequence[str]) -> str | None:
    value = resource.text(name)
    if value is not None and value not in known:
        raise resource.wrong(name, value, ", ".join(known))
    return value


def _timeout(resource: Resource) -> int:
    timeout = int(resource.number("TimeoutInMillis", DEFAULT_TIMEOUT_MS))
    if not _TIMEOUT_MS[0] <= timeout <= _TIMEOUT_MS[1]:
        raise resource.wrong("TimeoutInMillis", timeout, f"{_TIMEOUT_MS[0]} to {_TIMEOUT_MS[1]} milliseconds")
    return timeout


def _target(
    resource: Resource, type_: str, functions: FunctionTable, stages: Iterable[Stage], findings: Findings
) -> str | None:
    match type_:
        case "MOCK":
            return None
        case "AWS":
            return function_of(resource, "IntegrationUri", functions, stages, findings).name
        case _:
            return _address(resource, stages, findings)


def _address(resource: Resource, stages: Iterable[Stage], findings: Findings) -> str:
    uri = resource.required("IntegrationUri")
    for stage in stages:
        try:
            local_address(with_stage_variables(uri, stage.variables))
        except MappingError as problem:
            findings.note(resource.place, f"{resource.logical_id}: {problem}; its route answers Internal server error")
    return uri


def _warn_of_method(resource: Resource, type_: str, findings: Findings) -> None:
    method = resource.text("IntegrationMethod") or "POST"
    if type_ in ("AWS_PROXY", "AWS") and method != "POST":
        findings.warn(
            resource.place,
            f"{resource.logical_id}: IntegrationMethod {method}; AWS can call a function with POST only (RR-9)",
        )


def _warn_of_unused(resource: Resource, names: Iterable[str], findings: Findings) -> None:
    for name in names:
        if resource.has(name):
            findings.note(resource.place, f"{resource.logical_id}: {name} is not applied here")


def _responses(integration: Resource, findings: Findings) -> tuple[IntegrationResponse, ...]:
    resources = [
        resource
        for resource in integration.stack.of_type("AWS::ApiGatewayV2::IntegrationResponse")
        if resource.text("IntegrationId") == integration.ref
    ]
    for resource in resources:
        _warn_of_unused(resource, _NOT_OF_A_RESPONSE, findings)
    return tuple(
        IntegrationResponse(
            key=_response_key(resource),
            templates=_templates(resource, "ResponseTemplates"),
            template_selection_expression=_selection(resource, check_response_selection),
        )
        for resource in resources
    )


def _templates(resource: Resource, name: str) -> dict[str, str]:
    templates = resource.texts(name)
    if templates:
        # Imported here: the template engine is needed by few APIs.
        from pingbox.emulator.services.apigateway.mapping import velocity

        for key, template in templates.items():
            resource.check(name, template, velocity.check, member=key)
    return templates


def _response_key(resource: Resource) -> str:
    key = resource.required("IntegrationResponseKey")
    resource.check("IntegrationResponseKey", key, check_response_key)
    return key


def _selection(resource: Resource, judge: Callable[[str], None]) -> str | None:
    expression = resource.text("TemplateSelectionExpression")
    resource.check("TemplateSelectionExpression", expression, judge)
    return expression


def _request_parameters(resource: Resource) -> dict[str, str]:
    parameters = resource.texts("RequestParameters")
    for target, source in parameters.items():
        resource.check("RequestParameters", source, partial(check_parameter, target), member=target)
    return parameters


@dataclass(frozen=True)
class CalledFunction:
    """The function that an ARN means: `qualifier` is its alias or version, None for none; `version` what that means."""

    name: str
    qualifier: str | None = None
    version: str = LATEST


def function_of(
    resource: Resource, name: str, functions: FunctionTable, stages: Iterable[Stage], findings: Findings
) -> CalledFunction:
    """The function that a property's ARN means (CF-10), also one that is not in the template.

    Raises TemplateError when it is no function's ARN, or the function is one that cannot run at all.
    """
    uri = _with_stage_variables(resource, name, stages, findings)
    found = _FUNCTION.search(uri)
    if not found:
        service = uri.startswith("arn:") and ":apigateway:" in uri and ":lambda:path" not in uri
        raise resource.wrong(
            name,
            uri,
            "the ARN of a function, or arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations",
            "integrations with other AWS services are not emulated: call the service from a function"
            if service
            else "refer to the function with GetAtt FUNCTION.Arn; a bare name is refused by AWS, too",
            only_here=service,
        )
    _check_available(resource, found[1], functions, findings)
    return _qualified(resource, found[1], found[2], functions, findings)


def _qualified(
    resource: Resource, name: str, qualifier: str | None, functions: FunctionTable, findings: Findings
) -> CalledFunction:
    spec = functions.specs.get(name)
    if spec is None or qualifier is None or qualifier == LATEST:
        return CalledFunction(name, qualifier)
    version = spec.qualifiers.get(qualifier)
    if version is None:
        known = ", ".join(spec.qualifiers) or "none"
        findings.warn(
            resource.place,
            f"{resource.logical_id}: calls {name}:{qualifier}, and the function has no such version or alias in the "
            f"template (it has {known}); where AWS has none either, calls fail with `Internal server error`",
        )
    return CalledFunction(name, qualifier, version or LATEST)


def _with_stage_variables(resource: Resource, name: str, stages: Iterable[Stage], findings: Findings) -> str:
    """The ARN as the stages fill it in. A variable that a stage does not have fails the route there (warned of)."""
    uri = resource.required(name)
    wanted = stage_variables_of(uri)
    written = set()
    for stage in stages:
        missing = [variable for variable in wanted if variable not in stage.variables]
        if missing:
            findings.warn(
                resource.place,
                f"{resource.logical_id}: {name} needs the stage variable {', '.join(missing)}, which the stage "
                f"{stage.name} does not have; its routes answer Internal server error",
            )
        else:
            written.add(with_stage_variables(uri, stage.variables))
    if len(written) > 1:
        step = "serve one stage with --stage NAME"
        raise resource.wrong(name, uri, "the same function in every stage", step, only_here=True)
    return written.pop() if written else uri


def _check_available(resource: Resource, function: str, functions: FunctionTable, findings: Findings) -> None:
    if function in functions.specs or "${stageVariables." in function:
        return
    unavailable = functions.unavailable.get(function)
    if unavailable is None:
        findings.note(
            resource.place,
            f"{resource.logical_id}: the function {function} is not in the template; calls to it fail",
        )
        return
    if unavailable.fatal:
        raise TemplateError(
            f"{resource.logical_id} calls the function {function}, which cannot run here: {unavailable.reason}",
            place=unavailable.resource.place,
            logical_id=unavailable.resource.logical_id,
            expected="a function of Python or Node.js with its code in a local folder",
            next_step=unavailable.next_step,
            only_here=True,
        )
    findings.note(
        resource.place,
        f"{resource.logical_id}: calls the function {function}, which cannot run here: {unavailable.reason}; "
        f"{unavailable.next_step}",
    )
