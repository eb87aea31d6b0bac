"""The direct client: from a boto3 DynamoDB client to `LocalDynamoDB`, for PingBox's own handlers.

In addition to what `Boto3Redirect.wire` leaves out, the request is never turned into bytes, and the endpoint is not
resolved: no `before-call` event is sent. botocore itself transforms and validates the parameters, and the result is
what `Boto3Redirect.wire` gives; the tests compare the results of the two.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pingbox.emulator.redirect.response_parsing import dynamodb_response

if TYPE_CHECKING:
    from pingbox.emulator.services.dynamodb import Answer


class DynamoDB(Protocol):
    """The part of `LocalDynamoDB` that answers; any thread may call."""

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer: ...


def shorten(client: Any, dynamodb: DynamoDB) -> None:
    """Answer every call of this DynamoDB client by `dynamodb`, for as long as the client lives."""
    validate = _validator(client)
    models: dict[str, Any] = {}  # botocore keeps them too, behind a lock

    def make_api_call(operation_name: str, api_params: dict[str, Any]) -> Any:
        model = models.get(operation_name)
        if model is None:
            model = models[operation_name] = client._service_model.operation_model(operation_name)
        context: dict[str, Any] = {"client_region": client.meta.region_name, "client_config": client.meta.config}
        params = client._emit_api_params(api_params=api_params, operation_model=model, context=context)
        validate(params, model)
        answer = dynamodb.call(operation_name, wire(params))
        response, parsed = dynamodb_response(model, client.meta.endpoint_url, answer)
        client.meta.events.emit(
            f"after-call.dynamodb.{operation_name}",
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


def wire(value: Any) -> Any:
    """Parameters as the JSON of the wire: binary as base64 text, sequences as lists, all else as it is."""
    if type(value) is str:
        return value
    if type(value) is dict and len(value) == 1:
        (one,) = value.values()
        if type(one) is str:  # `{"S": "..."}`, what most of a request is made of
            return value
    if isinstance(value, dict | Mapping):
        return {name: one if type(one) is str else wire(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [wire(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return wire(value.read())
    return value
