"""AWS calls that a function's role does not allow: AWS denies them; here they are answered, and told."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from pingbox.emulator.activity import AwsCall, AwsCalled, InvocationStarted
from pingbox.emulator.history import Entry
from pingbox.model.function import FunctionSpec
from pingbox.model.partitions import partition_of
from pingbox.model.permissions import allows

log = logging.getLogger("pingbox.serve")

_MAX_RUNNING = 4000
_TRANSACTED = {name: f"{name}Item" for name in ("Put", "Update", "Delete", "ConditionCheck", "Get")}
_ACCOUNT = "000000000000"


class PermissionWatch:
    """Reads the history; warns once for each function and action. `spec` gives what an app declares of a function."""

    def __init__(self, spec: Callable[[str], FunctionSpec | None], region: str) -> None:
        self._spec = spec
        self._region = region
        self._functions: OrderedDict[str, str] = OrderedDict()  # request id -> function
        self._told: set[tuple[str, str]] = set()

    def __call__(self, entry: Entry) -> None:
        match entry.activity:
            case InvocationStarted(function=function, request_id=request_id):
                self._functions[request_id] = function
                if len(self._functions) > _MAX_RUNNING:
                    self._functions.popitem(last=False)
            case AwsCalled(request_id=request_id, call=call) if request_id in self._functions:
                self._check(self._functions[request_id], call)
            case _:
                pass

    def _check(self, function: str, call: AwsCall) -> None:
        spec = self._spec(function)
        if spec is None or spec.permissions is None:
            return
        for action, resource in wanted(call, self._region):
            if (function, action) not in self._told and not allows(spec.permissions, action, resource):
                self._told.add((function, action))
                where = "" if resource is None else f" on {resource}"
                log.warning(
                    "%s calls %s%s, and no policy of its role in the template allows that: on AWS it gets AccessDenied",
                    function,
                    action,
                    where,
                )


def wanted(call: AwsCall, region: str) -> Iterator[tuple[str, str | None]]:
    """The permissions that a call needs: the action and the ARN it is about, None where only AWS knows it."""
    match call.service:
        case "apigatewaymanagementapi" | "execute-api":
            yield "execute-api:ManageConnections", None
        case "lambda":
            yield "lambda:InvokeFunction", None
        case "dynamodb":
            yield from ((f"dynamodb:{action}", resource) for action, resource in _of_dynamodb(call, region))
        case _:
            return


def _of_dynamodb(call: AwsCall, region: str) -> Iterator[tuple[str, str | None]]:
    given = call.parameters
    match call.operation:
        case "TransactWriteItems" | "TransactGetItems":
            for kind, parameters in (pair for one in given.get("TransactItems") or [] for pair in one.items()):
                yield _TRANSACTED.get(kind, kind), _table(parameters, region)
        case "BatchGetItem" | "BatchWriteItem":
            for name in given.get("RequestItems") or {}:
                yield call.operation, _table({"TableName": name}, region)
        case _ if "TableName" in given:
            yield call.operation, _table(given, region)
        case _:
            return


def _table(parameters: Any, region: str) -> str | None:
    name = parameters.get("TableName") if isinstance(parameters, dict) else None
    if not isinstance(name, str):
        return None
    if name.startswith("arn:"):
        return name
    index = parameters.get("IndexName")
    table = f"arn:{partition_of(region)}:dynamodb:{region}:{_ACCOUNT}:table/{name}"
    return f"{table}/index/{index}" if isinstance(index, str) else table
