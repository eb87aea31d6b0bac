"""Request parameters of an HTTP integration: `integration.request.header.X` from `route.request.body.x` (RR-14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.emulator.services.apigateway.common import expressions

_TARGET = re.compile(r"integration\.request\.(?P<place>header|querystring|path)\.(?P<name>.+)")
_STATIC = re.compile(r"'(?P<text>.*)'", re.DOTALL)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_HEADER_VALUE = re.compile(r"[\r\n\0]")

# Headers and queries exist on `$connect` only.
_OF_CONNECT = {
    "route.request.header.": "headers",
    "route.request.querystring.": "queryStringParameters",
    "route.request.multivalueheader.": "multiValueHeaders",
    "route.request.multivaluequerystring.": "multiValueQueryStringParameters",
}
_BY_PATH = ("route.request.body.", "stageVariables.", "context.")


class MappingError(ValueError):
    """An integration that cannot be performed as declared; the message says why."""


@dataclass(frozen=True)
class Parameters:
    """What was mapped, by its place in the request: name -> value."""

    header: dict[str, str] = field(default_factory=dict)
    querystring: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


def check_parameter(target: str, source: str) -> None:
    """Raise `MappingError` for a target or a source that RR-14 does not know."""
    place, name = _target(target)
    if place == "header" and not _HEADER_NAME.fullmatch(name):
        raise MappingError(f"request parameter {target!r}: {name!r} cannot be a header's name")
    if _STATIC.fullmatch(source) or source.startswith(tuple(_OF_CONNECT)):
        return
    prefix = _prefix(source)
    expressions.check_path(source.removeprefix(prefix))


def mapped(parameters: Mapping[str, str], event: Mapping[str, Any]) -> Parameters:
    """The values of all parameters for this event. Raises `MappingError` for what no request can carry."""
    found = Parameters()
    for target, source in parameters.items():
        check_parameter(target, source)
        place, name = _target(target)
        value = _value(source, event)
        if place == "header" and _NO_HEADER_VALUE.search(value):
            raise MappingError(f"request parameter {target!r}: its value has a line break, which no header can carry")
        getattr(found, place)[name] = value
    return found


def _target(target: str) -> tuple[str, str]:
    parts = _TARGET.fullmatch(target)
    if parts is None:
        raise MappingError(f"request parameter {target!r}: expected integration.request.header|querystring|path.NAME")
    return parts["place"], parts["name"]


def _prefix(source: str) -> str:
    for prefix in _BY_PATH:
        if source.startswith(prefix):
            return prefix
    raise MappingError(
        f"request parameter source {source!r} is not known; expected route.request.body.PATH, stageVariables.NAME, "
        "context.NAME, 'static text', or on $connect route.request.header|querystring|multivalueheader|"
        "multivaluequerystring.NAME"
    )


def _value(source: str, event: Mapping[str, Any]) -> str:
    static = _STATIC.fullmatch(source)
    if static is not None:
        return static["text"]
    for prefix, member in _OF_CONNECT.items():
        if source.startswith(prefix):
            return _of_connect(source.removeprefix(prefix).lower(), event.get(member) or {})
    prefix = _prefix(source)
    roots = {
        "route.request.body.": expressions.json_or_missing(str(event.get("body") or "")),
        "stageVariables.": event.get("stageVariables") or {},
        "context.": event["requestContext"],
    }
    return expressions.as_text(expressions.at_path(roots[prefix], source.removeprefix(prefix)))


def _of_connect(name: str, values: Mapping[str, Any]) -> str:
    value = next((value for key, value in values.items() if key.lower() == name), "")
    return ",".join(value) if isinstance(value, list) else str(value)
