"""`lambda:Invoke` for handlers and for `aws lambda invoke --endpoint-url`: over HTTP, or from threads within."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.api import invoke_request
from pingbox.emulator.services.lambda_.api.asynchronous import AsynchronousInvocations
from pingbox.emulator.services.lambda_.api.destinations import Destinations
from pingbox.emulator.services.lambda_.api.function_names import MalformedName, QualifiedName, read_name, version_of
from pingbox.emulator.services.lambda_.api.invoke_request import (
    DRY_RUN,
    EVENT,
    REQUEST_RESPONSE,
    InvokeAnswer,
    InvokeRequest,
)
from pingbox.emulator.services.lambda_.details import Details, details, read_client_context
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.model.function import FunctionSpec

_UNKNOWN = FunctionSpec("", "", "")


def _unspecified(function: str) -> FunctionSpec:
    return _UNKNOWN


@dataclass(frozen=True)
class _Prepared:
    """A request whose result is the answer."""

    function: str
    event: Any
    details: Details


class InvokeApi:
    """Answers Invoke with `functions`.

    `names` gives the functions there are at the moment, `spec` what the app declares of one: its versions and aliases,
    its retries and destinations. `destinations` are the queues and topics there are.

    Order of calls: `start` on the emulator's loop; then `handle` on that loop and `invoke_sync` on any other
    thread; `await close()` at the end.
    """

    name = "lambda"

    def __init__(
        self,
        functions: Functions,
        names: Callable[[], Collection[str]],
        *,
        spec: Callable[[str], FunctionSpec | None] = _unspecified,
        destinations: Destinations | None = None,
        clock: Clock | None = None,
        region: str = "us-east-1",
    ) -> None:
        self._functions = functions
        self._names = names
        self._spec = spec
        self._region = region
        self._asynchronous = AsynchronousInvocations(
            functions,
            clock or SystemClock(),
            settings=lambda name: self._specified(name).asynchronous,
            destinations=destinations,
            region=region,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def start(self) -> None:
        """Remember the running loop as the one that invokes."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    async def settled(self) -> None:
        """Return once no asynchronous event is being run."""
        await self._asynchronous.settled()

    async def close(self) -> None:
        """Drop asynchronous events that are not done."""
        await self._asynchronous.close()

    def matches(self, request: AwsRequest) -> bool:
        """Whether the path is one of the Lambda API."""
        return invoke_request.is_of_lambda(request.path)

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """Answer `/2015-03-31/functions/{name}/invocations`, refuse the rest of the Lambda API."""
        function = invoke_request.function_of_path(request.path)
        if function is None or request.method != "POST":
            answer = invoke_request.not_emulated(request.method, request.path)
            return invoke_request.of_request(answer, platform_log.new_request_id())
        return await self._answer(
            InvokeRequest(
                function,
                request.headers.get("X-Amz-Invocation-Type", REQUEST_RESPONSE),
                request.body,
                request.headers.get("X-Amz-Log-Type") == "Tail",
                request.headers.get("X-Amz-Client-Context"),
                _qualifier(request.query),
            )
        )

    def invoke_sync(self, name: str, invocation_type: str, payload: bytes) -> InvokeAnswer:
        """The same from a handler's thread, without HTTP; blocks until the answer is there.

        `name` may be qualified or an ARN. On the loop's own thread an event may be left (`EVENT`), or asked whether
        it would be taken (`DRY_RUN`); waiting for a result there raises `RuntimeError`, because it would never come.
        """
        if self._loop is None:
            raise RuntimeError("invoke_sync was called before start(); start it on the emulator's loop")
        request = InvokeRequest(name, invocation_type, payload)
        if threading.get_ident() == self._thread:
            answer = self._prepare(request)
            if not isinstance(answer, InvokeAnswer):
                raise RuntimeError("invoke_sync waits for the emulator's loop and cannot be called on its thread")
            return answer
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: InvokeRequest) -> InvokeAnswer:
        prepared = self._prepare(request)
        return prepared if isinstance(prepared, InvokeAnswer) else await self._run(prepared)

    def _prepare(self, request: InvokeRequest) -> InvokeAnswer | _Prepared:
        """The answer, or what must be run for it."""
        request_id = platform_log.new_request_id()
        answer = self._checked(request, request_id)
        return invoke_request.of_request(answer, request_id) if isinstance(answer, InvokeAnswer) else answer

    def _checked(self, request: InvokeRequest, request_id: str) -> InvokeAnswer | _Prepared:
        try:
            name = read_name(request.function, request.qualifier)
            version = self._version(name)
            event = invoke_request.read_event(request)
            client_context = read_client_context(request.client_context)
        except MalformedName as problem:
            return invoke_request.refusal(400, "ValidationException", str(problem))
        except ValueError as problem:
            return invoke_request.refusal(400, "InvalidRequestContentException", str(problem))
        if isinstance(event, InvokeAnswer):
            return event
        if version is None:
            return invoke_request.not_found(name, self._region)
        payload = request.payload or b"{}"
        found = Details(request_id, name.qualifier, version, client_context, payload, [] if request.tail else None)
        return self._by_type(request.invocation_type, _Prepared(name.name, event, found))

    def _version(self, name: QualifiedName) -> str | None:
        if name.name not in self._names():
            return None
        return version_of(name.qualifier, self._specified(name.name).qualifiers)

    def _specified(self, name: str) -> FunctionSpec:
        return self._spec(name) or _UNKNOWN

    def _by_type(self, invocation_type: str, prepared: _Prepared) -> InvokeAnswer | _Prepared:
        match invocation_type:
            case invoke_request.DRY_RUN:
                return invoke_request.permitted()
            case invoke_request.EVENT:
                given = replace(prepared.details, tail=None)
                if self._asynchronous.accept(prepared.function, prepared.event, given):
                    return invoke_request.accepted()
                return invoke_request.not_invoked("too many asynchronous events wait", "throttled")
            case _:
                return prepared

    async def _run(self, prepared: _Prepared) -> InvokeAnswer:
        given = prepared.details
        token = details.set(given)
        try:
            outcome = await self._functions.invoke(prepared.function, prepared.event)
        finally:
            details.reset(token)
        answer = invoke_request.answer(outcome, given.version, given.tail)
        return invoke_request.of_request(answer, str(given.request_id))


def _qualifier(query: str) -> str | None:
    return next(iter(parse_qs(query).get("Qualifier", [])), None)


__all__ = ["DRY_RUN", "EVENT", "REQUEST_RESPONSE", "InvokeAnswer", "InvokeApi"]
