"""Rules for the API, its routes and its stage."""

from __future__ import annotations

from collections.abc import Iterator

from pingbox.deploy.rules.reading import Finding, Resources, items, of_type, referred, text_of

_ROUTE = "AWS::ApiGatewayV2::Route"
_PROTOCOLS = ("WEBSOCKET", "HTTP")


def protocol_type(resources: Resources) -> Iterator[Finding]:
    """The schema does not list the values, and CloudFormation finds out only when it creates the API."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Api"):
        protocol = properties.get("ProtocolType")
        if isinstance(protocol, str) and protocol not in _PROTOCOLS:
            yield Finding("protocol-type", name, f"ProtocolType is {protocol!r}; it must be WEBSOCKET or HTTP")


def route_selection(resources: Resources) -> Iterator[Finding]:
    """A WebSocket API without a route selection expression is refused (CF-1)."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Api"):
        if properties.get("ProtocolType") == "WEBSOCKET" and not properties.get("RouteSelectionExpression"):
            yield Finding("route-selection", name, "RouteSelectionExpression is missing; try $request.body.action")


def route_target(resources: Resources) -> Iterator[Finding]:
    """A bare integration id as target passes every linter and breaks the route (CF-2)."""
    integrations = {name for name, _ in of_type(resources, "AWS::ApiGatewayV2::Integration")}
    for name, properties in of_type(resources, _ROUTE):
        target = properties.get("Target")
        if target is None:
            continue
        text = text_of(target)
        if not text.startswith("integrations/") or (integrations and not referred(target) & integrations):
            yield Finding("route-target", name, "Target must be integrations/${an integration of this template}")


def deployed(resources: Resources) -> Iterator[Finding]:
    """A stage that nothing is ever deployed to answers nobody; one with both fights with itself."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Stage"):
        automatic, deployment = properties.get("AutoDeploy") in (True, "true"), "DeploymentId" in properties
        if automatic == deployment:
            found = "both AutoDeploy and DeploymentId" if automatic else "neither AutoDeploy nor DeploymentId"
            yield Finding("stage-deployed", name, f"the stage has {found}; it needs exactly one")


def after_routes(resources: Resources) -> Iterator[Finding]:
    """An automatic deployment made before a route exists may leave that route out of the first deployment."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Stage"):
        if properties.get("AutoDeploy") not in (True, "true"):
            continue
        apis = referred(properties.get("ApiId"))
        awaited = set(items(resources[name].get("DependsOn")))
        missing = [route for route, body in of_type(resources, _ROUTE) if referred(body.get("ApiId")) & apis]
        if missing := sorted(set(missing) - awaited):
            yield Finding("stage-after-routes", name, f"DependsOn lacks the routes {', '.join(missing)}")


def throttled(resources: Resources) -> Iterator[Finding]:
    """Without a throttle one noisy client uses up the account's share of API Gateway."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Stage"):
        settings = properties.get("DefaultRouteSettings", {})
        for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if settings.get(limit) in (None, 0, "0"):
                yield Finding("stage-throttled", name, f"DefaultRouteSettings has no {limit}")


def no_data_trace(resources: Resources) -> Iterator[Finding]:
    """Data trace writes whole messages and the token of the handshake into the log."""
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Stage"):
        if properties.get("DefaultRouteSettings", {}).get("DataTraceEnabled") in (True, "true"):
            yield Finding("no-data-trace", name, "DataTraceEnabled logs messages and tokens; leave it off")


def no_account_resource(resources: Resources) -> Iterator[Finding]:
    """The account's log role belongs to every API of the account; a stack that takes it along breaks them all."""
    for name, _ in of_type(resources, "AWS::ApiGateway::Account"):
        yield Finding("no-account-resource", name, "AWS::ApiGateway::Account does not belong into an app's stack")


RULES = (
    protocol_type,
    route_selection,
    route_target,
    deployed,
    after_routes,
    throttled,
    no_data_trace,
    no_account_resource,
)
