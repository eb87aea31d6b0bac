"""Leads this process's boto3 to the running emulators, and writes down which invocation called what.

Every client is led, made before or after, by handlers or by tests, with or without an endpoint: DynamoDB and
`@connections` are answered here, a user's own `mock_aws` answers what it mocks besides, and nothing reaches AWS.
The emulator that was started last answers; a handler is answered by its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pingbox.emulator.redirect import guard
from pingbox.emulator.services.lambda_.api.function_names import bare_name
from pingbox.emulator.services.lambda_.api.invoke_request import function_of_path
from pingbox.testing.record.invocations import AwsCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pingbox.emulator.services.port import AwsRequest, AwsResponse, Service
    from pingbox.emulator.services.registry import ServiceRegistry


class Account(Protocol):
    """An emulator, as boto3's calls see it."""

    region: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str: ...

    @property
    def services(self) -> ServiceRegistry: ...

    def has_api_at(self, host: str) -> bool: ...

    def has_function(self, name: str) -> bool: ...


class KilledError(BaseException):
    """The function's environment is gone. No `except Exception` of a handler sees it, as on AWS."""


class Caller:
    """An invocation on its thread. `after_call` is told the number of calls so far, and may raise `KilledError`."""

    def __init__(self, account: Account, tell: Callable[[AwsCall], None], after_call: Callable[[int], None]) -> None:
        self.account = account
        self._tell = tell
        self._after_call = after_call
        self._calls = 0
        self._dead = False

    def alive(self) -> None:
        """Raises `KilledError` for one that was killed and still tries to go on."""
        if self._dead:
            raise KilledError

    def called(self, call: AwsCall) -> None:
        """A call has ended."""
        self._calls += 1
        self._tell(call)
        try:
            self._after_call(self._calls)
        except KilledError:
            self._dead = True
            raise


class _OnThisThread(threading.local):
    caller: Caller | None = None


_on_this_thread = _OnThisThread()


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """While the block runs, this thread's boto3 calls are the caller's."""
    before, _on_this_thread.caller = _on_this_thread.caller, caller
    try:
        yield
    finally:
        _on_this_thread.caller = before


def note(call: AwsCall) -> None:
    """A call that did not go through boto3 is one of the invocation's, too."""
    caller = _on_this_thread.caller
    if caller is not None:
        caller.alive()
        caller.called(call)


class _Answering:
    """The emulators of this process, and what was changed in it while there are any. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: list[Account] = []
        self._undo: ExitStack | None = None

    def enter(self, account: Account) -> None:
        """From now on `account` answers."""
        with self._lock:
            self._accounts.append(account)
            self._renew()

    def leave(self, account: Account) -> None:
        """It answers no more; with the last one, the process is as it was before."""
        with self._lock:
            self._accounts.remove(account)
            self._renew()

    def find(self, request: AwsRequest) -> Service | None:
        """The service of the emulator that answers; None for functions that it has not, which a `mock_aws` may have."""
        current = self._current()
        found = current.services.find(request)
        if found is None:
            return None
        if found.name == "lambda" and not current.has_function(bare_name(function_of_path(request.path) or "") or ""):
            return None
        if found.name == "execute-api":
            # The host tells which API. The same app twice has the same id twice: a handler's own emulator comes first.
            named = next((one for one in (current, *reversed(self._accounts)) if one.has_api_at(request.host)), current)
            return named.services.find(request)
        return found

    def call(self, service: Service, request: AwsRequest) -> AwsResponse:
        """The service's answer."""
        owner = next(one for one in (self._current(), *self._accounts) if one.services.find(request) is service)
        return owner.services.call(service, request)

    def _current(self) -> Account:
        caller = _on_this_thread.caller
        return caller.account if caller is not None else self._accounts[-1]

    def _renew(self) -> None:
        if self._undo is not None:
            self._undo.close()
            self._undo = None
        if not self._accounts:
            return
        last = self._accounts[-1]
        with ExitStack() as changes:
            changes.enter_context(_environment(last))
            guard.install(last.url)
            changes.callback(guard.uninstall)
            changes.enter_context(self._boto3(last))
            self._undo = changes.pop_all()

    @contextmanager
    def _boto3(self, last: Account) -> Iterator[None]:
        from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect

        with Boto3Redirect(last.url, self, last.region).redirect_all(), _written_down():
            yield


answering = _Answering()


@contextmanager
def _environment(account: Account) -> Iterator[None]:
    """Dummy keys, a region, and nobody's profiles; without an endpoint, which would take what `mock_aws` mocks."""
    before = dict(os.environ)
    guard.scrub(os.environ)
    dummies = guard.environment(account.url, account.region)
    os.environ.update({name: value for name, value in dummies.items() if name != "AWS_ENDPOINT_URL"})
    os.environ.update(account.environment)
    mine = {name: value for name, value in os.environ.items() if before.get(name) != value}
    try:
        yield
    finally:
        for name, value in mine.items():
            if os.environ.get(name) == value:  # and not changed by somebody else since
                del os.environ[name]
        for name, value in before.items():
            os.environ.setdefault(name, value)


@contextmanager
def _written_down() -> Iterator[None]:
    """Tell each invocation which calls it made."""
    from botocore.client import BaseClient

    original = BaseClient._make_api_call

    def make_api_call(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
        caller = _on_this_thread.caller
        if caller is None:
            return original(client, operation_name, api_params)
        caller.alive()
        began = time.perf_counter()
        error: str | None = None
        try:
            return original(client, operation_name, api_params)
        except Exception as problem:
            error = _code(problem)
            raise
        finally:
            service = client.meta.service_model.service_name
            caller.called(AwsCall(service, operation_name, dict(api_params), error, time.perf_counter() - began))

    BaseClient._make_api_call = make_api_call
    try:
        yield
    finally:
        BaseClient._make_api_call = original


def _code(problem: Exception) -> str:
    """AWS's code of a refusal (`GoneException`), or the exception's own name."""
    response = getattr(problem, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(problem).__name__)
