"""A permission that is missing on AWS is told here, once, and the call is answered all the same."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.emulator.activity import AwsCall, AwsCalled, InvocationStarted
from pingbox.emulator.history import Entry, History
from pingbox.local.permission_watch import PermissionWatch, wanted
from pingbox.model.function import FunctionSpec
from pingbox.model.permissions import Statement

REGION = "eu-west-1"
ROOMS = f"arn:aws:dynamodb:{REGION}:000000000000:table/Rooms"


def call(service: str, operation: str, **parameters: Any) -> AwsCall:
    return AwsCall(service, operation, parameters, None, 0.0)


@pytest.mark.parametrize(
    ("made", "permissions"),
    [
        (call("dynamodb", "PutItem", TableName="Rooms"), [("dynamodb:PutItem", ROOMS)]),
        (call("dynamodb", "Query", TableName="Rooms", IndexName="i"), [("dynamodb:Query", f"{ROOMS}/index/i")]),
        (call("dynamodb", "GetItem", TableName=ROOMS), [("dynamodb:GetItem", ROOMS)]),
        (call("dynamodb", "BatchGetItem", RequestItems={"Rooms": {}}), [("dynamodb:BatchGetItem", ROOMS)]),
        (
            call("dynamodb", "TransactWriteItems", TransactItems=[{"Put": {"TableName": "Rooms"}}]),
            [("dynamodb:PutItem", ROOMS)],
        ),
        (call("apigatewaymanagementapi", "PostToConnection"), [("execute-api:ManageConnections", None)]),
        (call("lambda", "Invoke", FunctionName="f"), [("lambda:InvokeFunction", None)]),
        (call("dynamodb", "ListTables"), []),
        (call("ssm", "GetParameter"), []),
    ],
)
def test_what_a_call_needs(made: AwsCall, permissions: list[Any]) -> None:
    assert list(wanted(made, REGION)) == permissions


def watched(permissions: tuple[Statement, ...] | None) -> History:
    history = History()
    spec = FunctionSpec("Send", "app.send", ".", permissions=permissions)
    history.subscribe(PermissionWatch({"Send": spec}.get, REGION))
    history(InvocationStarted(0.0, "Send", "id", {}))
    return history


def test_a_missing_permission_is_told_once_for_each_action(caplog: pytest.LogCaptureFixture) -> None:
    history = watched((Statement(True, ("dynamodb:GetItem",), (ROOMS,)),))
    for _ in range(3):
        for operation in ("GetItem", "PutItem", "DeleteItem"):
            history(AwsCalled(0.0, "id", call("dynamodb", operation, TableName="Rooms")))
    put, delete = [record.getMessage() for record in caplog.records]
    assert put == (
        f"Send calls dynamodb:PutItem on {ROOMS}, and no policy of its role in the template allows that: "
        "on AWS it gets AccessDenied"
    )
    assert "dynamodb:DeleteItem" in delete


@pytest.mark.parametrize("permissions", [None, (Statement(True, ("*",), ("*",)),)])
def test_what_is_allowed_or_not_known_is_not_told(
    permissions: tuple[Statement, ...] | None, caplog: pytest.LogCaptureFixture
) -> None:
    history = watched(permissions)
    history(AwsCalled(0.0, "id", call("dynamodb", "PutItem", TableName="Rooms")))
    history(AwsCalled(0.0, "another", call("dynamodb", "PutItem", TableName="Rooms")))
    assert caplog.records == []
    assert isinstance(history.entries()[0], Entry)
