"""What a serverless.yml says of a function's asynchronous events and schedules, as the framework compiles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.model.findings import SourcePosition
from pingbox.templates.document import KeyPath
from pingbox.templates.serverless.compiled_template import Compiled, as_map, logical_id

SETTINGS = ("destinations", "maximumEventAge", "maximumRetryAttempts", "onError")


def add_asynchronous(
    compiled: Compiled,
    key: str,
    function: Mapping[str, Any],
    functions: Mapping[str, Any],
    place: SourcePosition,
    path: KeyPath,
) -> None:
    """The `EventInvokeConfig` of a function that has settings for one. `functions` are those of the service."""
    destinations = as_map(function.get("destinations"), place, "destinations")
    config = {
        name: {"Destination": _arn(destinations[member], functions)}
        for member, name in (("onSuccess", "OnSuccess"), ("onFailure", "OnFailure"))
        if member in destinations
    }
    settings = {
        "MaximumRetryAttempts": function.get("maximumRetryAttempts"),
        "MaximumEventAgeInSeconds": function.get("maximumEventAge"),
        "DestinationConfig": config or None,
    }
    if any(value is not None for value in settings.values()):
        named = {"FunctionName": {"Ref": f"{logical_id(key)}LambdaFunction"}, "Qualifier": "$LATEST"}
        compiled.add(f"{logical_id(key)}LambdaEvConf", "AWS::Lambda::EventInvokeConfig", {**named, **settings}, path)


def _arn(destination: Any, functions: Mapping[str, Any]) -> Any:
    """A function of the service by its key, anything else by its ARN; `{type: ..., arn: ...}` is allowed, too."""
    if isinstance(destination, Mapping) and "arn" in destination:
        return destination["arn"]
    if isinstance(destination, str) and destination in functions:
        return {"Fn::GetAtt": [f"{logical_id(destination)}LambdaFunction", "Arn"]}
    return destination


def add_schedules(compiled: Compiled, key: str, schedule: Any, index: int, path: KeyPath) -> None:
    """The rules of one `schedule` event: an expression, or a map with `rate`, `enabled` and `input`."""
    settings = schedule if isinstance(schedule, Mapping) else {"rate": schedule}
    rates = settings.get("rate")
    for number, rate in enumerate(rates if isinstance(rates, list) else [rates], index + 1):
        target = {
            "Arn": {"Fn::GetAtt": [f"{logical_id(key)}LambdaFunction", "Arn"]},
            "Id": f"{key}Schedule",
            **dict(_input(settings)),
        }
        properties = {
            "ScheduleExpression": rate,
            "State": "DISABLED" if settings.get("enabled") is False else "ENABLED",
            "Targets": [target],
        }
        compiled.add(f"{logical_id(key)}EventsRuleSchedule{number}", "AWS::Events::Rule", properties, path)


def _input(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "input" in settings:
        given = settings["input"]
        yield "Input", given if isinstance(given, str) else {"Fn::ToJsonString": given}
