"""Request models: JSON Schema draft 4 for a route's messages (RR-18)."""

from __future__ import annotations

from pingbox.emulator.services.apigateway.common import expressions
from pingbox.emulator.services.apigateway.websocket.route_selection import route_key
from pingbox.model.api import DEFAULT, Route


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
