"""Mapping templates: Velocity as API Gateway speaks it, over the airspeed engine (RR-13).

airspeed prints a reference it cannot resolve as it is written, and Python's own look of booleans and containers. The
gateway prints nothing, `true`, and Java's look; and its values have Java's methods, not Python's. So references are
followed and printed by functions of ours.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from types import MethodType
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed  # type: ignore[import-untyped]

from pingbox.emulator.services.apigateway.common import expressions, utf8
from pingbox.emulator.services.apigateway.mapping.java_values import call, member, printed

# A backslash in a text of Velocity's is a backslash; airspeed, whose only user here we are, takes it for Python's. What
# AWS itself tells to write, `$util.escapeJavaScript($x).replaceAll("\\'", "'")`, lives on it.
airspeed.StringLiteral.STRING = re.compile(r"'([^']*)'")
airspeed.StringLiteral.ESCAPED_CHAR = re.compile(r"(?!)")  # none
airspeed.InterpolatedStringLiteral.STRING = re.compile(r'"((?:\\\\|\\"|[^"])*)"')
airspeed.InterpolatedStringLiteral.ESCAPED_CHAR = re.compile(r'\\(")')


class MappingTemplateError(ValueError):
    """A mapping template that cannot be read or evaluated; the message has the place in it."""


class Input:
    """`$input`. `body` is the text that is mapped; `parameters` by location (`header`, `querystring`, `path`)."""

    def __init__(self, body: str, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.body = body
        self._parameters = parameters
        self._value = expressions.json_or_missing(body)

    def path(self, path: str) -> Any:
        """The value at a JSONPath; nothing if it is not there."""
        found = self._at(path)
        return None if found is expressions.MISSING else found

    def json(self, path: str) -> str:
        """The value at a JSONPath as JSON; an empty JSON text if it is not there."""
        found = self._at(path)
        return json.dumps("" if found is expressions.MISSING else found, ensure_ascii=False)

    def params(self, name: str | None = None) -> Any:
        """One parameter by name, in the order path, query, header; without a name all by location."""
        if name is None:
            return {where: dict(found) for where, found in self._parameters.items()}
        places = (self._parameters.get(where, {}) for where in ("path", "querystring", "header"))
        return next((place[name] for place in places if name in place), None)

    def _at(self, path: str) -> Any:
        return expressions.at_path(self._value, path.removeprefix("$"))


class Util:
    """`$util`."""

    @staticmethod
    def escapeJavaScript(text: Any) -> str:  # noqa: N802 - the name is API Gateway's
        escaped = json.dumps(printed(text), ensure_ascii=False)[1:-1]
        return escaped.replace("'", "\\'").replace("/", "\\/")

    @staticmethod
    def parseJson(text: str) -> Any:  # noqa: N802 - the name is API Gateway's
        return json.loads(text)

    @staticmethod
    def urlEncode(text: Any) -> str:  # noqa: N802 - the name is API Gateway's
        return quote_plus(printed(text), errors="replace")

    @staticmethod
    def urlDecode(text: str) -> str:  # noqa: N802 - the name is API Gateway's
        return unquote_plus(text)

    @staticmethod
    def base64Encode(text: Any) -> str:  # noqa: N802 - the name is API Gateway's
        return base64.b64encode(utf8.encoded(printed(text))).decode()

    @staticmethod
    def base64Decode(text: str) -> str:  # noqa: N802 - the name is API Gateway's
        return base64.b64decode(text).decode()


def render(
    template: str,
    body: str,
    *,
    context: Mapping[str, Any],
    variables: Mapping[str, str],
    parameters: Mapping[str, Mapping[str, str]],
) -> str:
    """The template's text. Raises `MappingTemplateError`."""
    names = {
        "input": Input(body, parameters),
        "util": Util(),
        "context": dict(context),
        "stageVariables": dict(variables),
    }
    try:
        return str(_compiled(template).merge(names))
    except MappingTemplateError:
        raise
    except Exception as error:  # whatever a template's expression raises: a wrong type, a bad regex, bad JSON
        raise MappingTemplateError(f"mapping template failed: {error}") from error


def check(template: str) -> None:
    """Raise `MappingTemplateError` with the line for a template that cannot be read."""
    _compiled(template)


@lru_cache(maxsize=128)
def _compiled(template: str) -> airspeed.Template:
    compiled = airspeed.Template(template, "mapping template")
    try:
        compiled.ensure_compiled()
    except airspeed.TemplateError as error:
        raise MappingTemplateError(f"mapping template: {error}") from error
    for part in {id(part): part for part in _parts(compiled.root_element)}.values():
        if isinstance(part, airspeed.FormalReference):
            part.evaluate_raw = partial(_print_reference, part)
        elif isinstance(part, airspeed.NameOrCall):
            part.calculate = partial(_step, part, part.calculate)
    return compiled


def _parts(element: Any) -> Iterator[Any]:
    """Every element of a compiled template; some are only held by a method of theirs, and some twice."""
    if isinstance(element, list | tuple):
        for part in element:
            yield from _parts(part)
    elif isinstance(element, MethodType):
        yield from _parts(element.__self__)
    elif isinstance(element, airspeed._Element):
        yield element
        yield from _parts(list(vars(element).values()))


def _print_reference(reference: Any, stream: Any, names: Any, loader: Any) -> None:
    if reference.expression is None:  # a lone dollar sign
        stream.write(reference.my_text())
        return
    value = reference.expression.calculate(names, loader)
    if value is None and reference.alternate is not None:
        value = reference.alternate.calculate(names, loader)
    stream.write(printed(value))


def _step(part: Any, own: Callable[..., Any], value: Any, loader: Any, names: Any) -> Any:
    """One step of `$a.b.c(d)`: what `b` is of `$a`. The first step, a name of the template's own, is the engine's."""
    if value is names:
        return own(value, loader, names)
    arguments = None if part.parameters is None else part.parameters.calculate(names, loader)
    if isinstance(value, Input | Util):
        found = _of_ours(value, part.name)
        found = found if arguments is None else found(*arguments)
    else:
        found = member(value, part.name) if arguments is None else call(value, part.name, arguments)
    if part.index is None or found is None:
        return found
    index = part.index.calculate(names, loader)
    return member(found, str(index)) if isinstance(found, dict) else found[index]


def _of_ours(value: Input | Util, name: str) -> Any:
    if name.startswith("_") or not hasattr(value, name):
        raise MappingTemplateError(f"${type(value).__name__.lower()}.{name} is not known")
    return getattr(value, name)
