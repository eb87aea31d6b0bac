"""`AWS::Lambda::Version`, `AWS::Lambda::Alias` and `AWS::Lambda::EventInvokeConfig`: what belongs to a function.

SAM's `AutoPublishAlias` and `EventInvokeConfig` are translated to these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pingbox.model.function import AsynchronousSettings
from pingbox.templates.cloudformation.stack import Resource, TemplateStack

VERSION, ALIAS, CONFIG = "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig"
FIRST = "1"
"""The number of a version that a template publishes: there was none before."""

_RETRIES, _AGE = range(3), (60, 21_600)


@dataclass
class FunctionParts:
    """By the function's name: qualifiers (LM-41), and what becomes of its asynchronous events (LM-50)."""

    qualifiers: dict[str, dict[str, str]] = field(default_factory=dict)
    asynchronous: dict[str, AsynchronousSettings] = field(default_factory=dict)


def read_parts(stack: TemplateStack) -> FunctionParts:
    """Those of every function of the stack. Raises TemplateError for what Lambda refuses."""
    parts = FunctionParts()
    for version in stack.of_type(VERSION):
        parts.qualifiers.setdefault(function_named(version), {})[FIRST] = FIRST
    for alias in stack.of_type(ALIAS):
        number = alias.text("FunctionVersion") or FIRST
        parts.qualifiers.setdefault(function_named(alias), {})[alias.required("Name")] = number
    # Of several, the one for the unqualified function counts: events that name no qualifier are the usual ones.
    configs = sorted(stack.of_type(CONFIG), key=lambda config: config.text("Qualifier") == "$LATEST")
    for config in configs:
        parts.asynchronous[function_named(config)] = _settings(config)
    return parts


def function_named(resource: Resource) -> str:
    """The name in the property FunctionName, which may hold an ARN, with or without a qualifier."""
    named = resource.required("FunctionName")
    return named.rpartition(":function:")[2].partition(":")[0]


def dead_letter(function: Resource) -> str | None:
    """The ARN of the queue or topic for events that failed, None without one."""
    target = function.mapping("DeadLetterConfig").get("TargetArn")
    return None if target is None else str(target)


def _settings(config: Resource) -> AsynchronousSettings:
    retries = int(config.number("MaximumRetryAttempts", 2))
    if retries not in _RETRIES:
        raise config.wrong("MaximumRetryAttempts", retries, "0, 1 or 2")
    age = config.number("MaximumEventAgeInSeconds", _AGE[1])
    if not _AGE[0] <= age <= _AGE[1]:
        raise config.wrong("MaximumEventAgeInSeconds", age, f"{_AGE[0]} to {_AGE[1]} seconds")
    found = dict(destinations(config))
    return AsynchronousSettings(retries, age, found.get("OnSuccess"), found.get("OnFailure"))


def destinations(config: Resource) -> Iterator[tuple[str, str]]:
    """`OnSuccess` and `OnFailure`, where they are declared, with the ARN of who gets the record."""
    for name in ("OnSuccess", "OnFailure"):
        destination = config.mapping("DestinationConfig").get(name)
        if isinstance(destination, Mapping) and destination.get("Destination") is not None:
            yield name, str(destination["Destination"])
