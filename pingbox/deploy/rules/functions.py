"""Rules for functions: handler, time limit, log group, dead letters, environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pingbox.deploy.rules.reading import Finding, Resources, integrated_function, of_type, referred, text_of

FUNCTION = "AWS::Lambda::Function"
_ROUTE_SECONDS = 29  # the integration's time limit; what the function does after it, nobody hears
_SECRETIVE = re.compile(r"SECRET|PASSWORD|TOKEN|API_?KEY", re.IGNORECASE)


def handler_form(resources: Resources) -> Iterator[Finding]:
    """A handler without a dot deploys and fails at the first event."""
    for name, properties in of_type(resources, FUNCTION):
        handler = properties.get("Handler")
        if isinstance(handler, str) and not re.fullmatch(r"[^.\s]+(\.[^.\s]+)+", handler):
            yield Finding("handler-form", name, f"Handler is {handler!r}; it must be module.function")


def route_time(resources: Resources) -> Iterator[Finding]:
    """A routed function must end before API Gateway gives up on it."""
    routed = {
        integrated_function(resources, properties) for _, properties in of_type(resources, "AWS::ApiGatewayV2::Route")
    }
    for name, properties in of_type(resources, FUNCTION):
        timeout = properties.get("Timeout", 3)
        if name in routed and isinstance(timeout, int) and timeout > _ROUTE_SECONDS:
            yield Finding("route-time", name, f"Timeout is {timeout} s; behind a route at most {_ROUTE_SECONDS}")


def log_group(resources: Resources) -> Iterator[Finding]:
    """Without a log group of its own a function makes one that never expires and survives the stack."""
    groups = {name for name, _ in of_type(resources, "AWS::Logs::LogGroup")}
    for name, properties in of_type(resources, FUNCTION):
        if not referred(properties.get("LoggingConfig", {}).get("LogGroup")) & groups:
            yield Finding("log-group", name, "LoggingConfig.LogGroup names no log group of this template")


def log_retention(resources: Resources) -> Iterator[Finding]:
    """Logs that never expire cost for ever."""
    for name, properties in of_type(resources, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in properties:
            yield Finding("log-retention", name, "RetentionInDays is missing: the log would be kept for ever")


def endpoint(resources: Resources) -> Iterator[Finding]:
    """The management endpoint is built from the API's id and the stage; a host without the stage answers 403."""
    apis = {name for name, _ in of_type(resources, "AWS::ApiGatewayV2::Api")}
    for name, properties in of_type(resources, FUNCTION):
        for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
            text = text_of(value)
            if ".execute-api." in text and referred(value) & apis and not re.search(r"/\S+$", text.split("://")[-1]):
                yield Finding("management-endpoint", name, f"{variable} lacks the stage after the host")


def no_plain_secret(resources: Resources) -> Iterator[Finding]:
    """A literal in the environment is readable by everybody who may look at the function."""
    for name, properties in of_type(resources, FUNCTION):
        for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
            if isinstance(value, str) and value and _SECRETIVE.search(variable):
                yield Finding("no-plain-secret", name, f"{variable} is written out; keep it in SSM and pass its name")


def table_ttl(resources: Resources) -> Iterator[Finding]:
    """A table of connections without TTL keeps every ghost for ever."""
    for name, properties in of_type(resources, "AWS::DynamoDB::Table"):
        if "onnection" in name and properties.get("TimeToLiveSpecification", {}).get("Enabled") not in (True, "true"):
            yield Finding("table-ttl", name, "TimeToLiveSpecification is off: rows of dead connections never go")


RULES = (handler_form, route_time, log_group, log_retention, endpoint, no_plain_secret, table_ttl)
