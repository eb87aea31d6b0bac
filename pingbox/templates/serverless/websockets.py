"""The WebSocket API that the Serverless Framework makes of the functions' `websocket` events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.model.app import Ignored
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError
from pingbox.templates.serverless.asynchronous import add_schedules
from pingbox.templates.serverless.compiled_template import Compiled, ServerlessService, as_list, logical_id
from pingbox.templates.serverless.variables import Variables

_IDENTITY_SOURCE = "route.request.header.Auth"  # the framework's default
_API = "WebsocketsApi"


@dataclass(frozen=True)
class Websockets:
    """The API that the websocket events of all functions declare together."""

    compiled: Compiled
    service: ServerlessService
    variables: Variables
    document: Document
    functions: Mapping[str, tuple[Mapping[str, Any], KeyPath]]

    def add(self) -> None:
        """Add the API, its stage, routes, integrations, authorizers and permissions; nothing without an event."""
        events = [
            (key, event, path)
            for key, (function, path) in self.functions.items()
            for event, path in self._events(key, function, path)
        ]
        if not events:
            return
        self._refuse_foreign_api()
        for key, event, path in events:
            self._add_route(key, event, path)
        routes = [name for name in self.compiled.template["Resources"] if name.endswith("WebsocketsRoute")]
        self._add_api(routes)

    def _events(self, key: str, function: Mapping[str, Any], path: KeyPath) -> list[tuple[Mapping[str, Any], KeyPath]]:
        found: list[tuple[Mapping[str, Any], KeyPath]] = []
        for index, written in enumerate(as_list(function.get("events"), self.document.place(path), "events")):
            where = (*path, "events", index)
            event = self.variables.resolve(written, where) if _is_read(written) else written
            match event:
                case {"websocket": str(route)}:
                    found.append(({"route": route}, where))
                case {"websocket": Mapping() as settings} if "route" in settings:
                    found.append((settings, where))
                case {"websocket": other}:
                    raise TemplateError(
                        "is not a websocket event",
                        place=self.document.place(where),
                        received=other,
                        expected="websocket: ROUTE, or websocket with a route",
                        next_step="give the event a route",
                    )
                case {"schedule": schedule}:
                    add_schedules(self.compiled, key, schedule, index, where)
                case _:
                    kind = str(next(iter(event), "?")) if isinstance(event, Mapping) else str(event)
                    self.compiled.ignored.append(
                        Ignored(key, f"event {kind}", "only websocket and schedule events reach functions")
                    )
        return found

    def _refuse_foreign_api(self) -> None:
        foreign = self.variables.get(("provider", "apiGateway", "websocketApiId"))
        if foreign is not None:
            raise TemplateError(
                "the routes belong to an API of another stack (websocketApiId)",
                place=self.document.place(("provider", "apiGateway", "websocketApiId")),
                received=foreign,
                expected="an API of this service",
                next_step="leave websocketApiId out to serve these routes on their own",
            )

    def _add_api(self, routes: list[str]) -> None:
        name = self.variables.get(("provider", "websocketsApiName"))
        expression = self.variables.get(("provider", "websocketsApiRouteSelectionExpression"))
        origin: KeyPath = ("provider",)
        self.compiled.add(
            _API,
            "AWS::ApiGatewayV2::Api",
            {
                "Name": name or f"{self.service.stage}-{self.service.name}-websockets",
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": expression or "$request.body.action",
            },
            origin,
        )
        self.compiled.add("WebsocketsDeployment", "AWS::ApiGatewayV2::Deployment", {"ApiId": {"Ref": _API}}, origin)
        self.compiled.template["Resources"]["WebsocketsDeployment"]["DependsOn"] = routes
        self.compiled.add(
            "WebsocketsDeploymentStage",
            "AWS::ApiGatewayV2::Stage",
            {
                "ApiId": {"Ref": _API},
                "StageName": self.service.stage,
                "DeploymentId": {"Ref": "WebsocketsDeployment"},
            },
            origin,
        )
        self.compiled.template["Outputs"] = {
            "ServiceEndpointWebsocket": {
                "Value": {
                    "Fn::Sub": f"wss://${{{_API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{self.service.stage}"
                }
            }
        }

    def _add_route(self, key: str, event: Mapping[str, Any], path: KeyPath) -> None:
        route = str(event["route"])
        name = logical_id(route)
        function = f"{logical_id(key)}LambdaFunction"
        integration = f"{logical_id(key)}WebsocketsIntegration"
        self.compiled.add(
            integration,
            "AWS::ApiGatewayV2::Integration",
            {"ApiId": {"Ref": _API}, "IntegrationType": "AWS_PROXY", "IntegrationUri": _uri(_arn(function))},
            path,
        )
        self._permit({"Fn::GetAtt": [function, "Arn"]}, f"{logical_id(key)}LambdaPermissionWebsockets", path)
        answers = event.get("routeResponseSelectionExpression")
        properties: dict[str, Any] = {
            "ApiId": {"Ref": _API},
            "RouteKey": route,
            "AuthorizationType": "NONE",
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            "RouteResponseSelectionExpression": answers,
        }
        properties |= self._authorization(event, path)
        self.compiled.add(f"{name}WebsocketsRoute", "AWS::ApiGatewayV2::Route", properties, path)
        if answers:
            self.compiled.add(
                f"{name}WebsocketsRouteResponse",
                "AWS::ApiGatewayV2::RouteResponse",
                {"ApiId": {"Ref": _API}, "RouteId": {"Ref": f"{name}WebsocketsRoute"}, "RouteResponseKey": answers},
                path,
            )

    def _authorization(self, event: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        declared = event.get("authorizer")
        if declared is None:
            return {}
        if isinstance(declared, str) and declared.lower() == "aws_iam":
            return {"AuthorizationType": "AWS_IAM"}
        settings = _authorizer_settings(declared)
        arn = settings.get("arn")
        own = settings.get("name")
        if arn is None and str(own) not in self.functions:
            raise TemplateError(
                "the authorizer is not a function of the service",
                place=self.document.place(path),
                received=declared,
                expected=f"one of {', '.join(self.functions)}, or an arn",
                next_step="correct authorizer or its name",
            )
        name = str(own or "arn")
        target = arn if arn is not None else {"Fn::GetAtt": [f"{logical_id(name)}LambdaFunction", "Arn"]}
        sources = settings.get("identitySource") or [_IDENTITY_SOURCE]
        logical = f"{logical_id(name)}WebsocketsAuthorizer"
        self.compiled.add(
            logical,
            "AWS::ApiGatewayV2::Authorizer",
            {
                "ApiId": {"Ref": _API},
                "Name": name,
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": _uri(target),
                "IdentitySource": sources if isinstance(sources, list) else [sources],
            },
            path,
        )
        self._permit(target, f"{logical_id(name)}LambdaPermissionWebsockets", path)
        return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": logical}}

    def _permit(self, function: Any, logical: str, path: KeyPath) -> None:
        self.compiled.add(
            logical,
            "AWS::Lambda::Permission",
            {"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"},
            path,
        )


def _is_read(event: Any) -> bool:
    return not isinstance(event, Mapping) or bool({"websocket", "schedule"} & set(event))


def _authorizer_settings(declared: Any) -> Mapping[str, Any]:
    match declared:
        case str() if declared.startswith("arn:"):
            return {"arn": declared, "name": declared.rpartition(":")[2]}
        case str():
            return {"name": declared}
        case {"Fn::GetAtt": _} | {"Fn::Sub": _} | {"Fn::Join": _} | {"Ref": _} | {"Fn::ImportValue": _}:
            return {"arn": declared}
        case Mapping():
            return declared
        case _:
            return {}


def _arn(function: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [function, "Arn"]}


def _uri(arn: Any) -> dict[str, Any]:
    parts = ["arn:", {"Ref": "AWS::Partition"}, ":apigateway:", {"Ref": "AWS::Region"}]
    return {"Fn::Join": ["", [*parts, ":lambda:path/2015-03-31/functions/", arn, "/invocations"]]}
