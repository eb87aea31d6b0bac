"""What is under test, whichever way it was named: an app as the templates' reader reads it, and Python objects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pingbox.emulator.services.lambda_.app_functions import Load
from pingbox.model.api import Integration, LambdaProxy
from pingbox.model.app import App, Table

if TYPE_CHECKING:
    from pingbox.testing.runtime.runtime import TestRuntime

_NOTHING: Mapping[str, str] = MappingProxyType({})


def _no_code(runtime: TestRuntime) -> Mapping[str, Load]:
    return {}


@dataclass(frozen=True)
class TestedApp:
    """An app, ready to be run. `name` is what people call it.

    `code` are its functions that are Python objects, once it is known where they run; the others are loaded from their
    folders, into this process with `in_process`. `environment` are variables of this process while the app runs.
    """

    __test__ = False  # for pytest, which collects what begins with Test

    name: str
    app: App
    code: Callable[[TestRuntime], Mapping[str, Load]] = _no_code
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    in_process: bool = True

    def function_at(self, route_key: str) -> str | None:
        """The function behind a route, or None."""
        routes = (api.route(route_key) for api in self.app.apis)
        return next((_function_of(route.integration) for route in routes if route is not None), None)


class AppError(Exception):
    """The app that a test named cannot be tested; the text names it, what was found, and what to do."""


def _function_of(integration: Integration | None) -> str | None:
    if isinstance(integration, LambdaProxy):
        return integration.function
    return integration.target if integration is not None and integration.type == "AWS" else None


def api_id_of(name: str, number: int) -> str:
    """An API id as AWS makes them: ten small letters and digits, the same for the same app in every run."""
    digest = hashlib.sha256(f"{name} {number}".encode()).digest()
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:10])


def checked_tables(tables: Sequence[Table | Mapping[str, Any]]) -> tuple[Table, ...]:
    """Tables from arguments of `create_table` (or `Table`). Raises `AppError` for one without name or keys."""
    return tuple(table if isinstance(table, Table) else _checked(table) for table in tables)


def _checked(parameters: Mapping[str, Any]) -> Table:
    missing = [key for key in ("TableName", "KeySchema", "AttributeDefinitions") if key not in parameters]
    if missing:
        raise AppError(
            f"a table lacks {', '.join(missing)}, got {dict(parameters)!r}; expected the arguments of boto3's "
            "create_table, or pingbox.testing.table(...)"
        )
    return Table(str(parameters["TableName"]), {"BillingMode": "PAY_PER_REQUEST", **parameters})


def table(name: str, partition_key: str, sort_key: str | None = None, *, ttl: str | None = None) -> Table:
    """A table in one line. A key is `name` for text, `name:N` for a number, `name:B` for bytes.

    `ttl` is the attribute with the second at which an item expires.
    """
    keys = [partition_key] if sort_key is None else [partition_key, sort_key]
    named = [(key.partition(":")[0], key.partition(":")[2] or "S") for key in keys]
    parameters = {
        "TableName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": role} for (key, _), role in zip(named, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in named],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return Table(name, parameters, ttl)
