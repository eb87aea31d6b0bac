"""`AWS::ApiGatewayV2::Route` resources, with their authorizers, models and route responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.emulator.services.apigateway.common.authorizers import check_identity_source
from pingbox.emulator.services.apigateway.websocket.route_selection import check_expression
from pingbox.model.api import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    Authorizer,
    Integration,
    Route,
    Stage,
    TemplatedIntegration,
)
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.resources.integrations import function_of, read_integration
from pingbox.templates.cloudformation.stack import Resource
from pingbox.templates.findings import Findings

_OF_HTTP_APIS = ("AuthorizerResultTtlInSeconds", "EnableSimpleResponses", "AuthorizerPayloadFormatVersion")
_AUTHORIZATIONS = ("NONE", "AWS_IAM", "CUSTOM")  # AU-20


@dataclass(frozen=True)
class ApiParts:
    """What a route may refer to: its API's resource, the stages read so far, the stack's functions."""

    api: Resource
    stages: tuple[Stage, ...]
    functions: FunctionTable
    findings: Findings

    def of_type(self, type_: str) -> list[Resource]:
        """The resources of this type that belong to the API."""
        return [resource for resource in self.api.stack.of_type(type_) if resource.text("ApiId") == self.api.ref]

    def by_ref(self, type_: str, ref: str) -> Resource | None:
        """The API's resource of this type whose `Ref` is `ref`, or None."""
        return next((resource for resource in self.of_type(type_) if resource.ref == ref), None)


def read_routes(parts: ApiParts) -> tuple[Route, ...]:
    """All routes of the API. Raises TemplateError where AWS would refuse one."""
    routes: dict[str, Route] = {}
    for resource in parts.of_type("AWS::ApiGatewayV2::Route"):
        route = _route(resource, parts)
        if route.route_key in routes:
            raise resource.wrong("RouteKey", route.route_key, "a route key that no other route of the API has")
        routes[route.route_key] = route
    return tuple(routes.values())


def _route(resource: Resource, parts: ApiParts) -> Route:
    route_key = _route_key(resource)
    authorization = resource.text("AuthorizationType") or "NONE"
    if authorization not in _AUTHORIZATIONS:
        raise resource.wrong("AuthorizationType", authorization, f"one of {', '.join(_AUTHORIZATIONS)}")
    if authorization != "NONE" and route_key != CONNECT:
        raise resource.wrong("AuthorizationType", authorization, "NONE: only $connect can be authorized (AU-1)")
    if route_key != CONNECT and resource.flag("ApiKeyRequired"):
        raise resource.wrong("ApiKeyRequired", True, "false: API keys are checked on $connect (AU-22)")
    resource.check("ModelSelectionExpression", resource.text("ModelSelectionExpression"), check_expression)
    if resource.has("RequestParameters"):
        parts.findings.note(resource.place, f"{resource.logical_id}: RequestParameters are not checked here")
    integration = _integration(resource, parts)
    two_way = _two_way(resource, parts)
    if isinstance(integration, TemplatedIntegration) and (two_way or route_key == CONNECT):
        _warn_of_no_response(resource, integration, parts.findings)
    return Route(
        route_key=route_key,
        integration=integration,
        authorization=authorization,
        authorizer=_authorizer(resource, parts) if authorization == "CUSTOM" else None,
        api_key_required=resource.flag("ApiKeyRequired"),
        two_way=two_way,
        model_selection_expression=resource.text("ModelSelectionExpression"),
        request_models=_models(resource, parts),
    )


def _warn_of_no_response(route: Resource, integration: TemplatedIntegration, findings: Findings) -> None:
    """RR-10."""
    if integration.type != "HTTP_PROXY" and not integration.responses:
        findings.warn(
            route.place,
            f"{route.logical_id}: its {integration.type} integration has no AWS::ApiGatewayV2::IntegrationResponse, of "
            "which AWS needs one for an answer; here the backend's answer is taken as it is",
        )


def _route_key(resource: Resource) -> str:
    route_key = resource.required("RouteKey")
    if route_key.startswith("$") and route_key not in (CONNECT, DISCONNECT, DEFAULT):
        raise resource.wrong(  # RT-11
            "RouteKey", route_key, "$connect, $disconnect, $default, or a key that does not begin with $"
        )
    return route_key


def _integration(resource: Resource, parts: ApiParts) -> Integration | None:
    target = resource.text("Target")
    if target is None:
        parts.findings.warn(
            resource.place, f"{resource.logical_id}: the route has no Target, so nothing answers its messages"
        )
        return None
    prefix, _, integration_id = target.partition("/")
    integration = parts.by_ref("AWS::ApiGatewayV2::Integration", integration_id)
    if prefix != "integrations" or integration is None:
        raise resource.wrong(
            "Target",
            target,
            "integrations/INTEGRATION with an integration of the same API",
            'write Target: !Sub "integrations/${YourIntegration}", and give that integration this ApiId',
        )
    return read_integration(integration, parts.functions, parts.stages, parts.findings)


def _authorizer(route: Resource, parts: ApiParts) -> Authorizer:
    resource = parts.by_ref("AWS::ApiGatewayV2::Authorizer", route.text("AuthorizerId") or "")
    if resource is None:
        raise route.wrong("AuthorizerId", route.text("AuthorizerId"), "an authorizer of the same API")
    type_ = resource.required("AuthorizerType")
    if type_ != "REQUEST":
        raise resource.wrong("AuthorizerType", type_, "REQUEST: WebSocket APIs have no other (AU-1)")
    sources = tuple(str(item) for item in resource.items("IdentitySource"))
    for source in sources:
        resource.check("IdentitySource", source, check_identity_source)
    for name in _OF_HTTP_APIS:
        if resource.has(name):
            parts.findings.warn(
                resource.place,
                f"{resource.logical_id}: {name} is for HTTP APIs and has no effect (AU-13)",
            )
    function = function_of(resource, "AuthorizerUri", parts.functions, parts.stages, parts.findings).name
    return Authorizer(resource.text("Name") or resource.logical_id, function, sources)


def _two_way(route: Resource, parts: ApiParts) -> bool:
    expression = route.text("RouteResponseSelectionExpression")
    if expression not in (None, DEFAULT):
        raise route.wrong("RouteResponseSelectionExpression", expression, "$default, the only one allowed (RR-2)")
    responses = [
        response
        for response in parts.of_type("AWS::ApiGatewayV2::RouteResponse")
        if response.text("RouteId") == route.ref
    ]
    for response in responses:
        if response.text("RouteResponseKey") != DEFAULT:
            raise response.wrong("RouteResponseKey", response.text("RouteResponseKey"), "$default (RR-2)")
    if expression and not responses:
        # OQ-10: what AWS makes of the expression alone is not known; the framework of the day decides what is written.
        parts.findings.warn(
            route.place,
            f"{route.logical_id}: has a RouteResponseSelectionExpression but no AWS::ApiGatewayV2::RouteResponse; "
            "it is served two-way, AWS may see it one-way",
        )
    return bool(expression or responses)


def _models(route: Resource, parts: ApiParts) -> dict[str, Mapping[str, Any]]:
    by_name = {}
    for model in parts.of_type("AWS::ApiGatewayV2::Model"):
        by_name[model.required("Name")] = by_name[model.ref] = model
    schemas = {}
    for key, name in route.texts("RequestModels").items():
        if name not in by_name:
            raise route.wrong("RequestModels", name, f"the Name of a model of the API: {', '.join(by_name) or 'none'}")
        schemas[key] = _schema(by_name[name])
    return schemas


def _schema(model: Resource) -> Mapping[str, Any]:
    schema = model.get("Schema")
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except json.JSONDecodeError as error:
            raise model.wrong("Schema", f"text that is not JSON ({error.msg})", "a JSON Schema (draft 4)") from error
    if not isinstance(schema, Mapping):
        raise model.wrong("Schema", schema, "a JSON Schema (draft 4)")
    return schema
