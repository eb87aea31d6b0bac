"""What a WebSocket API declares, as inert values: the words are those of `AWS::ApiGatewayV2::*`.

Templates, `[tool.pingbox]` tables and PingBox's own chat all end here; the gateway reads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})

CONNECT = "$connect"
DISCONNECT = "$disconnect"
DEFAULT = "$default"

LATEST = "$LATEST"
"""The version of a function that no version or alias names."""

DEFAULT_TIMEOUT_MS = 29_000  # RR-16
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")  # RR-15
CONTENT_HANDLING = ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT")  # RT-26


@dataclass(frozen=True)
class LambdaProxy:
    """`AWS_PROXY`: the function gets the proxy event; `function` is the local function's name.

    `qualifier` is the alias or version that the integration names, None for none; `version` is what it means (LM-41).
    """

    function: str
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    qualifier: str | None = None
    version: str = LATEST


@dataclass(frozen=True)
class IntegrationResponse:
    """What a non-proxy integration's outcome becomes. `key` is `$default` or `/regex/` (RR-10)."""

    key: str = DEFAULT
    templates: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    template_selection_expression: str | None = None


@dataclass(frozen=True)
class TemplatedIntegration:
    """`AWS` (a function behind mapping templates), `HTTP`, `HTTP_PROXY` or `MOCK`.

    `target`: the function's name for `AWS`, the URL for `HTTP` and `HTTP_PROXY`, None for `MOCK`.
    """

    type: str
    target: str | None = None
    method: str = "POST"
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    request_templates: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    template_selection_expression: str | None = None
    request_parameters: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    passthrough_behavior: str = "WHEN_NO_MATCH"
    content_handling_strategy: str | None = None
    responses: tuple[IntegrationResponse, ...] = ()


Integration = LambdaProxy | TemplatedIntegration


@dataclass(frozen=True)
class Authorizer:
    """A REQUEST authorizer (AU-1). `identity_sources` as written: `route.request.header.X` and so on (AU-4)."""

    name: str
    function: str
    identity_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One route key and what happens to its messages.

    `authorization` is `NONE`, `AWS_IAM` or `CUSTOM` (AU-20); `authorizer` is set for `CUSTOM` only.
    `two_way` is true when the route has a route response (RR-2, OQ-10).
    `request_models` maps a model key (or `$default`) to the JSON Schema itself, not to a model's name.
    """

    route_key: str
    integration: Integration | None = None
    authorization: str = "NONE"
    authorizer: Authorizer | None = None
    api_key_required: bool = False
    two_way: bool = False
    model_selection_expression: str | None = None
    request_models: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True)
class Throttle:
    """Rate in requests a second and burst; None means unlimited (QT-33)."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True)
class Stage:
    """A deployed stage. `route_throttles` maps a route key to its own throttle in place of `throttle`."""

    name: str
    variables: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    throttle: Throttle = Throttle()
    route_throttles: Mapping[str, Throttle] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True)
class DomainMapping:
    """A custom domain that leads to a stage: `wss://{domain}/{key}` (CD-1); `key` is "" for the domain's root."""

    domain: str
    key: str
    stage: str


@dataclass(frozen=True)
class Api:
    """A WebSocket API with its stages. `api_keys` maps an API key's value to its id, `mappings` are custom domains."""

    api_id: str
    name: str
    routes: tuple[Route, ...]
    stages: tuple[Stage, ...]
    route_selection_expression: str = "$request.body.action"
    api_key_selection_expression: str = "$request.header.x-api-key"
    api_keys: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    mappings: tuple[DomainMapping, ...] = ()

    def route(self, route_key: str) -> Route | None:
        """The route with exactly this key (RT-10), or None."""
        return next((route for route in self.routes if route.route_key == route_key), None)

    def stage(self, name: str) -> Stage | None:
        """The stage with exactly this name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)
