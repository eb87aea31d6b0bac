"""The CloudFormation resources that the Serverless Framework makes of functions and their websocket events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.model.findings import SourcePosition
from pingbox.templates.cloudformation.resources.functions import LOCAL_BUCKET
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError
from pingbox.templates.serverless.asynchronous import SETTINGS, add_asynchronous
from pingbox.templates.serverless.compiled_template import Compiled, ServerlessService, as_map, logical_id
from pingbox.templates.serverless.variables import Variables
from pingbox.templates.serverless.websockets import Websockets

# The framework's own defaults, not Lambda's.
_RUNTIME, _TIMEOUT, _MEMORY = "nodejs20.x", 6, 1024
_USED = (
    "name",
    "handler",
    "runtime",
    "timeout",
    "memorySize",
    "layers",
    "environment",
    "image",
    "package",
    "module",
    *SETTINGS,
)

# What runs locally of a file's own `resources`: only there must every variable have a value.
_READ = ("AWS::Lambda::", "AWS::DynamoDB::", "AWS::ApiGatewayV2::")


def compile_service(service: ServerlessService, variables: Variables, document: Document) -> Compiled:
    """The template of a service. Raises TemplateError for what the framework, or PingBox, would refuse."""
    compiled = Compiled()
    compiled.add("IamRoleLambdaExecution", "AWS::IAM::Role", {}, ("provider",))
    functions = _functions(variables, document)
    for key, (function, path) in functions.items():
        _add_function(compiled, service, variables, key, function, path)
        add_asynchronous(compiled, key, function, functions, variables.place(path), path)
    _add_layers(compiled, variables)
    Websockets(compiled, service, variables, document, functions).add()
    _merge_resources(compiled, variables)
    return compiled


def _functions(variables: Variables, document: Document) -> dict[str, tuple[Mapping[str, Any], KeyPath]]:
    found = variables.get_leniently(("functions",))
    parts = found if isinstance(found, list) else [found or {}]
    functions: dict[str, tuple[Mapping[str, Any], KeyPath]] = {}
    for index, part in enumerate(parts):
        base: KeyPath = ("functions", index) if isinstance(found, list) else ("functions",)
        for key, function in as_map(part, document.place(base), "functions").items():
            path = (*base, key)
            if not isinstance(function, Mapping):
                raise TemplateError(
                    "is not a function",
                    place=document.place(path),
                    logical_id=str(key),
                    received=function,
                    expected="a map with a handler",
                    next_step=f"write `{key}: {{handler: module.function}}`",
                )
            used = {name: variables.resolve(value, (*path, name)) for name, value in function.items() if name in _USED}
            functions[str(key)] = ({**used, "events": function.get("events")}, path)
    return functions


def _add_function(
    compiled: Compiled,
    service: ServerlessService,
    variables: Variables,
    key: str,
    function: Mapping[str, Any],
    path: KeyPath,
) -> None:
    provider = {name: variables.get(("provider", name)) for name in ("runtime", "timeout", "memorySize", "layers")}
    common = as_map(variables.get(("provider", "environment")), variables.place(("provider",)), "environment")
    environment = {**common, **as_map(function.get("environment"), variables.place(path), "environment")}
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
            "DeadLetterConfig": {"TargetArn": function["onError"]} if function.get("onError") else None,
            "Environment": {"Variables": {name: value for name, value in environment.items() if value is not None}},
            "PackageType": "Image" if image else None,
            "Code": {"ImageUri": str(image)} if image else _code(variables, function, variables.place(path)),
        },
        path,
    )


def _code(variables: Variables, function: Mapping[str, Any], place: SourcePosition) -> dict[str, str]:
    own = as_map(function.get("package"), place, "package").get("artifact")
    path = own or variables.get(("package", "artifact")) or function.get("module") or "."
    return {"S3Bucket": LOCAL_BUCKET, "S3Key": str(path)}


def _add_layers(compiled: Compiled, variables: Variables) -> None:
    place = variables.place(("layers",))
    for key, declared in as_map(variables.get(("layers",)), place, "layers").items():
        layer = as_map(declared, place, key)
        path = layer.get("path") or as_map(layer.get("package"), place, key).get("artifact")
        compiled.add(
            f"{logical_id(key)}LambdaLayer",
            "AWS::Lambda::LayerVersion",
            {"LayerName": layer.get("name") or key, "Content": {"S3Bucket": LOCAL_BUCKET, "S3Key": str(path)}},
            ("layers", key),
        )


def _merge_resources(compiled: Compiled, variables: Variables) -> None:
    """Merge the file's `resources` (a map, or a list of maps) over what was compiled, section by section."""
    declared = variables.get_leniently(("resources",))
    for index, part in enumerate(declared if isinstance(declared, list) else [declared or {}]):
        base: KeyPath = ("resources", index) if isinstance(declared, list) else ("resources",)
        for section, members in as_map(part, variables.place(base), "resources").items():
            if section == "extensions":
                _extend(compiled, variables.resolve(members, (*base, section)))
            elif isinstance(members, Mapping):
                for name, value in members.items():
                    _merge_member(compiled, variables, str(section), str(name), value, (*base, section, name))


def _merge_member(
    compiled: Compiled, variables: Variables, section: str, name: str, value: Any, origin: KeyPath
) -> None:
    type_ = value.get("Type") if section == "Resources" and isinstance(value, Mapping) else None
    if section != "Outputs" and (type_ is None or str(type_).startswith(_READ)):
        value = variables.resolve(value, origin)
    target = compiled.template.setdefault(section, {})
    target[name] = _merged(target.get(name), value)
    compiled.origins[(section, name)] = origin


def _extend(compiled: Compiled, extensions: Mapping[str, Any]) -> None:
    for name, value in extensions.items():
        existing = compiled.template["Resources"].get(name)
        if existing is not None:
            compiled.template["Resources"][name] = _merged(existing, value)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new
