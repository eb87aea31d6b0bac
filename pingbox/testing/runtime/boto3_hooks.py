"""Redirects this process's boto3 to the running emulators.

Every client is redirected, made before or after, by handlers or by tests, with or without an endpoint: DynamoDB and
`@connections` are answered here, a user's own `mock_aws` answers what it mocks besides, and nothing reaches AWS.
The emulator that was started last answers; a handler is answered by its own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol, cast

from pingbox.emulator.redirect import guard
from pingbox.emulator.redirect.aws_calls import observe_all
from pingbox.emulator.redirect.process import process_environment
from pingbox.emulator.services.lambda_.api.function_names import bare_name
from pingbox.emulator.services.lambda_.api.invoke_request import function_of_path
from pingbox.emulator.services.lambda_.in_process.current import on_thread
from pingbox.emulator.services.moto.service import MotoService
from pingbox.testing.runtime.functions import TestCalls

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


class _Boto3Hooks:
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
        """The service of the emulator that answers; None for what a `mock_aws` of the user's has.

        That is functions that the emulator has not, and while it is active the services that are moto's here, too.
        """
        current = self._current()
        found = current.services.find(request)
        if found is None:
            return None
        if found.name == "lambda" and not current.has_function(bare_name(function_of_path(request.path) or "") or ""):
            return None
        if isinstance(found, MotoService) and _is_mocking():
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
        """A function's own emulator; for everybody else the one that was started last."""
        execution = on_thread.execution
        observer = None if execution is None else execution.observer
        return cast(Account, observer.account) if isinstance(observer, TestCalls) else self._accounts[-1]

    def _renew(self) -> None:
        if self._undo is not None:
            self._undo.close()
            self._undo = None
        if not self._accounts:
            return
        last = self._accounts[-1]
        with ExitStack() as changes:
            changes.enter_context(process_environment(_environment(last)))
            guard.install(last.url)
            changes.callback(guard.uninstall)
            changes.enter_context(self._boto3(last))
            self._undo = changes.pop_all()

    @contextmanager
    def _boto3(self, last: Account) -> Iterator[None]:
        from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect

        with Boto3Redirect(last.url, self, last.region).redirect_all(), observe_all():
            yield


hooks = _Boto3Hooks()


def _environment(account: Account) -> dict[str, str]:
    """Dummy keys, a region, and nobody's profiles; without an endpoint, which would take what `mock_aws` mocks."""
    dummies = guard.environment(account.url, account.region)
    return {name: value for name, value in dummies.items() if name != "AWS_ENDPOINT_URL"} | dict(account.environment)


def _is_mocking() -> bool:
    """Whether a `mock_aws` of the user's is active."""
    models = sys.modules.get("moto.core.models")
    return models is not None and bool(models.MockAWS._mocks_active)
