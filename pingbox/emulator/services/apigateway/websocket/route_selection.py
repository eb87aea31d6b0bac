"""Which route a message belongs to (facts RT-1 to RT-12), and whether the route's model accepts it (RR-18)."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.apigateway.common import expressions
from pingbox.emulator.services.apigateway.common.expressions import SelectionError
from pingbox.model.api import DEFAULT, Api, Route

_BODY = "request.body"

_SHOWN = 64  # characters of what a client sent as a route key


def select_route(api: Api, text: str) -> Route | None:
    """The message's route: the exact key (RT-10), else `$default`, else None, which is answered with RT-20.

    A client cannot reach `$connect` or `$disconnect` by naming them (OQ-12); custom keys never begin with `$` (RT-11).
    """
    key = route_key(api.route_selection_expression, text)
    chosen = None if key.startswith("$") else api.route(key)
    return chosen or api.route(DEFAULT)


def unrouted(api: Api, text: str) -> str:
    """Why no route takes a message, for the developer's log: what the expression gave, and which routes there are."""
    key = route_key(api.route_selection_expression, text)
    routes = ", ".join(route.route_key for route in api.routes if not route.route_key.startswith("$")) or "none"
    if expressions.json_or_missing(text) is expressions.MISSING:
        gave = "nothing, because the message is not JSON"
    else:
        gave = f"{key[:_SHOWN]!r}{'…' if len(key) > _SHOWN else ''}"
    return f"no route takes a message: {api.route_selection_expression} gave {gave}; routes: {routes}, and no {DEFAULT}"


def route_key(expression: str, text: str) -> str:
    """What the expression makes of a message; a path that is not there is the empty text (RT-4, RT-13, RT-15)."""
    body = expressions.json_or_missing(text)
    return expressions.evaluate(expression, lambda name: body_variable(name, body))


def body_variable(name: str, body: Any) -> str:
    """The value of `request.body.path`; `body` is the message's JSON value or `MISSING`."""
    return expressions.as_text(expressions.at_path(body, _path(name)))


def check_expression(expression: str) -> None:
    """Raise `ExpressionError` if a route selection expression uses anything but `request.body` (RT-7)."""
    for name in expressions.variables(expression):
        expressions.check_path(_path(name))


def _path(name: str) -> str:
    if name != _BODY and not name.startswith((f"{_BODY}.", f"{_BODY}[")):
        raise SelectionError(f"variable ${{{name}}} is not known here; expected ${{request.body.<path>}}")
    return name.removeprefix(_BODY)


def accepts(route: Route, text: str) -> bool:
    """Whether the message satisfies the route's model; a route that selects no model accepts everything.

    The model selection expression picks the model's key, else `$default`; no such model fails the message (RR-18).
    """
    if route.model_selection_expression is None and not route.request_models:
        return True
    key = DEFAULT if route.model_selection_expression is None else route_key(route.model_selection_expression, text)
    schema = route.request_models.get(key, route.request_models.get(DEFAULT))
    body = expressions.json_or_missing(text)
    if schema is None or body is expressions.MISSING:
        return False
    # Imported here: jsonschema costs as much to import as the rest of the gateway, and few APIs have models.
    from jsonschema import Draft4Validator

    return bool(Draft4Validator(dict(schema)).is_valid(body))
