"""`AWS::ApiGatewayV2::Api` resources and their stages: from a template to `Api`s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.emulator.services.apigateway.common.api_keys import check_key_expression
from pingbox.emulator.services.apigateway.websocket.route_selection import check_expression
from pingbox.model import stage_names
from pingbox.model.api import Api, DomainMapping, Stage, Throttle
from pingbox.templates.cloudformation.resources.api_keys import read_api_keys
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.resources.routes import ApiParts, read_routes
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings

API = "AWS::ApiGatewayV2::Api"


def websocket_apis(stack: TemplateStack) -> list[Resource]:
    """The resources that are WebSocket APIs. Raises TemplateError for a protocol that does not exist."""
    return [resource for resource in stack.of_type(API) if _protocol(resource) == "WEBSOCKET"]


def _protocol(resource: Resource) -> str | None:
    protocol = resource.text("ProtocolType")
    if protocol not in (None, "WEBSOCKET", "HTTP"):
        raise resource.wrong("ProtocolType", protocol, "WEBSOCKET or HTTP")
    return protocol


def read_apis(
    stack: TemplateStack, functions: FunctionTable, findings: Findings, stage: str | None = None
) -> tuple[Api, ...]:
    """Every WebSocket API. With `stage`, only that stage of each. Raises TemplateError when there is none."""
    apis = tuple(_api(resource, functions, findings, stage) for resource in websocket_apis(stack))
    if apis:
        return apis
    raise TemplateError(
        "declares no WebSocket API",
        place=stack.document.place(("Resources",)),
        received=f"{len(list(stack.every()))} resources, none of them a WebSocket API",
        expected=f"a resource of type {API} with ProtocolType WEBSOCKET, or AWS::Serverless::WebSocketApi",
        next_step="serve the template that has the API; PingBox emulates neither REST nor HTTP APIs",
        only_here=True,
    )


def _api(resource: Resource, functions: FunctionTable, findings: Findings, only: str | None) -> Api:
    stages = _stages(resource, findings, only)
    parts = ApiParts(resource, stages, functions, findings)
    routes = read_routes(parts)
    if not routes:
        findings.warn(resource.place, f"{resource.logical_id}: the API has no routes; AWS refuses to deploy it")
    _check_deployments(parts)
    keys = {route.route_key for route in routes}
    for name in sorted({key for stage in stages for key in stage.route_throttles} - keys):
        findings.warn(resource.place, f"{resource.logical_id}: RouteSettings of a stage name {name}, which is no route")
    if resource.flag("DisableExecuteApiEndpoint"):
        findings.note(
            resource.place, f"{resource.logical_id}: DisableExecuteApiEndpoint is set; here the API is reachable"
        )
    return Api(
        api_id=resource.ref,
        name=resource.text("Name") or resource.logical_id,
        routes=routes,
        stages=stages,
        route_selection_expression=_expression(resource),
        api_key_selection_expression=_key_source(resource),
        api_keys=read_api_keys(resource, findings),
        mappings=tuple(_mappings(resource, stages)),
    )


def _mappings(api: Resource, stages: tuple[Stage, ...]) -> Iterator[DomainMapping]:
    """The custom domains that lead to one of these stages (CD-1)."""
    names = {stage.name for stage in stages}
    for resource in api.stack.of_type("AWS::ApiGatewayV2::ApiMapping"):
        stage = resource.required("Stage")
        if resource.text("ApiId") == api.ref and stage in names:
            key = (resource.text("ApiMappingKey") or "").strip("/")
            yield DomainMapping(resource.required("DomainName"), "" if key == "(none)" else key, stage)


def _expression(resource: Resource) -> str:
    expression = resource.required("RouteSelectionExpression")
    resource.check("RouteSelectionExpression", expression, check_expression)
    return expression


def _key_source(resource: Resource) -> str:
    expression = resource.text("ApiKeySelectionExpression") or "$request.header.x-api-key"
    resource.check("ApiKeySelectionExpression", expression, check_key_expression)
    return expression


def _stages(api: Resource, findings: Findings, only: str | None) -> tuple[Stage, ...]:
    resources = [
        resource for resource in api.stack.of_type("AWS::ApiGatewayV2::Stage") if resource.text("ApiId") == api.ref
    ]
    stages = tuple(_stage(resource, findings) for resource in resources)
    if not stages:
        raise TemplateError(
            "the API has no stage, so no client could reach it",
            place=api.place,
            logical_id=api.logical_id,
            expected="a resource of type AWS::ApiGatewayV2::Stage with this ApiId",
            next_step="add a stage to the template",
        )
    chosen = tuple(stage for stage in stages if only in (None, stage.name))
    if not chosen:
        raise TemplateError(
            "the API has no such stage",
            place=api.place,
            logical_id=api.logical_id,
            received=only,
            expected="one of " + ", ".join(stage.name for stage in stages),
            next_step="correct --stage, or give the parameter the stage's name comes from with --parameter",
        )
    return chosen


def _stage(resource: Resource, findings: Findings) -> Stage:
    name = resource.required("StageName")
    if not stage_names.is_stage_name(name):
        raise resource.wrong(
            "StageName", name, f"a name of {stage_names.DESCRIPTION} ($default is for HTTP APIs; HS-2)"
        )
    if not resource.flag("AutoDeploy") and resource.text("DeploymentId") is None:
        findings.warn(
            resource.place,
            f"{resource.logical_id}: the stage has neither DeploymentId nor AutoDeploy; on AWS it answers 403 until "
            "something is deployed to it",
        )
    return Stage(
        name=name,
        variables=resource.texts("StageVariables"),
        throttle=_throttle(resource, "DefaultRouteSettings", resource.mapping("DefaultRouteSettings")),
        route_throttles={
            str(key): _throttle(resource, "RouteSettings", settings)
            for key, settings in resource.mapping("RouteSettings").items()
        },
    )


def _throttle(resource: Resource, name: str, settings: Any) -> Throttle:
    if not isinstance(settings, Mapping):
        raise resource.wrong(name, settings, "a map with ThrottlingRateLimit and ThrottlingBurstLimit")
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    try:
        return Throttle(None if rate is None else float(rate), None if burst is None else int(burst))
    except (TypeError, ValueError):
        raise resource.wrong(name, dict(settings), "numbers for rate and burst") from None


def _check_deployments(parts: ApiParts) -> None:
    """A deployment takes the routes that exist at that moment (HS-10): those it does not wait for may be missing."""
    automatic = any(stage.flag("AutoDeploy") for stage in parts.of_type("AWS::ApiGatewayV2::Stage"))
    for deployment in () if automatic else parts.of_type("AWS::ApiGatewayV2::Deployment"):
        waited = set(deployment.depends_on())
        late = [
            route.required("RouteKey")
            for route in parts.of_type("AWS::ApiGatewayV2::Route")
            if route.logical_id not in waited
        ]
        if late:
            parts.findings.warn(
                deployment.place,
                f"{deployment.logical_id}: does not depend on the route{'s' if len(late) > 1 else ''} "
                f"{', '.join(late)}; on AWS a first deployment may come without them",
            )
