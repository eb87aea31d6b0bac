r"""Selection expressions: `$request.body.action`, `${request.body.a}/${request.body.b}`, `\$default` (RT-1 to RT-9).

The same little language selects a route, a request model, a mapping template and the API key; they differ only in the
variables that they allow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""
      \\(?P<escaped>.)                                   # RT-8: a backslash escapes
    | \$\{(?P<braced>[^{}]*)\}
    | \$(?P<bare>[A-Za-z](?:[\w.-]|\[[^\]]*\])*)
    | (?P<text>[^\\$]+)
    """,
    re.VERBOSE,
)
_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]|\[\*\]"""
)
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]+)\}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


class SelectionError(ValueError):
    """An expression that the gateway cannot evaluate; the message names it and says what is allowed."""


class _Missing:
    pass


MISSING = _Missing()
"""What a path finds where nothing is."""


@dataclass(frozen=True)
class Variable:
    """`$name` or `${name}`, without the dollar and the braces."""

    name: str


Part = str | Variable


@lru_cache(maxsize=256)
def parse(expression: str) -> tuple[Part, ...]:
    """The expression's static texts and variables, in order. Raises `SelectionError` for a lone `$` or backslash."""
    parts: list[Part] = []
    at = 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise SelectionError(
                f"selection expression {expression!r}: cannot read {expression[at:]!r}; "
                "expected static text, $variable, ${variable} or an escaped \\$"
            )
        parts.append(_part(token))
        at = token.end()
    return tuple(parts)


def evaluate(expression: str, variable: Callable[[str], str]) -> str:
    """The expression's text; every variable is looked up once and its value is not looked at again (RT-8)."""
    return "".join(part if isinstance(part, str) else variable(part.name) for part in parse(expression))


def variables(expression: str) -> tuple[str, ...]:
    """The names of all variables of the expression."""
    return tuple(part.name for part in parse(expression) if isinstance(part, Variable))


def json_or_missing(text: str) -> Any:
    """The text's JSON value, or `MISSING` if it is not JSON (RT-13)."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return MISSING


def at_path(value: Any, path: str) -> Any:
    """What `path` (`data.room`, `items[0]['a b']`, `items[*].id`) finds in a JSON value, or `MISSING` (RT-7)."""
    return _walk(value, _steps(path))


def check_path(path: str) -> None:
    """Raise `SelectionError` for a JSONPath that is beyond names, indexes and `[*]`."""
    _steps(path)


def as_text(value: Any) -> str:
    """A JSON value as a selection expression prints it: lists in list formatting, null as nothing (RT-9, OQ-17)."""
    match value:
        case str():
            return value
        case None | _Missing():
            return ""
        case list():
            return "[" + ", ".join(as_text(item) for item in value) + "]"
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def stage_variables_of(uri: str) -> list[str]:
    """The names of the stage variables that a URI wants filled in, each once."""
    return list(dict.fromkeys(_STAGE_VARIABLE.findall(uri)))


def with_stage_variables(uri: str, variables: Mapping[str, str]) -> str:
    """The URI with each `${stageVariables.NAME}` filled in; nothing for a variable the stage does not have."""
    return _STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), uri)


def _part(token: re.Match[str]) -> Part:
    match token.lastgroup:
        case "escaped" | "text":
            return str(token[token.lastgroup])
        case _:
            return Variable(token["braced"] if token["braced"] is not None else token["bare"])


_EVERY = object()
Steps = tuple[str | int | object, ...]


@lru_cache(maxsize=256)
def _steps(path: str) -> Steps:
    steps: list[str | int | object] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise SelectionError(f"path {path!r}: cannot read {path[at:]!r}; expected .name, [0], ['name'] or [*]")
        at = step.end()
        steps.append(_read_step(step))
    return tuple(steps)


def _read_step(step: re.Match[str]) -> str | int | object:
    if step["index"] is not None:
        return int(step["index"])
    if step["name"] is None and step["quote"] is None:
        return _EVERY
    return step["name"] if step["name"] is not None else step["quoted"]


def _walk(value: Any, steps: Steps) -> Any:
    for position, step in enumerate(steps):
        if step is _EVERY:
            return _walk_every(value, steps[position + 1 :])
        value = _step(value, step)
        if value is MISSING:
            break
    return value


def _walk_every(value: Any, steps: Steps) -> Any:
    if not isinstance(value, list):
        return MISSING
    return [found for item in value if (found := _walk(item, steps)) is not MISSING]


def _step(value: Any, step: str | int | object) -> Any:
    match step, value:
        case int(index), list():
            return value[index] if index < len(value) else MISSING
        case str(name), dict():
            return value.get(name, MISSING)
        case _:
            return MISSING
