"""The CloudFormation resources that the Serverless Framework makes of functions and their websocket events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.emulator.template.document import Document, KeyPath
from pingbox.emulator.template.errors import TemplateError
from pingbox.emulator.template.functions import LOCAL_BUCKET
from pingbox.emulator.template.variables import Variables

# The framework's own defaults, not Lambda's.
_RUNTIME, _TIMEOUT, _MEMORY = "nodejs20.x", 6, 1024
_IDENTITY_SOURCE = "route.request.header.Auth"
_API = "WebsocketsApi"


@dataclass(frozen=True)
class Service:
    """The service, its stage and region."""

    name: str
    stage: str
    region: str


@dataclass
class Compiled:
    """A template under construction. `origins` maps a path in it to the path in serverless.yml it was made from."""

    template: dict[str, Any] = field(default_factory=lambda: {"Resources": {}})
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters that the file's `resources` declare."""
        found = self.template.get("Parameters")
        return found if isinstance(found, Mapping) else {}

    def add(self, logical_id: str, type_: str, properties: dict[str, Any], origin: KeyPath) -> None:
        """Add a resource; properties that are None are left out."""
        present = {name: value for name, value in properties.items() if value is not None}
        self.template["Resources"][logical_id] = {"Type": type_, "Properties": present}
        self.origins[("Resources", logical_id)] = origin


def compile_service(service: Service, variables: Variables, document: Document) -> Compiled:
    """The template of a service. Raises TemplateError for what the framework, or PingBox, would refuse."""
    compiled = Compiled()
    compiled.add("IamRoleLambdaExecution", "AWS::IAM::Role", {}, ("provider",))
    compiled.add("ServerlessDeploymentBucket", "AWS::S3::Bucket", {}, ("provider",))
    del compiled.template["Resources"]["ServerlessDeploymentBucket"]
    functions = _functions(variables, document)
    for key, (function, path) in functions.items():
        _add_function(compiled, service, variables, key, function, path)
    _add_layers(compiled, variables)
    _Websockets(compiled, service, variables, document, functions).add()
    _merge_resources(compiled, variables)
    return compiled


def logical_id(name: str) -> str:
    """The framework's spelling of a name in logical ids: `send-message` is `SendDashmessage`, `$connect` `Sconnect`."""
    text = name.replace("-", "Dash").replace("_", "Underscore").replace("$", "S")
    cleaned = re.sub(r"[^0-9A-Za-z]", "", text)
    return cleaned[:1].upper() + cleaned[1:]


def _functions(variables: Variables, document: Document) -> dict[str, tuple[Mapping[str, Any], KeyPath]]:
    found = variables.get(("functions",))
    parts = found if isinstance(found, list) else [found or {}]
    functions = {}
    for index, part in enumerate(parts):
        base: KeyPath = ("functions", index) if isinstance(found, list) else ("functions",)
        for key, function in part.items():
            path = (*base, key)
            if not isinstance(function, Mapping):
                raise TemplateError(
                    "is not a function", place=document.place(path), logical_id=str(key), received=function,
                    expected="a map with a handler", next_step=f"write `{key}: {{handler: module.function}}`",
                )
            functions[str(key)] = (function, path)
    return functions


def _add_function(
    compiled: Compiled, service: Service, variables: Variables, key: str, function: Mapping[str, Any], path: KeyPath
) -> None:
    provider = {name: variables.get(("provider", name)) for name in ("runtime", "timeout", "memorySize", "layers")}
    environment = {**(variables.get(("provider", "environment")) or {}), **(function.get("environment") or {})}
    image = function.get("image")
    compiled.add(
        f"{logical_id(key)}LambdaFunction",
        "AWS::Lambda::Function",
        {
            "FunctionName": function.get("name") or f"{service.name}-{service.stage}-{key}",
            "Handler": function.get("handler"),
            "Runtime": function.get("runtime") or provider["runtime"] or _RUNTIME,
            "Timeout": function.get("timeout") or provider["timeout"] or _TIMEOUT,
            "MemorySize": function.get("memorySize") or provider["memorySize"] or _MEMORY,
            "Layers": function.get("layers") or provider["layers"],
            "Environment": {"Variables": {name: value for name, value in environment.items() if value is not None}},
            "PackageType": "Image" if image else None,
            "Code": {"ImageUri": str(image)} if image else _code(variables, function),
        },
        path,
    )


def _code(variables: Variables, function: Mapping[str, Any]) -> dict[str, str]:
    own = (function.get("package") or {}).get("artifact")
    path = own or variables.get(("package", "artifact")) or function.get("module") or "."
    return {"S3Bucket": LOCAL_BUCKET, "S3Key": str(path)}


def _add_layers(compiled: Compiled, variables: Variables) -> None:
    for key, layer in (variables.get(("layers",)) or {}).items():
        path = layer.get("path") or (layer.get("package") or {}).get("artifact")
        compiled.add(
            f"{logical_id(key)}LambdaLayer",
            "AWS::Lambda::LayerVersion",
            {"LayerName": layer.get("name") or key, "Content": {"S3Bucket": LOCAL_BUCKET, "S3Key": str(path)}},
            ("layers", key),
        )


@dataclass(frozen=True)
class _Websockets:
    """The API that the websocket events of all functions declare together."""

    compiled: Compiled
    service: Service
    variables: Variables
    document: Document
    functions: Mapping[str, tuple[Mapping[str, Any], KeyPath]]

    def add(self) -> None:
        events = [
            (key, event, path) for key, (function, path) in self.functions.items()
            for event, path in self._events(function, path)
        ]
        if not events:
            return
        self._refuse_foreign_api()
        for key, event, path in events:
            self._add_route(key, event, path)
        routes = [name for name in self.compiled.template["Resources"] if name.endswith("WebsocketsRoute")]
        self._add_api(routes)

    def _events(self, function: Mapping[str, Any], path: KeyPath) -> list[tuple[Mapping[str, Any], KeyPath]]:
        found = []
        for index, event in enumerate(function.get("events") or ()):
            where = (*path, "events", index)
            match event:
                case {"websocket": str(route)}:
                    found.append(({"route": route}, where))
                case {"websocket": Mapping() as settings} if "route" in settings:
                    found.append((settings, where))
                case {"websocket": other}:
                    raise TemplateError(
                        "is not a websocket event", place=self.document.place(where), received=other,
                        expected="websocket: ROUTE, or websocket with a route", next_step="give the event a route",
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
                "Value": {"Fn::Sub": f"wss://${{{_API}}}.execute-api.${{AWS::Region}}.amazonaws.com/{self.service.stage}"}
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
        if arn is None and own not in self.functions:
            raise TemplateError(
                "the authorizer is not a function of the service", place=self.document.place(path), received=declared,
                expected=f"one of {', '.join(self.functions)}, or an arn", next_step="correct authorizer or its name",
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


def _merge_resources(compiled: Compiled, variables: Variables) -> None:
    """Merge the file's `resources` (a map, or a list of maps) over what was compiled, section by section."""
    declared = variables.get(("resources",))
    for index, part in enumerate(declared if isinstance(declared, list) else [declared or {}]):
        base: KeyPath = ("resources", index) if isinstance(declared, list) else ("resources",)
        for section, members in (part or {}).items():
            if section == "extensions":
                _extend(compiled, members)
                continue
            if not isinstance(members, Mapping):
                continue
            target = compiled.template.setdefault(str(section), {})
            for name, value in members.items():
                existing = target.get(name)
                target[name] = _merged(existing, value) if isinstance(existing, dict) else value
                compiled.origins[(str(section), str(name))] = (*base, str(section), str(name))


def _extend(compiled: Compiled, extensions: Mapping[str, Any]) -> None:
    for name, value in extensions.items():
        existing = compiled.template["Resources"].get(name)
        if existing is not None:
            compiled.template["Resources"][name] = _merged(existing, value)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new
