"""Mapping templates: Velocity as API Gateway speaks it, over the airspeed engine (RR-13).

airspeed prints a reference it cannot resolve as it is written, and Python's own look of booleans and containers. The
gateway prints nothing, `true`, and Java's look; so references are printed by a function of ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed  # type: ignore[import-untyped]

from pingbox.emulator.gateway import expressions


class TemplateError(ValueError):
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
        escaped = json.dumps(_printed(text), ensure_ascii=False)[1:-1]
        return escaped.replace("'", "\\'").replace("/", "\\/")

    @staticmethod
    def parseJson(text: str) -> Any:  # noqa: N802 - the name is API Gateway's
        return json.loads(text)

    @staticmethod
    def urlEncode(text: Any) -> str:  # noqa: N802 - the name is API Gateway's
        return quote_plus(_printed(text))

    @staticmethod
    def urlDecode(text: str) -> str:  # noqa: N802 - the name is API Gateway's
        return unquote_plus(text)

    @staticmethod
    def base64Encode(text: Any) -> str:  # noqa: N802 - the name is API Gateway's
        return base64.b64encode(_printed(text).encode()).decode()

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
    """The template's text. Raises `TemplateError`."""
    names = {
        "input": Input(body, parameters),
        "util": Util(),
        "context": dict(context),
        "stageVariables": dict(variables),
    }
    try:
        return str(_compiled(template).merge(names))
    except TemplateError:
        raise
    except Exception as error:  # whatever a template's expression raises: a wrong type, a bad regex, bad JSON
        raise TemplateError(f"mapping template failed: {error}") from error


def check(template: str) -> None:
    """Raise `TemplateError` with the line for a template that cannot be read."""
    _compiled(template)


@lru_cache(maxsize=128)
def _compiled(template: str) -> airspeed.Template:
    compiled = airspeed.Template(template, "mapping template")
    try:
        compiled.ensure_compiled()
    except airspeed.TemplateError as error:
        raise TemplateError(f"mapping template: {error}") from error
    for reference in _references(compiled.root_element):
        reference.evaluate_raw = partial(_print_reference, reference)
    return compiled


def _references(element: Any) -> Iterator[Any]:
    if isinstance(element, list | tuple):
        for part in element:
            yield from _references(part)
    elif isinstance(element, airspeed._Element):
        if isinstance(element, airspeed.FormalReference):
            yield element
        yield from _references(list(vars(element).values()))


def _print_reference(reference: Any, stream: Any, names: Any, loader: Any) -> None:
    if reference.expression is None:  # a lone dollar sign
        stream.write(reference.my_text())
        return
    value = reference.expression.calculate(names, loader)
    if value is None and reference.alternate is not None:
        value = reference.alternate.calculate(names, loader)
    stream.write(_printed(value))


def _printed(value: Any) -> str:
    printers: dict[type, Callable[[Any], str]] = {
        type(None): lambda _: "",
        bool: lambda flag: "true" if flag else "false",
        list: lambda items: "[" + ", ".join(map(_printed, items)) + "]",
        dict: lambda members: "{" + ", ".join(f"{key}={_printed(item)}" for key, item in members.items()) + "}",
    }
    return printers.get(type(value), str)(value)
