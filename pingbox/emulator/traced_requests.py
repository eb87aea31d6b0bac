"""Whose AWS call an HTTP request is: SDKs in functions' processes send the trace id of the invocation along."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from pingbox.emulator.activity import AwsCall, InvocationStarted
from pingbox.emulator.services.lambda_.in_process.current import CallObserver
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Service, direct_answer
from pingbox.emulator.services.registry import ServiceRegistry

_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-(?P<digits>[0-9a-f]{24})")
_CONNECTION = re.compile(r"/@connections/(?P<id>[^/?]+)\Z")
_FUNCTION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations\Z")
_CONNECTION_OPERATIONS = {"POST": "PostToConnection", "GET": "GetConnection", "DELETE": "DeleteConnection"}


@dataclass
class Answered:
    """Where the answer of an observed request is put."""

    response: AwsResponse | None = None


class TracedRequests:
    """Tells `calls` of the requests that running functions make. `running` are the invocations that have not ended."""

    def __init__(self, running: Callable[[], Sequence[InvocationStarted]], calls: CallObserver) -> None:
        self._running = running
        self._calls = calls

    @contextmanager
    def observed(self, service: str, request: AwsRequest) -> Iterator[Answered]:
        """While the block runs, what happens is caused by the request; the block puts the answer into what it gets."""
        answered = Answered()
        request_id = self._invocation(request)
        if request_id is None:
            yield answered
            return
        ongoing = self._calls.calling(request_id)
        began = time.perf_counter()
        try:
            yield answered
        finally:
            name, operation, parameters = described(service, request)
            error = None if answered.response is None else error_code(answered.response)
            self._calls.called(ongoing, AwsCall(name, operation, parameters, error, time.perf_counter() - began))

    def _invocation(self, request: AwsRequest) -> str | None:
        """The request id of the invocation whose trace this is."""
        root = _ROOT.search(unquote(request.headers.get("X-Amzn-Trace-Id", "")))
        if root is None:
            return None
        running = (one.request_id for one in self._running())
        return next((each for each in running if each.replace("-", "").startswith(root["digits"])), None)


class TracedServices(ServiceRegistry):
    """Services whose requests over HTTP are observed."""

    def __init__(self, services: Iterable[Service], requests: TracedRequests) -> None:
        super().__init__(services)
        self._requests = requests

    async def handle(self, service: Service, request: AwsRequest) -> AwsResponse:
        """As `ServiceRegistry` has it."""
        with self._requests.observed(service.name, request) as answered:
            answered.response = await super().handle(service, request)
            return answered.response

    def answer_at_once(self, service: Service, request: AwsRequest) -> AwsResponse | None:
        """As `ServiceRegistry` has it."""
        if direct_answer(service) is None:
            return None
        with self._requests.observed(service.name, request) as answered:
            answered.response = super().answer_at_once(service, request)
            return answered.response


def described(service: str, request: AwsRequest) -> tuple[str, str, dict[str, Any]]:
    """Service, operation and parameters, as botocore names them, as far as the request's form tells."""
    if (target := request.target) is not None:
        return service, target.operation, _json_object(request.body)
    if (connection := _CONNECTION.search(request.path)) is not None:
        operation = _CONNECTION_OPERATIONS.get(request.method, request.method)
        parameters: dict[str, Any] = {"ConnectionId": unquote(connection["id"])}
        return "apigatewaymanagementapi", operation, parameters | ({"Data": request.body} if request.body else {})
    if (function := _FUNCTION.search(request.path)) is not None:
        return service, "Invoke", {"FunctionName": unquote(function["name"]), "Payload": request.body}
    if "x-www-form-urlencoded" in request.headers.get("Content-Type", ""):
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        return service, form.pop("Action", ""), {name: value for name, value in form.items() if name != "Version"}
    return service, f"{request.method} {request.path}", {}


def error_code(response: AwsResponse) -> str | None:
    """AWS's code of a refusal, as its SDKs read it; None for an answer."""
    if response.status < 400:
        return None
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = _json_object(response.body)
    code = headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or str(response.status)
    return str(code).partition(":")[0].rpartition("#")[2]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
