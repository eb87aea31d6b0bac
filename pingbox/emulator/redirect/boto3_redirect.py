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

from pingbox.emulator.redirect.direct_client import shorten
from pingbox.emulator.redirect.guard import environment
from pingbox.emulator.redirect.hosts import is_aws_host
from pingbox.emulator.redirect.response_parsing import LocalResponse, dynamodb_response, parse

if TYPE_CHECKING:
    from pingbox.emulator.services.dynamodb import Answer


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
class Boto3Redirect:
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
        if service == "dynamodb" and self.dynamodb is not None:
            shorten(client, self.dynamodb)
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
        converted = client._convert_to_request_dict
        client._convert_to_request_dict = self._without_user_agent(converted)

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

        converted = BaseClient._convert_to_request_dict
        BaseClient._make_request = make_request
        BaseClient._convert_to_request_dict = self._without_user_agent(converted)
        try:
            yield
        finally:
            BaseClient._make_request = original
            BaseClient._convert_to_request_dict = converted

    def _without_user_agent(self, converted: Callable[..., Any]) -> Callable[..., Any]:
        """Botocore's step from parameters to a request, leaving out a header that costs 0.1 ms and is never sent."""

        def without(*args: Any, endpoint_url: str, **rest: Any) -> Any:
            if self._is_ours(endpoint_url):
                rest["set_user_agent_header"] = False
            return converted(*args, endpoint_url=endpoint_url, **rest)

        return without

    def answer(self, client: Any, model: Any, request: Mapping[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """What botocore's `_make_request` returns, (response, parsed), or None when this request is not ours."""
        service = model.service_model.service_name
        if service == "dynamodb":
            if self.dynamodb is None or not self._is_ours(request["url"]):
                return None
            answer = self.dynamodb.call(model.name, json.loads(request["body"]))
            return dynamodb_response(model, request["url"], answer)
        if service == "apigatewaymanagementapi":
            if self.management is None or not self._is_ours(request["url"]):
                return None
            return _management_response(client, model, request, self.management)
        return None

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc == urlsplit(self.endpoint).netloc or is_aws_host(parts.hostname or "")


def _management_response(
    client: Any, model: Any, request: Mapping[str, Any], management: Management
) -> tuple[Any, dict[str, Any]]:
    parts = urlsplit(request["url"])
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request["body"]
    if hasattr(body, "read"):
        body = body.read()
    answer = management(request["method"], parts.netloc, path, bytes(body.encode() if isinstance(body, str) else body))
    headers = {name.lower(): value for name, value in answer.headers.items()} | {"x-amzn-requestid": str(uuid.uuid4())}
    response = LocalResponse(request["url"], answer.status, headers, lambda: answer.body)
    return response, parse(model, response)
