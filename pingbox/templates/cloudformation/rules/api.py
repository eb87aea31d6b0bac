"""Rules for the API's stages: deployed, throttled, logged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pingbox.templates.cloudformation.rules.access_log import VARIABLES
from pingbox.templates.cloudformation.rules.reading import (
    Broken,
    Resources,
    is_true,
    items,
    mapping,
    of_type,
    referred,
    text_of,
)

_API = "AWS::ApiGatewayV2::Api"
_ROUTE = "AWS::ApiGatewayV2::Route"
_ACCOUNT = "AWS::ApiGateway::Account"
_CONTEXT = re.compile(r"\$context\.([A-Za-z]\w*(?:\.\w+)*)")


def _stages(resources: Resources) -> Iterator[tuple[str, Any]]:
    """Stages of WebSocket APIs, and those whose API is not in this template."""
    others = {name for name, api in of_type(resources, _API) if api.get("ProtocolType") != "WEBSOCKET"}
    for name, properties in of_type(resources, "AWS::ApiGatewayV2::Stage"):
        if not referred(properties.get("ApiId")) & others:
            yield name, properties


def deployed_once(resources: Resources) -> Iterator[Broken]:
    """A stage deploys itself, or what DeploymentId says; CloudFormation takes both and undoes the one by the other."""
    for name, properties in _stages(resources):
        if is_true(properties.get("AutoDeploy")) and "DeploymentId" in properties:
            text = "the stage has both AutoDeploy and DeploymentId; it needs exactly one"
            yield Broken("stage-deployed", name, text)


def log_variables(resources: Resources) -> Iterator[Broken]:
    """API Gateway writes `-` for a variable of the access log that it does not know."""
    for name, properties in _stages(resources):
        written = text_of(mapping(properties, "AccessLogSettings").get("Format"))
        for variable in dict.fromkeys(_CONTEXT.findall(written)):
            if variable not in VARIABLES and not variable.startswith("authorizer."):
                text = f"the access log's format has $context.{variable}, which a WebSocket API does not know"
                yield Broken("log-variable", name, text)


def log_role(resources: Resources) -> Iterator[Broken]:
    """API Gateway may write logs only once the account has a role for it, else the stage is refused."""
    if any(of_type(resources, _ACCOUNT)):
        return
    for name, properties in _stages(resources):
        settings = [mapping(properties, "DefaultRouteSettings"), *mapping(properties, "RouteSettings").values()]
        levels = {mapping(each).get("LoggingLevel", "OFF") for each in settings}
        if "AccessLogSettings" in properties or levels - {"OFF"}:
            text = (
                "the stage writes logs, which AWS refuses where the account has no role for API Gateway's logs; "
                "`aws apigateway get-account` shows its cloudwatchRoleArn"
            )
            yield Broken("log-role", name, text)


def after_routes(resources: Resources) -> Iterator[Broken]:
    """An automatic deployment made before a route exists may leave that route out of the first deployment."""
    for name, properties in _stages(resources):
        if not is_true(properties.get("AutoDeploy")):
            continue
        apis = referred(properties.get("ApiId"))
        awaited = {str(each) for each in items(resources[name].get("DependsOn"))}
        missing = [route for route, body in of_type(resources, _ROUTE) if referred(body.get("ApiId")) & apis]
        if missing := sorted(set(missing) - awaited):
            yield Broken("stage-after-routes", name, f"DependsOn lacks the routes {', '.join(missing)}")


def throttled(resources: Resources) -> Iterator[Broken]:
    """Without a throttle one noisy client uses up the account's share of API Gateway."""
    for name, properties in _stages(resources):
        settings = mapping(properties, "DefaultRouteSettings")
        for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if settings.get(limit) in (None, 0, "0"):
                yield Broken("stage-throttled", name, f"DefaultRouteSettings has no {limit}")


def no_data_trace(resources: Resources) -> Iterator[Broken]:
    """Data trace writes whole messages and the token of the handshake into the log."""
    for name, properties in _stages(resources):
        if is_true(mapping(properties, "DefaultRouteSettings").get("DataTraceEnabled")):
            yield Broken("no-data-trace", name, "DataTraceEnabled logs messages and tokens; leave it off")


def no_account_resource(resources: Resources) -> Iterator[Broken]:
    """The account's log role belongs to every API of the account; a stack that takes it along breaks them all."""
    for name, _ in of_type(resources, _ACCOUNT):
        text = f"{_ACCOUNT} sets the log role of every API of the account, and takes it along when the stack is deleted"
        yield Broken("no-account-resource", name, text)


WARNINGS = (deployed_once, log_variables)
ADVICE = (log_role, after_routes, throttled, no_data_trace, no_account_resource)
