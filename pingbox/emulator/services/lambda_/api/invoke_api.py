"""`lambda:Invoke` for handlers and for `aws lambda invoke --endpoint-url`: over HTTP, or from threads within."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from typing import Any

from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.services.lambda_.api import invoke_request
from pingbox.emulator.services.lambda_.api.asynchronous import AsynchronousInvocations
from pingbox.emulator.services.lambda_.api.client_context import client_context
from pingbox.emulator.services.lambda_.api.client_context import read as read_client_context
from pingbox.emulator.services.lambda_.api.invoke_request import (
    DRY_RUN,
    EVENT,
    REQUEST_RESPONSE,
    InvokeAnswer,
    InvokeRequest,
)
from pingbox.emulator.services.lambda_.function_log import tail
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.emulator.services.port import AwsRequest, AwsResponse


class InvokeApi:
    """Answers Invoke with `functions`. `names` gives the functions there are at the moment.

    Order of calls: `start` on the emulator's loop; then `handle` on that loop and `invoke_sync` on any other
    thread; `await close()` at the end.
    """

    name = "lambda"

    def __init__(
        self,
        functions: Functions,
        names: Callable[[], Collection[str]],
        *,
        clock: Clock | None = None,
        region: str = "us-east-1",
    ) -> None:
        self._functions = functions
        self._names = names
        self._region = region
        self._asynchronous = AsynchronousInvocations(functions, clock or SystemClock())
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
            return invoke_request.not_emulated(request.method, request.path)
        return await self._answer(
            InvokeRequest(
                function,
                request.headers.get("X-Amz-Invocation-Type", REQUEST_RESPONSE),
                request.body,
                request.headers.get("X-Amz-Log-Type") == "Tail",
                request.headers.get("X-Amz-Client-Context"),
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
            answer = self._accepted(request)
            if not isinstance(answer, InvokeAnswer):
                raise RuntimeError("invoke_sync waits for the emulator's loop and cannot be called on its thread")
            return answer
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: InvokeRequest) -> InvokeAnswer:
        accepted = self._accepted(request)
        if isinstance(accepted, InvokeAnswer):
            return accepted
        return await self._run(*accepted, request.tail)

    def _accepted(self, request: InvokeRequest) -> InvokeAnswer | tuple[str, Any]:
        """The answer, or the function and the event whose result is the answer."""
        event = invoke_request.read_event(request)
        if isinstance(event, InvokeAnswer):
            return event
        name = invoke_request.bare_name(request.function)
        if name is None or name not in self._names():
            return invoke_request.not_found(request.function if name is None else name, self._region)
        try:
            client_context.set(read_client_context(request.client_context))
        except ValueError as problem:
            return invoke_request.refusal(400, "InvalidRequestContentException", str(problem))
        match request.invocation_type:
            case invoke_request.DRY_RUN:
                return invoke_request.permitted()
            case invoke_request.EVENT:
                if self._asynchronous.accept(name, event):
                    return invoke_request.accepted()
                return invoke_request.not_invoked("too many asynchronous events wait", "throttled")
            case _:
                return name, event

    async def _run(self, name: str, event: Any, wants_tail: bool) -> InvokeAnswer:
        lines: list[str] | None = [] if wants_tail else None
        token = tail.set(lines)
        try:
            outcome = await self._functions.invoke(name, event)
        finally:
            tail.reset(token)
        return invoke_request.answer(outcome, lines)


__all__ = ["DRY_RUN", "EVENT", "REQUEST_RESPONSE", "InvokeAnswer", "InvokeApi"]
