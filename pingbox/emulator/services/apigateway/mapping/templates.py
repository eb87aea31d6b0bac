"""Non-proxy integrations, up to and from the moment their backend is asked (RR-9 to RR-15)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlunsplit

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common import expressions, utf8
from pingbox.emulator.services.apigateway.common.backends import local_address
from pingbox.emulator.services.apigateway.mapping import velocity
from pingbox.emulator.services.apigateway.mapping.integration_responses import (
    BackendAnswer,
    response_for,
    response_variable,
)
from pingbox.emulator.services.apigateway.mapping.request_parameters import MappingError, mapped
from pingbox.emulator.services.apigateway.websocket.conversation import IntegrationFailed, Rendered
from pingbox.emulator.services.apigateway.websocket.route_selection import body_variable
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.model.api import DEFAULT, TemplatedIntegration

# A message has no content type, and API Gateway takes one that is missing for this: integrations without a
# TemplateSelectionExpression find their template under it (aws-samples/serverless-patterns
# apigw-websocket-mapping-template-authorizer, the AWS CDK's example of WebSocketAwsIntegration).
_ASSUMED = "application/json"


@dataclass(frozen=True)
class HttpRequest:
    """A request to an HTTP backend on this machine."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


# --- the request ----------------------------------------------------------------------------------------------------


def request_payload(integration: TemplatedIntegration, event: Mapping[str, Any]) -> str:
    """The text for the backend: the selected template's, or the message itself (RR-11, RR-15).

    Raises `MappingError` and `velocity.MappingTemplateError`.
    """
    body = str(event.get("body") or "")
    template = _request_template(integration, body)
    if template is None:
        return body
    return _render(template, body, event)


def http_request(integration: TemplatedIntegration, payload: str, event: Mapping[str, Any]) -> HttpRequest:
    """The request of an `HTTP` or `HTTP_PROXY` integration (RR-14, RR-17). Raises `MappingError`."""
    parameters = mapped(integration.request_parameters, event)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"AmazonAPIGateway_{event['requestContext']['apiId']}",
        "X-Amzn-Apigateway-Api-Id": str(event["requestContext"]["apiId"]),
        **parameters.header,
    }
    target = expressions.with_stage_variables(integration.target or "", event.get("stageVariables") or {})
    return HttpRequest(
        integration.method, _url(target, parameters.path, parameters.querystring), headers, _bytes(integration, payload)
    )


def mock_answer(payload: str) -> BackendAnswer:
    """RR-12: the request template's `statusCode` is the backend's. Raises `MappingError`."""
    value = expressions.json_or_missing(payload)
    status = value.get("statusCode") if isinstance(value, dict) else None
    if isinstance(status, bool) or not isinstance(status, int):
        raise MappingError('MOCK: the request template made no JSON with a statusCode, expected {"statusCode": 200}')
    return BackendAnswer(status, "", str(status))


def function_event(payload: str) -> Any:
    """The event of a function behind templates. Raises `MappingError`."""
    event = expressions.json_or_missing(payload)
    if event is expressions.MISSING:
        raise MappingError("AWS: what the request template made is not JSON")
    return event


# --- the answer -----------------------------------------------------------------------------------------------------


def function_answer(outcome: Outcome | IntegrationTimedOut) -> BackendAnswer | IntegrationTimedOut | IntegrationFailed:
    """A function's outcome as a backend's answer; an error is matched by its message (RR-10)."""
    match outcome:
        case IntegrationTimedOut():
            return outcome
        case Returned(value):
            return BackendAnswer(200, json.dumps(value, ensure_ascii=False), "")
        case FunctionError(_, message):
            return BackendAnswer(200, json.dumps(outcome.payload(), ensure_ascii=False), message)
        case NotInvoked(reason):
            return IntegrationFailed(f"the function was not invoked: {reason}")


def rendered(integration: TemplatedIntegration, answer: BackendAnswer, event: Mapping[str, Any]) -> Rendered:
    """What the client would be shown. Raises `velocity.MappingTemplateError`."""
    response = response_for(integration.responses, answer)
    if integration.type == "HTTP_PROXY" or response is None or not response.templates:
        return Rendered(answer.status, answer.body)
    key = _selected(response.template_selection_expression, lambda name: response_variable(name, answer))
    template = response.templates.get(key, response.templates.get(DEFAULT))
    return Rendered(answer.status, answer.body if template is None else _render(template, answer.body, event))


# --- parts ----------------------------------------------------------------------------------------------------------


def _request_template(integration: TemplatedIntegration, body: str) -> str | None:
    templates = integration.request_templates
    if integration.type == "HTTP_PROXY":
        return None
    value = expressions.json_or_missing(body)
    key = _selected(integration.template_selection_expression, lambda name: body_variable(name, value))
    if integration.template_selection_expression is None and _ASSUMED in templates:
        key = _ASSUMED
    template = templates.get(key, templates.get(DEFAULT))
    if template is not None:
        return template
    refused = integration.passthrough_behavior == "NEVER" or (
        integration.passthrough_behavior == "WHEN_NO_TEMPLATES" and templates
    )
    if refused:
        raise MappingError(
            f"no request template for {key!r}, and PassthroughBehavior is {integration.passthrough_behavior}"
        )
    return None


def _selected(expression: str | None, variable: Any) -> str:
    return DEFAULT if expression is None else expressions.evaluate(expression, variable)


def _render(template: str, body: str, event: Mapping[str, Any]) -> str:
    parameters = {
        "header": event.get("headers") or {},
        "querystring": event.get("queryStringParameters") or {},
        "path": {},
    }
    return velocity.render(
        template,
        body,
        context=event["requestContext"],
        variables=event.get("stageVariables") or {},
        parameters=parameters,
    )


def _url(target: str, path: Mapping[str, str], query: Mapping[str, str]) -> str:
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
    parts = local_address(target)
    return urlunsplit(
        parts._replace(
            query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *query.items()], errors="replace")
        )
    )


def _bytes(integration: TemplatedIntegration, payload: str) -> bytes:
    """RT-26: binary travels as base64 text and is converted only here."""
    if integration.content_handling_strategy != "CONVERT_TO_BINARY":
        return utf8.encoded(payload)
    try:
        return base64.b64decode(payload, validate=True)
    except ValueError as error:  # binascii.Error is one; letters outside of ASCII are another
        raise MappingError("CONVERT_TO_BINARY: the message is not base64") from error
