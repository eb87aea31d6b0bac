"""The WebSocket API: integrations, routes, stage, and who may invoke what."""

from __future__ import annotations

from pingbox.chat.model import ChatFunction, ChatRoute, ChatStack
from pingbox.chat.template.entries import ResourceEntry
from pingbox.chat.template.intrinsics import ref, sub


def api_resources(app: ChatStack) -> tuple[ResourceEntry, ...]:
    """The API and everything that hangs on it (CF-1 to CF-3, CF-8, CF-11)."""
    return (
        _api(app),
        *(_integration(function) for function in app.routed),
        *(_route(app, route) for route in app.routes),
        *(_permission(route) for route in app.routes),
        _stage(app),
    )


def _api(app: ChatStack) -> ResourceEntry:
    return ResourceEntry(
        "Api",
        "AWS::ApiGatewayV2::Api",
        {
            "Name": app.api_name,
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": app.route_selection_expression,
        },
    )


def _integration(function: ChatFunction) -> ResourceEntry:
    """One integration per function (CF-10). No payload version: 2.0 is refused for WebSocket."""
    uri = (
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"${{{function.name}.Arn}}/invocations"
    )
    properties = {"ApiId": ref("Api"), "IntegrationType": "AWS_PROXY", "IntegrationUri": sub(uri)}
    return ResourceEntry(f"{function.stem}Integration", "AWS::ApiGatewayV2::Integration", properties)


def _route(app: ChatStack, route: ChatRoute) -> ResourceEntry:
    [function] = [function for function in app.functions if function.name == route.function]
    properties = {
        "ApiId": ref("Api"),
        "RouteKey": route.route_key,
        "AuthorizationType": "NONE",  # who may connect is decided in ConnectLambda
        "Target": sub(f"integrations/${{{function.stem}Integration}}"),
    }
    return ResourceEntry(f"{route.stem}Route", "AWS::ApiGatewayV2::Route", properties)


def _permission(route: ChatRoute) -> ResourceEntry:
    """Exactly this route of this stage may invoke the function. The route ARN has no method part (CF-11)."""
    source = (
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
        f"${{Api}}/${{Stage}}/{route.route_key}"
    )
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": ref(route.function),
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": sub(source),
    }
    return ResourceEntry(f"{route.stem}RoutePermission", "AWS::Lambda::Permission", properties)


def _stage(app: ChatStack) -> ResourceEntry:
    """AutoDeploy, after every route: with a Deployment resource a later change of a route would not be deployed."""
    return ResourceEntry(
        "ApiStage",
        "AWS::ApiGatewayV2::Stage",
        {
            "ApiId": ref("Api"),
            "StageName": ref("Stage"),
            "AutoDeploy": True,
            "DefaultRouteSettings": {
                "ThrottlingRateLimit": ref("ThrottleRate"),
                "ThrottlingBurstLimit": ref("ThrottleBurst"),
            },
        },
        depends_on=tuple(f"{route.stem}Route" for route in app.routes),
    )
