"""boto3 clients of the emulator's own process, answered without signing, sockets and HTTP.

A wired client is an ordinary boto3 client: it validates and serialises its parameters, runs every event handler up
to `before-call` and from `after-call` on, and raises the same exceptions; paginators, waiters and resources work on
it. Only what lies between is cut short, at the place where botocore would make its HTTP request: DynamoDB requests
go to `LocalDynamoDB.call`, `@connections` requests to the gateway. Left out, and nothing a handler can see but in
its own hooks: signing, the `before-send` and `needs-retry` events, and the HTTP headers of the answer.

Other services, and endpoints named explicitly that are neither AWS's nor the emulator's, go their usual way.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pingbox.emulator.aws.guard import environment
from pingbox.emulator.aws.hosts import is_aws_host
from pingbox.emulator.aws.unwire import parsed_output

if TYPE_CHECKING:
    from pingbox.emulator.dynamodb import Answer


class ManagementAnswer(Protocol):
    """The gateway's answer to an `@connections` request."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


# (method, host, path with query as on the wire, body) -> answer; called from any thread, may block.
Management = Callable[[str, str, str, bytes], ManagementAnswer]


class DynamoDB(Protocol):
    def call(self, operation: str, request: Mapping[str, Any]) -> Answer: ...


@dataclass(frozen=True)
class Wires:
    """Where in this process the requests of wired clients go.

    `endpoint` is the emulator's address (`http://127.0.0.1:3001`), under which its clients would reach it over HTTP.
    A service whose wire is None is not cut short.
    """

    endpoint: str
    dynamodb: DynamoDB | None = None
    management: Management | None = None
    region: str = "us-east-1"

    def client(self, service: str, **options: Any) -> Any:
        """A new boto3 client of `service`, wired; `options` are those of `boto3.client`.

        It needs no environment: keys are dummies and its endpoint is the emulator, unless `options` say otherwise.
        """
        client = self.session().client(service, **{"endpoint_url": self.endpoint, **options})
        self.wire(client)
        return client

    def resource(self, service: str, **options: Any) -> Any:
        """A new boto3 resource of `service`, wired."""
        resource = self.session().resource(service, **{"endpoint_url": self.endpoint, **options})
        self.wire(resource.meta.client)
        return resource

    def session(self) -> Any:
        """A boto3 session with dummy keys; its clients are not wired by themselves."""
        import boto3

        dummies = environment(self.endpoint, self.region)
        return boto3.Session(
            aws_access_key_id=dummies["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=dummies["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=dummies["AWS_SESSION_TOKEN"],
            region_name=self.region,
        )

    def wire(self, client: Any) -> None:
        """Wire one existing client, for as long as it lives."""

        def answered(model: Any, params: dict[str, Any], **_: Any) -> Any:
            return self.answer(client, model, params)

        # Last, so that the client's own hooks still see the request, and may answer it themselves.
        client.meta.events.register_last("before-call", answered)

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Wire every client of this process, made before or after, until the block ends.

        Not for two emulators at a time in one process: the last one wins.
        """
        from botocore.client import BaseClient

        original = BaseClient._make_request

        def make_request(client: Any, operation_model: Any, request_dict: Any, request_context: Any) -> Any:
            answer = self.answer(client, operation_model, request_dict)
            return original(client, operation_model, request_dict, request_context) if answer is None else answer

        BaseClient._make_request = make_request
        try:
            yield
        finally:
            BaseClient._make_request = original

    def answer(self, client: Any, model: Any, request: Mapping[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """What botocore's `_make_request` returns, (response, parsed), or None when this request is not ours."""
        service = model.service_model.service_name
        if service == "dynamodb":
            if self.dynamodb is None or not self._is_ours(request["url"]):
                return None
            answer = self.dynamodb.call(model.name, json.loads(request["body"]))
            return _dynamodb_response(model, request["url"], answer)
        if service == "apigatewaymanagementapi":
            if self.management is None or not self._is_ours(request["url"]):
                return None
            return _management_response(client, model, request, self.management)
        return None

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc == urlsplit(self.endpoint).netloc or is_aws_host(parts.hostname or "")


def _dynamodb_response(model: Any, url: str, answer: Answer) -> tuple[Any, dict[str, Any]]:
    request_id = (uuid.uuid4().hex + uuid.uuid4().hex)[:52].upper()
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": request_id}
    response = _Response(url, answer.status, headers, lambda: json.dumps(answer.body).encode())
    if answer.status >= 300:
        return response, _parse(model, response)
    parsed = parsed_output(model.output_shape, answer.body)
    parsed["ResponseMetadata"] = {
        "RequestId": request_id,
        "HTTPStatusCode": answer.status,
        "HTTPHeaders": headers,
        "RetryAttempts": 0,
    }
    return response, parsed


def _management_response(
    client: Any, model: Any, request: Mapping[str, Any], management: Management
) -> tuple[Any, dict[str, Any]]:
    parts = urlsplit(request["url"])
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request["body"]
    if hasattr(body, "read"):
        body = body.read()
    answer = management(request["method"], parts.netloc, path, bytes(body.encode() if isinstance(body, str) else body))
    headers = {name.lower(): value for name, value in answer.headers.items()}
    response = _Response(request["url"], answer.status, headers, lambda: answer.body)
    return response, _parse(model, response)


def _parse(model: Any, response: Any) -> dict[str, Any]:
    """Botocore's own parser on the bytes; what an HTTP answer would have become."""
    from botocore.parsers import create_parser

    protocol = model.service_model.resolved_protocol
    parser = _parsers.get(protocol)
    if parser is None:
        parser = _parsers.setdefault(protocol, create_parser(protocol))
    raw = {
        "status_code": response.status_code,
        "headers": response.headers,
        "body": response.content,
        "context": {"operation_name": model.name},
    }
    parsed: dict[str, Any] = parser.parse(raw, model.output_shape)
    if response.status_code >= 300:
        _add_modeled_fields(model, parser, raw, parsed)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return parsed


def _add_modeled_fields(model: Any, parser: Any, raw: dict[str, Any], parsed: dict[str, Any]) -> None:
    # As botocore.endpoint.Endpoint._add_modeled_parse does: members of the error's own shape, such as Item.
    code = parsed.get("Error", {}).get("Code")
    shape = model.service_model.shape_for_error_code(code) if code else None
    if shape is not None:
        parsed.update(parser.parse(raw, shape))


_parsers: dict[str, Any] = {}


class _Response:
    """What `after-call` handlers see of the HTTP response; the content is only made when it is asked for."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], content: Callable[[], bytes]) -> None:
        self.url = url
        self.status_code = status
        self.headers = dict(headers)
        self.raw = None
        self._content = content

    @property
    def content(self) -> bytes:
        return self._content()

    @property
    def text(self) -> str:
        return self.content.decode()
