"""Whether API Gateway may call the functions of the routes: on AWS a missing permission is an error at run time."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pingbox.model.api import Api, LambdaProxy, Route, TemplatedIntegration
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.findings import Findings


def check_permissions(
    stack: TemplateStack, apis: tuple[Api, ...], functions: FunctionTable, findings: Findings
) -> None:
    """Warn of every function of the template that a route calls without an AWS::Lambda::Permission for it (CF-11)."""
    permissions = [
        permission
        for permission in stack.of_type("AWS::Lambda::Permission")
        if permission.text("Principal") in ("apigateway.amazonaws.com", "*")
        and fnmatchcase("lambda:InvokeFunction", permission.text("Action") or "")
    ]
    for api in apis:
        missing: dict[str, dict[str, None]] = {}  # each caller once, however many stages it has
        for function, caller, source in _calls(stack, api):
            if function in functions.specs and not any(_allows(p, function, source) for p in permissions):
                missing.setdefault(function, {})[caller] = None
        for function, callers in missing.items():
            findings.warn(
                functions.places[function],
                f"{function}: no AWS::Lambda::Permission lets API Gateway call it for {', '.join(callers)}; on AWS "
                "$connect then answers 500 and other routes `Internal server error` (CN-7, RT-21); here it is called",
            )


def _calls(stack: TemplateStack, api: Api) -> Iterator[tuple[str, str, str]]:
    """(function, who calls it, the ARN it is called as)."""
    root = stack.account.arn("execute-api", api.api_id)
    with_role = {
        integration.ref
        for integration in stack.of_type("AWS::ApiGatewayV2::Integration")
        if integration.has("CredentialsArn")
    }
    own_rights = {
        route.text("RouteKey")
        for route in stack.of_type("AWS::ApiGatewayV2::Route")
        if route.text("ApiId") == api.api_id and (route.text("Target") or "").partition("/")[2] in with_role
    }
    for route in api.routes:
        function = _function(route)
        if function is not None and route.route_key not in own_rights:
            for stage in api.stages:
                yield function, route.route_key, f"{root}/{stage.name}/{route.route_key}"
    for authorizer in stack.of_type("AWS::ApiGatewayV2::Authorizer"):
        if authorizer.text("ApiId") == api.api_id and not authorizer.has("AuthorizerCredentialsArn"):
            for route in api.routes:
                if route.authorizer and route.authorizer.name == (authorizer.text("Name") or authorizer.logical_id):
                    yield route.authorizer.function, "the authorizer", f"{root}/authorizers/{authorizer.ref}"


def _function(route: Route) -> str | None:
    match route.integration:
        case LambdaProxy(function=function):
            return function
        case TemplatedIntegration(type="AWS", target=target):
            return target
        case _:
            return None


def _allows(permission: Resource, function: str, source: str) -> bool:
    named = permission.required("FunctionName")
    if (named.split(":function:")[-1]).split(":")[0] != function:
        return False
    pattern = permission.text("SourceArn")
    # fnmatch reads `[` as a set, IAM does not; ARNs of API Gateway have none.
    return pattern is None or fnmatchcase(source, pattern)
