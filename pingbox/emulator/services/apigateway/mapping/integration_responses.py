"""Which integration response a backend's answer gets, and which of its templates (RR-10, RR-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pingbox.emulator.services.apigateway.common import expressions
from pingbox.emulator.services.apigateway.common.expressions import SelectionError
from pingbox.emulator.services.apigateway.mapping.request_parameters import MappingError
from pingbox.model.api import DEFAULT, IntegrationResponse


@dataclass(frozen=True)
class BackendAnswer:
    """What a backend said. `matched` is the text that integration responses select by (RR-10)."""

    status: int
    body: str
    matched: str
    headers: Mapping[str, str] = field(default_factory=dict)


def check_response_key(key: str) -> None:
    """Raise `MappingError` for the key of an integration response that is neither `$default` nor `/regex/` (RR-10)."""
    if key != DEFAULT:
        _pattern(key)


def check_response_selection(expression: str) -> None:
    """Raise `ExpressionError` for a template selection expression that an integration response cannot have (RR-11)."""
    for name in expressions.variables(expression):
        response_variable(name, BackendAnswer(200, "", ""))


def response_for(responses: Sequence[IntegrationResponse], answer: BackendAnswer) -> IntegrationResponse | None:
    """The first whose regular expression matches, else `$default`, else None (RR-10)."""
    for response in responses:
        if response.key != DEFAULT and _pattern(response.key).fullmatch(answer.matched):
            return response
    return next((response for response in responses if response.key == DEFAULT), None)


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    delimited = re.fullmatch(r"/(.+)/", key, re.DOTALL)
    if delimited is None:
        raise MappingError(f"integration response key {key!r}: expected $default or /regular expression/")
    try:
        return re.compile(delimited[1], re.DOTALL)
    except re.error as error:
        raise MappingError(f"integration response key {key!r} is no regular expression: {error}") from error


def response_variable(name: str, answer: BackendAnswer) -> str:
    """The value of `integration.response.*` (RR-11). Raises `ExpressionError` for any other variable."""
    if name == "integration.response.statuscode":
        return str(answer.status)
    header = name.removeprefix("integration.response.header.")
    if header != name:
        return next((value for key, value in answer.headers.items() if key.lower() == header.lower()), "")
    path = name.removeprefix("integration.response.body")
    if path == name:
        raise SelectionError(f"variable ${{{name}}} is not known; expected integration.response.statuscode|header|body")
    return expressions.as_text(expressions.at_path(expressions.json_or_missing(answer.body), path))
