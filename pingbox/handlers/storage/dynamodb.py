"""Small things every DynamoDB call needs: pages to their end, unprocessed items, and the meaning of refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

Item = dict[str, Any]
_BATCH: Final = 25  # writes in one BatchWriteItem
_BATCH_KEYS: Final = 100  # keys in one BatchGetItem
_TRIES: Final = 8
_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class StoreBusyError(RuntimeError):
    """DynamoDB left part of a batch undone again and again."""


def error_code(error: ClientError) -> str:
    """DynamoDB's name of the error, e.g. `ConditionalCheckFailedException`."""
    return str(error.response["Error"]["Code"])


def is_refusal(error: ClientError) -> bool:
    """Whether a condition did not hold."""
    return error_code(error) == "ConditionalCheckFailedException"


def is_conflict(error: ClientError) -> bool:
    """Whether a transaction held the item: the condition was not even looked at."""
    return error_code(error) == "TransactionConflictException"


def cancelled(error: ClientError) -> list[dict[str, Any]] | None:
    """Why each item of a cancelled transaction was refused; None if it is another error, or one of throttling."""
    if error_code(error) != "TransactionCanceledException":
        return None
    reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
    known = {"None", "ConditionalCheckFailed", "TransactionConflict"}
    return reasons if all(reason["Code"] in known for reason in reasons) else None


def is_throttled(error: Exception) -> bool:
    """Whether trying again later is the answer."""
    if isinstance(error, StoreBusyError):
        return True
    return isinstance(error, ClientError) and (error_code(error) in _THROTTLED or _is_throttled_inside(error))


def _is_throttled_inside(error: ClientError) -> bool:
    reasons = error.response.get("CancellationReasons", ())
    return any(reason.get("Code") in ("ThrottlingError", "ProvisionedThroughputExceeded") for reason in reasons)


def refused_item(error: ClientError) -> Item | None:
    """What `ReturnValuesOnConditionCheckFailure=ALL_OLD` brought; None if there is no such item."""
    item: Item | None = error.response.get("Item")
    return item


def pages(read: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> Iterator[Item]:
    """Every item of a query or scan: a page ends at 1 MB, whatever the limit."""
    arguments = dict(arguments)
    while True:
        page = read(**arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def at_most(limit: int, read: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> tuple[list[Item], bool]:
    """Up to `limit` items of a query, and whether there were more.

    Asks for one more than wanted: a `LastEvaluatedKey` only says that the limit was reached, not that anything follows.
    """
    found: list[Item] = []
    for item in pages(read, {**arguments, "Limit": limit + 1}):
        if len(found) == limit:
            return found, True
        found.append(item)
    return found, False


def write_all(
    write: Callable[..., dict[str, Any]], table: str, requests: Sequence[Item], pause: Callable[[float], None]
) -> None:
    """BatchWriteItem until nothing is unprocessed. Raises `StoreBusyError` after eight tries without an end."""
    for start in range(0, len(requests), _BATCH):
        left = list(requests[start : start + _BATCH])
        for attempt in range(_TRIES):
            if attempt:
                pause(0.02 * 2**attempt)
            left = write(RequestItems={table: left}).get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
        else:
            raise StoreBusyError(f"{len(left)} writes to {table} are unprocessed after {_TRIES} tries")


def get_all(
    get: Callable[..., dict[str, Any]], table: str, keys: Sequence[Item], pause: Callable[[float], None]
) -> list[Item]:
    """Strongly consistent BatchGetItem until nothing is unprocessed, in any order. Raises `StoreBusyError`."""
    found: list[Item] = []
    left = list(keys)
    for attempt in range(_TRIES):
        if not left:
            return found
        if attempt:
            pause(0.02 * 2**attempt)
        answer = get(RequestItems={table: {"Keys": left[:_BATCH_KEYS], "ConsistentRead": True}})
        found += answer["Responses"].get(table, [])
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", []) + left[_BATCH_KEYS:]
    if left:
        raise StoreBusyError(f"{len(left)} reads of {table} are unprocessed after {_TRIES} tries")
    return found
