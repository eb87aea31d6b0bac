"""Rules for functions: handler, time limit, log group, environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.templates.cloudformation.rules.reading import (
    Broken,
    Resources,
    is_true,
    mapping,
    of_type,
    referred,
    text_of,
)

FUNCTION = "AWS::Lambda::Function"
_SECRETIVE = re.compile(r"SECRET|PASSWORD|TOKEN|API_?KEY", re.IGNORECASE)
_HANDLER = re.compile(r"[^.\s]+(\.[^.\s]+)+|[^\s]*/[^\s]*\.[^.\s]+")


def handler_form(resources: Resources) -> Iterator[Broken]:
    """A handler without a dot deploys and fails at the first event."""
    for name, properties in of_type(resources, FUNCTION):
        handler = properties.get("Handler")
        named = str(properties.get("Runtime")).startswith(("python", "nodejs", "ruby"))
        if named and isinstance(handler, str) and not _HANDLER.fullmatch(handler):
            yield Broken("handler-form", name, f"Handler is {handler!r}; it must be module.function")


def endpoint(resources: Resources) -> Iterator[Broken]:
    """The management endpoint is built from the API's id and the stage; a host without the stage answers 403."""
    apis = {name for name, _ in of_type(resources, "AWS::ApiGatewayV2::Api")}
    for name, variable, value in _variables(resources):
        text = text_of(value)
        if ".execute-api." in text and referred(value) & apis and not re.search(r"/\S+$", text.split("://")[-1]):
            yield Broken("management-endpoint", name, f"{variable} lacks the stage after the host")


def log_group(resources: Resources) -> Iterator[Broken]:
    """Without a log group of its own a function makes one that never expires and survives the stack."""
    groups = dict(of_type(resources, "AWS::Logs::LogGroup"))
    for name, properties in of_type(resources, FUNCTION):
        named = referred(mapping(properties, "LoggingConfig").get("LogGroup")) & set(groups)
        if not named and not any(_is_default_group(group, name, properties) for group in groups.values()):
            text = "LoggingConfig.LogGroup names no log group of this template: its log is kept for ever"
            yield Broken("log-group", name, text)


def _is_default_group(group: Mapping[str, Any], function: str, properties: Mapping[str, Any]) -> bool:
    """Whether it is the group that the function writes to by itself: /aws/lambda/ and its name."""
    written = text_of(group.get("LogGroupName"))
    own = text_of(properties.get("FunctionName"))
    named = function in referred(group.get("LogGroupName")) or (own != "" and written.endswith(f"/{own}"))
    return written.startswith("/aws/lambda/") and named


def log_retention(resources: Resources) -> Iterator[Broken]:
    """Logs that never expire cost for ever."""
    for name, properties in of_type(resources, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in properties:
            yield Broken("log-retention", name, "RetentionInDays is missing: the log is kept for ever")


def no_plain_secret(resources: Resources) -> Iterator[Broken]:
    """A literal in the environment is readable by everybody who may look at the function."""
    for name, variable, value in _variables(resources):
        if isinstance(value, str) and value and _SECRETIVE.search(variable):
            yield Broken("no-plain-secret", name, f"{variable} is written out; keep it in SSM and pass its name")


def table_ttl(resources: Resources) -> Iterator[Broken]:
    """A table of connections without TTL keeps every ghost for ever."""
    for name, properties in of_type(resources, "AWS::DynamoDB::Table"):
        if "onnection" in name and not is_true(mapping(properties, "TimeToLiveSpecification").get("Enabled")):
            yield Broken("table-ttl", name, "TimeToLiveSpecification is off: rows of dead connections never go")


def _variables(resources: Resources) -> Iterator[tuple[str, str, Any]]:
    """Function, variable, value as written."""
    for name, properties in of_type(resources, FUNCTION):
        for variable, value in mapping(properties, "Environment", "Variables").items():
            yield name, str(variable), value


WARNINGS = (handler_form, endpoint)
ADVICE = (log_group, log_retention, no_plain_secret, table_ttl)
