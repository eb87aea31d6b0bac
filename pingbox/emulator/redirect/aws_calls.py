"""Tells which AWS calls the functions of this process make, each as the call of the invocation that makes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pingbox.emulator.activity import AwsCall
from pingbox.emulator.services.lambda_.in_process.current import on_thread

MakeApiCall = Callable[[str, dict[str, Any]], Any]
"""botocore's `client._make_api_call(operation, parameters)`."""


def observe_client(client: Any) -> None:
    """Observe the calls of one client, whose `_make_api_call` is its own."""
    service = client.meta.service_model.service_name
    original: MakeApiCall = client._make_api_call

    def make_api_call(operation: str, parameters: dict[str, Any]) -> Any:
        return _observed(service, operation, parameters, lambda: original(operation, parameters))

    client._make_api_call = make_api_call


@contextmanager
def observe_all() -> Iterator[None]:
    """Observe every client of this process, until the block ends."""
    from botocore.client import BaseClient

    original = BaseClient._make_api_call

    def make_api_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        return _observed(service, operation, parameters, lambda: original(client, operation, parameters))

    BaseClient._make_api_call = make_api_call
    try:
        yield
    finally:
        BaseClient._make_api_call = original


def note(service: str, operation: str, parameters: Mapping[str, Any], error: str | None = None) -> None:
    """A call that did not go through boto3 is one of the invocation's, too."""
    execution = on_thread.execution
    if execution is not None and execution.observer is not None:
        ongoing = execution.observer.calling(execution.request_id)
        execution.observer.called(ongoing, AwsCall(service, operation, dict(parameters), error, 0.0))


def _observed(service: str, operation: str, parameters: dict[str, Any], make: Callable[[], Any]) -> Any:
    execution = on_thread.execution
    if execution is None or execution.observer is None:
        return make()
    ongoing = execution.observer.calling(execution.request_id)
    began = time.perf_counter()
    error: str | None = None
    try:
        return make()
    except Exception as problem:
        error = _code(problem)
        raise
    finally:
        call = AwsCall(service, operation, dict(parameters), error, time.perf_counter() - began)
        execution.observer.called(ongoing, call)


def _code(problem: Exception) -> str:
    """AWS's code of a refusal (`GoneException`), or the exception's own name."""
    response = getattr(problem, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(problem).__name__)
