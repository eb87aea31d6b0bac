"""Refuses, before anything is served, what a real deployment would refuse or what is not emulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pingbox.emulator.services.apigateway.common import limits
from pingbox.emulator.services.apigateway.common.api_keys import check_key_expression
from pingbox.emulator.services.apigateway.common.authorizers import check_identity_source
from pingbox.emulator.services.apigateway.mapping.integration_responses import (
    check_response_key,
    check_response_selection,
)
from pingbox.emulator.services.apigateway.mapping.request_parameters import check_parameter
from pingbox.emulator.services.apigateway.websocket.route_selection import check_expression
from pingbox.model import stage_names
from pingbox.model.api import (
    CONNECT,
    CONTENT_HANDLING,
    DEFAULT,
    DISCONNECT,
    PASSTHROUGH,
    Api,
    IntegrationResponse,
    Route,
    Stage,
    TemplatedIntegration,
)

_SPECIAL = frozenset({CONNECT, DISCONNECT, DEFAULT})
_TYPES = ("AWS", "HTTP", "HTTP_PROXY", "MOCK")
_TIMEOUT_MS = range(50, 29_001)  # RR-16


class DeclarationError(ValueError):
    """APIs that cannot be served. `problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def check(apis: Sequence[Api]) -> None:
    """Raise `DeclarationError` with everything that is wrong with the APIs."""
    found = [f"api id {api_id!r} is declared twice" for api_id in _twice(api.api_id for api in apis)]
    for api in apis:
        found += [f"API {api.name}: {problem}" for problem in _api(api)]
    if found:
        raise DeclarationError(found)


def _api(api: Api) -> Iterator[str]:
    yield from _raised(lambda: check_expression(api.route_selection_expression))
    yield from _raised(lambda: check_key_expression(api.api_key_selection_expression))
    for key in _twice(route.route_key for route in api.routes):
        yield f"route {key} is declared twice"
    for stage in api.stages:
        yield from _stage(stage)
        yield from _variables(stage)
    for route in api.routes:
        for problem in _route(route):
            yield f"route {route.route_key}: {problem}"


def _stage(stage: Stage) -> Iterator[str]:
    """HS-2."""
    if not stage_names.is_stage_name(stage.name):
        yield f"stage name {stage.name!r}: expected {stage_names.DESCRIPTION} (a WebSocket API has no $default stage)"


def _variables(stage: Stage) -> Iterator[str]:
    """QT-14."""
    if len(stage.variables) > limits.STAGE_VARIABLES:
        yield f"stage {stage.name} has {len(stage.variables)} variables, expected at most {limits.STAGE_VARIABLES}"
    for name, value in stage.variables.items():
        if len(name) > limits.STAGE_VARIABLE_NAME or len(value) > limits.STAGE_VARIABLE_VALUE:
            yield (
                f"stage variable {name[:64]!r}: expected a name of at most {limits.STAGE_VARIABLE_NAME} "
                f"and a value of at most {limits.STAGE_VARIABLE_VALUE} characters"
            )


def _route(route: Route) -> Iterator[str]:
    if route.route_key.startswith("$") and route.route_key not in _SPECIAL:
        yield "a custom route key must not begin with $ (RT-11)"
    if route.model_selection_expression is not None:
        yield from _raised(lambda: check_expression(route.model_selection_expression or ""))
    yield from _authorization(route)
    if route.integration is not None and route.integration.timeout_ms not in _TIMEOUT_MS:
        yield f"timeout of {route.integration.timeout_ms} ms, expected 50 to 29000 (RR-16)"
    if isinstance(route.integration, TemplatedIntegration):
        yield from _templated(route.integration)


def _authorization(route: Route) -> Iterator[str]:
    """AU-1, AU-20."""
    if route.authorization not in ("NONE", "AWS_IAM", "CUSTOM"):
        yield f"authorization {route.authorization!r}, expected NONE, AWS_IAM or CUSTOM"
    if (route.authorization == "CUSTOM") != (route.authorizer is not None):
        yield "CUSTOM authorization and an authorizer belong together"
    if route.route_key != CONNECT and (route.authorization != "NONE" or route.api_key_required):
        yield "authorization and API keys are checked on $connect only (AU-1); set them there"
    for source in route.authorizer.identity_sources if route.authorizer is not None else ():
        yield from _raised(lambda source=source: check_identity_source(source))  # type: ignore[misc]


def _templated(integration: TemplatedIntegration) -> Iterator[str]:
    if integration.type not in _TYPES:
        yield f"integration type {integration.type!r}, expected AWS_PROXY, {', '.join(_TYPES)}"
    if integration.passthrough_behavior not in PASSTHROUGH:
        yield f"PassthroughBehavior {integration.passthrough_behavior!r}, expected {', '.join(PASSTHROUGH)}"
    strategy = integration.content_handling_strategy
    if strategy not in (None, *CONTENT_HANDLING):
        yield f"ContentHandlingStrategy {strategy!r}, expected {', '.join(CONTENT_HANDLING)}"
    yield from _raised(lambda: check_expression(integration.template_selection_expression or ""))
    for target, source in integration.request_parameters.items():
        yield from _raised(lambda target=target, source=source: check_parameter(target, source))  # type: ignore[misc]
    templates = [*integration.request_templates.values()]
    for response in integration.responses:
        yield from _integration_response(response)
        templates += response.templates.values()
    if templates:
        # Imported here: the template engine is needed by few APIs.
        from pingbox.emulator.services.apigateway.mapping import velocity

        for template in templates:
            if len(template.encode()) > limits.TEMPLATE_BYTES:
                yield f"a mapping template has more than {limits.TEMPLATE_BYTES} bytes (QT-13)"
            yield from _raised(lambda template=template: velocity.check(template))  # type: ignore[misc]


def _integration_response(response: IntegrationResponse) -> Iterator[str]:
    yield from _raised(lambda: check_response_key(response.key))
    yield from _raised(lambda: check_response_selection(response.template_selection_expression or ""))


def _raised(checked: Callable[[], None]) -> Iterator[str]:
    try:
        checked()
    except ValueError as problem:
        yield str(problem)


def _twice(names: Iterator[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
