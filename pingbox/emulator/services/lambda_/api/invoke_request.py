"""`lambda:Invoke` as values: what a request asks for, and what each outcome is answered with (API_Invoke of Lambda)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never
from urllib.parse import unquote

from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.api.function_names import QualifiedName
from pingbox.emulator.services.lambda_.details import LATEST
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.emulator.services.port import AwsResponse

REQUEST_RESPONSE, EVENT, DRY_RUN = "RequestResponse", "Event", "DryRun"
LIMITS = {REQUEST_RESPONSE: 6_291_456, EVENT: 1_048_576, DRY_RUN: 6_291_456}  # bytes, LM-24
TAIL_BYTES = 4096

_JSON = {"Content-Type": "application/json"}

_ANY_PATH = re.compile(r"/20\d\d-\d\d-\d\d/.+")
_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


InvokeAnswer = AwsResponse
"""An HTTP answer of the Lambda API."""


def of_request(answer: InvokeAnswer, request_id: str) -> InvokeAnswer:
    """The same with the id that the caller is told (LM-40)."""
    return replace(answer, headers={**answer.headers, "x-amzn-RequestId": request_id})


@dataclass(frozen=True)
class InvokeRequest:
    """`function` may be qualified, and so may `qualifier`; `tail`: whether the log is asked for; `client_context` as
    the header has it.
    """

    function: str
    invocation_type: str
    payload: bytes
    tail: bool = False
    client_context: str | None = None
    qualifier: str | None = None


def function_of_path(path: str) -> str | None:
    """The function as a request's path names it, still qualified; None if the path is not Invoke's."""
    match = _PATH.fullmatch(path)
    return unquote(match[1]) if match else None


def is_of_lambda(path: str) -> bool:
    """Whether the path is one of the Lambda API, whatever the operation: they all begin with a date."""
    return _ANY_PATH.fullmatch(path) is not None


def read_event(request: InvokeRequest) -> Any | InvokeAnswer:
    """The event, or the refusal. JSON is RFC 8259's: `NaN` and `Infinity` are refused (LM-46)."""
    limit = LIMITS.get(request.invocation_type)
    if limit is None:
        return refusal(400, "InvalidParameterValueException", f"invocation type {request.invocation_type} is not known")
    if len(request.payload) > limit:
        text = f"{len(request.payload)} byte payload is too large for the {request.invocation_type} invocation type"
        return refusal(413, "RequestTooLargeException", f"{text} (limit {limit} bytes)")
    try:
        return json.loads(request.payload, parse_constant=_no_json) if request.payload else {}
    except ValueError as error:
        text = f"Could not parse request body into json: {error}"
        return refusal(400, "InvalidRequestContentException", text)


def _no_json(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}': was expecting a JSON value")


def answer(outcome: Outcome, version: str, tail: list[str] | None) -> InvokeAnswer:
    """What RequestResponse is answered with. `tail`: its log lines if they were asked for."""
    match outcome:
        case Returned(value):
            return InvokeAnswer(200, _headers(version, tail), _json(value))
        case FunctionError():
            headers = _headers(version, tail) | {"X-Amz-Function-Error": "Unhandled"}
            return InvokeAnswer(200, headers, _json(outcome.payload()))
        case NotInvoked(reason, cause):
            return not_invoked(reason, cause)
        case other:
            assert_never(other)


def accepted() -> InvokeAnswer:
    """Event: it will be run. No version has been executed yet (LM-45)."""
    return InvokeAnswer(202, _JSON)


def permitted() -> InvokeAnswer:
    """DryRun: it could be run."""
    return InvokeAnswer(204, _JSON)


def not_emulated(method: str, path: str) -> InvokeAnswer:
    """Every operation but Invoke."""
    return refusal(501, "NotImplemented", f"of the Lambda API only Invoke is emulated here, not {method} {path}")


def not_found(function: QualifiedName, region: str) -> InvokeAnswer:
    """No function of this name, or no such version or alias of it (LM-41)."""
    text = f"Function not found: {platform_log.function_arn(function.name, region)}:{function.qualifier or LATEST}"
    return refusal(404, "ResourceNotFoundException", text)


def not_invoked(reason: str, cause: str) -> InvokeAnswer:
    """The function exists, but was not run."""
    if cause == "throttled":
        headers = {"Retry-After": "1"}
        return refusal(429, "TooManyRequestsException", "Rate Exceeded.", headers, Reason="CallerRateLimitExceeded")
    return refusal(502, "InvalidRuntimeException", reason, Type="Server")


def refusal(
    status: int, error_type: str, message: str, headers: Mapping[str, str] | None = None, **members: str
) -> InvokeAnswer:
    """An error as boto3 reads it: its type from the header, its text from the body."""
    body = _json({"Type": "User", "message": message, "Message": message, **members})
    return InvokeAnswer(status, {**_JSON, "x-amzn-ErrorType": error_type, **(headers or {})}, body)


def _headers(version: str, tail: list[str] | None) -> dict[str, str]:
    headers = {**_JSON, "X-Amz-Executed-Version": version}
    if tail is not None:
        text = "".join(f"{line}\n" for line in tail).encode()[-TAIL_BYTES:]
        headers["X-Amz-Log-Result"] = base64.b64encode(text).decode()
    return headers


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
