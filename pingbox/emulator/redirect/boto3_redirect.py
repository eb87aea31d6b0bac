"""boto3 clients of the emulator's own process, answered without sockets and HTTP.

A redirected client is an ordinary boto3 client: it validates and serialises its parameters, runs every event handler,
and raises the same exceptions; paginators, waiters and resources work on it. What is the emulator's service's is
answered here, at one of two places:

* A service with a direct answer (`port.JsonCall`, `port.DirectAnswer`) gets the request where botocore would begin to
  sign it. Left out, and nothing a handler can see but in its own hooks: signing, the `before-send` and `needs-retry`
  events, and the HTTP headers of the answer.
* Every other service gets it where botocore would write it to a socket: signed, and retried by botocore's own rules.

Services that are not registered, and endpoints named explicitly that are neither AWS's nor the emulator's, go their
usual way.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from multidict import CIMultiDict

from pingbox.emulator.redirect.direct_client import shorten
from pingbox.emulator.redirect.guard import environment
from pingbox.emulator.redirect.hosts import is_aws_host
from pingbox.emulator.redirect.response_parsing import LocalResponse, json_response, parse
from pingbox.emulator.redirect.targets import targets_of
from pingbox.emulator.services.port import (
    AwsRequest,
    AwsResponse,
    Scope,
    Service,
    direct_answer,
    json_call,
    scope_of,
)
from pingbox.emulator.services.registry import ServiceRegistry


class Services(Protocol):
    """The part of `ServiceRegistry` that boto3 needs; any thread may call."""

    def find(self, request: AwsRequest) -> Service | None: ...

    def call(self, service: Service, request: AwsRequest) -> AwsResponse: ...


@dataclass(frozen=True)
class Boto3Redirect:
    """Where in this process the requests of redirected clients go.

    `endpoint` is the emulator's address (`http://127.0.0.1:3001`), under which its clients would reach it over HTTP;
    `services` are those that answer. `region` is that of the clients that are made here.
    """

    endpoint: str
    services: Services = field(default_factory=ServiceRegistry)
    region: str = "us-east-1"

    @cached_property
    def _netloc(self) -> str:
        return urlsplit(self.endpoint).netloc

    def client(self, service: str, **options: Any) -> Any:
        """A new boto3 client of `service`, redirected; `options` are those of `boto3.client`.

        It needs no environment: keys are dummies and its endpoint is the emulator, unless `options` say otherwise.
        """
        client = self.session().client(service, **{"endpoint_url": self.endpoint, **options})
        self.redirect(client)
        call = self._json_call_of(client)
        if call is not None:
            shorten(client, call)
        return client

    def resource(self, service: str, **options: Any) -> Any:
        """A new boto3 resource of `service`, redirected."""
        resource = self.session().resource(service, **{"endpoint_url": self.endpoint, **options})
        self.redirect(resource.meta.client)
        return resource

    def session(self) -> Any:
        """A boto3 session with dummy keys, whatever the environment and the user's files say of AWS; its clients are
        not redirected by themselves.
        """
        import boto3

        dummies = environment(self.endpoint, self.region)
        return boto3.Session(
            botocore_session=_unconfigured_session(),
            aws_access_key_id=dummies["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=dummies["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=dummies["AWS_SESSION_TOKEN"],
            region_name=self.region,
        )

    def redirect(self, client: Any) -> None:
        """Redirect one existing client, for as long as it lives."""

        def answered(model: Any, params: dict[str, Any], **_: Any) -> Any:
            return self.answer(client, model, params)

        # Last, so that the client's own hooks still see the request, and may answer it themselves.
        client.meta.events.register_last("before-call", answered)
        converted = client._convert_to_request_dict
        client._convert_to_request_dict = self._without_user_agent(converted)
        send = client._endpoint._send
        client._endpoint._send = lambda request: self.response(request) or send(request)

    @contextmanager
    def redirect_all(self) -> Iterator[None]:
        """Redirect every client of this process, made before or after, until the block ends.

        Not for two emulators at a time in one process: the last one wins.
        """
        from botocore.client import BaseClient
        from botocore.endpoint import Endpoint

        original, converted, sent = BaseClient._make_request, BaseClient._convert_to_request_dict, Endpoint._send

        def make_request(client: Any, operation_model: Any, request_dict: Any, request_context: Any) -> Any:
            answer = self.answer(client, operation_model, request_dict)
            return original(client, operation_model, request_dict, request_context) if answer is None else answer

        def send(endpoint: Any, request: Any) -> Any:
            return self.response(request) or sent(endpoint, request)

        BaseClient._make_request = make_request
        BaseClient._convert_to_request_dict = self._without_user_agent(converted)
        Endpoint._send = send
        try:
            yield
        finally:
            BaseClient._make_request = original
            BaseClient._convert_to_request_dict = converted
            Endpoint._send = sent

    def _without_user_agent(self, converted: Callable[..., Any]) -> Callable[..., Any]:
        """Botocore's step from parameters to a request, leaving out a header that costs 0.1 ms and is never sent."""

        def without(*args: Any, endpoint_url: str, **rest: Any) -> Any:
            if self._is_ours(endpoint_url):
                rest["set_user_agent_header"] = False
            return converted(*args, endpoint_url=endpoint_url, **rest)

        return without

    def answer(self, client: Any, model: Any, request: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """What botocore's `_make_request` returns, (response, parsed), of a service with a direct answer.

        Else None: botocore goes on. A request for one of the other services then has the emulator's address.
        """
        url = request["url"]
        if not self._is_ours(url):
            return None
        asked = _not_signed(client, model, request)
        service = self.services.find(asked)
        if service is None:
            return None
        if (call := json_call(service)) is not None:
            return json_response(model, url, call(model.name, json.loads(request["body"])))
        if (direct := direct_answer(service)) is not None:
            return _parsed(model, url, direct(_with_body(asked, request["body"])))
        self._address(request)
        return None

    def response(self, request: Any) -> Any:
        """What botocore's `Endpoint._send` returns for a request that is ready to be sent; None if it is not ours."""
        if urlsplit(request.url).netloc != self._netloc:
            return None
        asked = _signed(request)
        service = self.services.find(asked)
        return None if service is None else _http_response(request.url, self.services.call(service, asked))

    def _address(self, request: dict[str, Any]) -> None:
        """Send the request here; its Host header still names the host that was asked for."""
        here, there = urlsplit(self.endpoint), urlsplit(request["url"])
        if there.netloc != here.netloc:
            request["headers"]["Host"] = there.netloc
            request["url"] = there._replace(scheme=here.scheme, netloc=here.netloc).geturl()

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.netloc == self._netloc or _is_known(host) or targets_of(self.endpoint).leads_here(host)

    def _json_call_of(self, client: Any) -> Any:
        """The `call` that answers this client's requests whatever they are, or None."""
        metadata = client.meta.service_model.metadata
        target = f"{metadata.get('targetPrefix', '')}.Any"
        asked = AwsRequest("POST", "", "/", headers={"X-Amz-Target": target}, scope=_scope(client))
        service = self.services.find(asked) if "targetPrefix" in metadata else None
        return None if service is None else json_call(service)


_is_known = lru_cache(maxsize=256)(is_aws_host)  # asked for every request, of few hosts


def _scope(client: Any) -> Scope:
    return Scope(client.meta.service_model.signing_name, client.meta.region_name or "")


def _not_signed(client: Any, model: Any, request: Mapping[str, Any]) -> AwsRequest:
    """The request as botocore's serialiser made it. A body that is a file is not read yet: that is possible once."""
    parts = urlsplit(request["url"])
    body = request["body"] if type(request["body"]) is bytes else b""
    headers = CIMultiDict(request["headers"])
    return AwsRequest(request["method"], parts.netloc, parts.path, parts.query, headers, body, _scope(client))


def _with_body(request: AwsRequest, body: Any) -> AwsRequest:
    return request if type(body) is bytes else replace(request, body=_bytes(body))


def _signed(request: Any) -> AwsRequest:
    """The request as botocore would send it."""
    parts = urlsplit(request.url)
    headers = CIMultiDict(
        (name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()
    )
    host = headers.get("Host", parts.netloc)
    scope = scope_of(headers, parts.query)
    return AwsRequest(request.method, host, parts.path, parts.query, headers, _bytes(request.body), scope)


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode()
    return bytes(body or b"")


def _parsed(model: Any, url: str, answer: AwsResponse) -> tuple[Any, dict[str, Any]]:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    response = LocalResponse(url, answer.status, headers, lambda: answer.body)
    return response, parse(model, response)


def _http_response(url: str, answer: AwsResponse) -> Any:
    """The answer as it comes out of botocore's HTTP session."""
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    raw = HTTPResponse(io.BytesIO(answer.body), headers=headers, status=answer.status, preload_content=False)
    return AWSResponse(url, answer.status, raw.headers, raw)


def _unconfigured_session() -> Any:
    """A botocore session that reads no variable and no file of the user's: a profile that does not exist, for
    instance, would end it.
    """
    from botocore import configprovider, session

    known = configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES
    unread = {name: (None, None, default, convert) for name, (_, _, default, convert) in known.items()}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return session.Session(session_vars={**unread, **files})
