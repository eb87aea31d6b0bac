"""The AWS services that there are: which of them a request is for, and what it answers."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from pingbox.emulator.services.aws_chunked import ChunkError, decoded
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Service, direct_answer

_OF_THE_GATEWAY = "execute-api"
"""Requests to an API's own routes are signed with this name, too, and are no service's."""

logger = logging.getLogger(__name__)


class ServiceRegistry:
    """Finds a request's service by the scope of its signature, then by its target, its path and its host.

    Order of calls: `register` what there is, `start` on the emulator's loop; `find` and `handle` on that loop, `call`
    on any other thread. Registering is possible at any time.
    """

    def __init__(self, services: Iterable[Service] = ()) -> None:
        self._services: tuple[Service, ...] = tuple(services)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def start(self) -> None:
        """Remember the running loop as the one on which services answer."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services)

    def register(self, service: Service) -> None:
        """From now on `service` answers what is its own and no earlier service's."""
        self._services = (*self._services, service)

    def unregister(self, service: Service) -> None:
        """It answers no more."""
        self._services = tuple(one for one in self._services if one is not service)

    def find(self, request: AwsRequest) -> Service | None:
        """The service that the request is for; None if it is for none of these."""
        scope = request.scope
        for service in self._services:
            if (scope is None or scope.service == service.name) and service.matches(request):
                return service
        return None

    async def handle(self, service: Service, request: AwsRequest) -> AwsResponse:
        """The service's answer; 500 if it fails. On the emulator's loop."""
        try:
            return await service.handle(decoded(request))
        except ChunkError as problem:
            return error(request, service.name, 400, "IncompleteBody", str(problem))
        except Exception:
            return self._failure(service, request)

    def _failure(self, service: Service, request: AwsRequest) -> AwsResponse:
        logger.exception("the service %s failed on %s %s", service.name, request.method, _what(request))
        return error(request, service.name, 500, "InternalServerError", "The emulator failed; see its log.")

    def answer_at_once(self, service: Service, request: AwsRequest) -> AwsResponse | None:
        """The answer of a service that gives it without waiting; None for others. 500 if it fails. On the loop."""
        answer = direct_answer(service)
        if answer is None:
            return None
        try:
            return answer(request)
        except Exception:
            return self._failure(service, request)

    def call(self, service: Service, request: AwsRequest) -> AwsResponse:
        """The same for a thread of this process; blocks until the answer is there.

        Raises `RuntimeError` before `start`, and on the loop's own thread, for which it would wait for ever.
        """
        answer = direct_answer(service)
        if answer is not None:
            return answer(request)
        if self._loop is None:
            raise RuntimeError(f"{service.name} was called before start(); start the registry on the emulator's loop")
        if threading.get_ident() == self._thread:
            raise RuntimeError(f"{service.name} answers on the emulator's loop and cannot be waited for on its thread")
        return asyncio.run_coroutine_threadsafe(self.handle(service, request), self._loop).result()


def missing(request: AwsRequest) -> AwsResponse | None:
    """What a request that no service takes is answered with: 501 if it is an AWS service's, else None."""
    target = request.target
    if request.scope is not None and request.scope.service != _OF_THE_GATEWAY:
        name = request.scope.service
    elif target is not None:
        name = target.prefix
    else:
        return None
    message = f"{name} is not emulated here; point its client at another endpoint (AWS_ENDPOINT_URL_<SERVICE>)"
    return error(request, name, 501, "NotImplemented", message)


def error(request: AwsRequest, service: str, status: int, code: str, message: str) -> AwsResponse:
    """An error that the service's own client can read: JSON, or XML for S3 and for the query protocol."""
    text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return AwsResponse(status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{text}</ErrorResponse>".encode())
    if service == "s3":
        return AwsResponse(status, {"Content-Type": "application/xml"}, text.encode())
    body = json.dumps({"__type": code, "message": message}).encode()
    return AwsResponse(status, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}, body)


def _what(request: AwsRequest) -> str:
    return request.path if request.target is None else request.target.operation
