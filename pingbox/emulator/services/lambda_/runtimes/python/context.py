"""The second argument of every handler (LM-10)."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CognitoIdentity:
    """Who called, for callers signed in with Cognito; both are None for everybody else."""

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        document = document or {}
        self.cognito_identity_id: str | None = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id: str | None = document.get("cognitoIdentityPoolId")


class Client:
    """The mobile app that called, part of a client context."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.installation_id = document.get("installation_id")
        self.app_title = document.get("app_title")
        self.app_version_name = document.get("app_version_name")
        self.app_version_code = document.get("app_version_code")
        self.app_package_name = document.get("app_package_name")


class ClientContext:
    """What the caller of `lambda:Invoke` gave as `ClientContext`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.custom = document.get("custom")
        self.env = document.get("env")
        client = document.get("client")
        self.client = Client(client) if client is not None else None


class Place:
    """What is the same for all invocations of one environment. `memory_limit_in_mb` is text, as on AWS."""

    def __init__(
        self, function_name: str, function_version: str, memory_limit_in_mb: str, log_group: str, log_stream: str
    ) -> None:
        self.function_name = function_name
        self.function_version = function_version
        self.memory_limit_in_mb = memory_limit_in_mb
        self.log_group = log_group
        self.log_stream = log_stream


class LambdaContext:
    """One invocation as its handler sees it. `deadline_ms`: milliseconds since the epoch."""

    def __init__(
        self,
        place: Place,
        request_id: str,
        function_arn: str,
        deadline_ms: int,
        client_context: dict[str, Any] | None = None,
        identity: dict[str, Any] | None = None,
        tenant_id: str | None = None,
    ) -> None:
        self.function_name = place.function_name
        self.function_version = place.function_version
        self.memory_limit_in_mb = place.memory_limit_in_mb
        self.log_group_name = place.log_group
        self.log_stream_name = place.log_stream
        self.aws_request_id = request_id
        self.invoked_function_arn = function_arn
        self.tenant_id = tenant_id
        self.client_context = ClientContext(client_context) if client_context is not None else None
        self.identity = CognitoIdentity(identity)
        self._epoch_deadline_time_in_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Whole milliseconds until the function's timeout, never below 0."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, msg: object) -> None:
        """Write `msg` to the function's log as it is: no level, no newline added."""
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        return f"LambdaContext([aws_request_id={self.aws_request_id},function_name={self.function_name}])"
