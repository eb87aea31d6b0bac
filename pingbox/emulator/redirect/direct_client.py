"""The direct client: from a boto3 client to a service with the JSON protocol, for PingBox's own handlers.

In addition to what `Boto3Redirect.redirect` leaves out, the request is never turned into bytes, and the endpoint is not
resolved: no `before-call` event is sent. botocore itself transforms and validates the parameters, and the result is
what `Boto3Redirect.redirect` gives; the tests compare the results of the two.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.emulator.redirect.response_parsing import json_response
from pingbox.emulator.services.port import JsonCall


def shorten(client: Any, call: JsonCall) -> None:
    """Answer every call of this client by `call`, for as long as the client lives."""
    service = client.meta.service_model.service_name
    validate = _validator(client)
    models: dict[str, Any] = {}  # botocore keeps them too, behind a lock

    def make_api_call(operation_name: str, api_params: dict[str, Any]) -> Any:
        model = models.get(operation_name)
        if model is None:
            model = models[operation_name] = client._service_model.operation_model(operation_name)
        context: dict[str, Any] = {"client_region": client.meta.region_name, "client_config": client.meta.config}
        params = client._emit_api_params(api_params=api_params, operation_model=model, context=context)
        validate(params, model)
        answer = call(operation_name, as_json(params))
        response, parsed = json_response(model, client.meta.endpoint_url, answer)
        client.meta.events.emit(
            f"after-call.{service}.{operation_name}",
            http_response=response,
            parsed=parsed,
            model=model,
            context=context,
        )
        if response.status_code >= 300:
            code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
            raise client.exceptions.from_code(code)(parsed, operation_name)
        return parsed

    client._make_api_call = make_api_call


def _validator(client: Any) -> Callable[[Any, Any], None]:
    """Botocore's own check of parameters, or none where the client was configured without."""
    from botocore.exceptions import ParamValidationError

    validator = getattr(client._serializer, "_param_validator", None)

    def validate(params: Any, model: Any) -> None:
        if validator is not None and model.input_shape is not None:
            report = validator.validate(params, model.input_shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())

    return validate


def as_json(value: Any) -> Any:
    """Parameters as the JSON of the wire: binary as base64 text, sequences as lists, all else as it is."""
    if type(value) is str:
        return value
    if type(value) is dict and len(value) == 1:
        (one,) = value.values()
        if type(one) is str:  # `{"S": "..."}`, what most of a request is made of
            return value
    if isinstance(value, dict | Mapping):
        return {name: one if type(one) is str else as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return as_json(value.read())
    return value
