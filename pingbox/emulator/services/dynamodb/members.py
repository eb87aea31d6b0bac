"""Members of requests: those that must be there, and those from before there were expressions."""

from __future__ import annotations

from pingbox.emulator.services.dynamodb.answers import Request, invalid

_REQUIRED: dict[str, tuple[str, ...]] = {
    "GetItem": ("TableName", "Key"),
    "PutItem": ("TableName", "Item"),
    "UpdateItem": ("TableName", "Key"),
    "DeleteItem": ("TableName", "Key"),
    "Query": ("TableName",),
    "Scan": ("TableName",),
    "BatchGetItem": ("RequestItems",),
    "BatchWriteItem": ("RequestItems",),
    "TransactGetItems": ("TransactItems",),
    "TransactWriteItems": ("TransactItems",),
    "CreateTable": ("TableName", "KeySchema", "AttributeDefinitions"),
    "DescribeTable": ("TableName",),
    "DeleteTable": ("TableName",),
    "UpdateTable": ("TableName",),
    "UpdateTimeToLive": ("TableName", "TimeToLiveSpecification"),
    "DescribeTimeToLive": ("TableName",),
    "ExecuteStatement": ("Statement",),
}

_OLD_STYLE = frozenset(
    {
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter",
    }
)


def check_members(operation: str, request: Request) -> None:
    """Refuse a request without a member that its operation needs; an SDK would not send it, a bare client may."""
    for name in _REQUIRED.get(operation, ()):
        if request.get(name) is None:
            raise invalid(
                f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
                "constraint: Member must not be null"
            )


def is_old_style(request: Request) -> bool:
    """Whether the request uses parameters that expressions have replaced; moto knows those."""
    if not _OLD_STYLE.isdisjoint(request):
        return True
    asked = request.get("RequestItems")
    return isinstance(asked, dict) and any(
        isinstance(wish, dict) and "AttributesToGet" in wish for wish in asked.values()
    )
