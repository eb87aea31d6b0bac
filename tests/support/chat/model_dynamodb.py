"""A small DynamoDB in memory, for schedules by the thousand: exactly the expressions that the handlers use.

It keeps items as they come over the wire and hands them out without copying: callers must not change them. That it
answers as the real engines do is shown by `tests/model/test_memory_dynamodb.py`; an unknown expression is an error.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Test = Callable[[Item, Mapping[str, Any]], bool]

_KEYS = {"Connections": ("topic", "connectionId"), "Messages": ("roomId", "seq")}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def plain(attribute: Mapping[str, Any]) -> Any:
    """A typed value that Python can compare."""
    ((kind, value),) = attribute.items()
    return int(value) if kind == "N" else value


def refusal(code: str, item: Item | None = None, reasons: list[dict[str, Any]] | None = None) -> ClientError:
    """The exception that boto3 raises for an error of this name."""
    answer: dict[str, Any] = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    if item is not None:
        answer["Item"] = item
    if reasons is not None:
        answer["CancellationReasons"] = reasons
    return ClientError(answer, "Memory")


class MemoryDynamoDB:
    """The two tables of the chat. `page_items`: a query's page ends after so many items, as AWS's does after 1 MB."""

    def __init__(self, page_items: int = 1000) -> None:
        self.page_items = page_items
        self.partitions: dict[str, dict[str, dict[Any, Item]]] = {"Connections": {}, "Messages": {}}
        self._order: dict[tuple[str, str], list[Any]] = {}
        self._veils: dict[tuple[str, str, Any], Item | None] = {}

    # --- what a schedule does to it

    def copy(self) -> MemoryDynamoDB:
        """As it is now; items are shared, because nobody changes one."""
        copied = MemoryDynamoDB(self.page_items)
        for table, partitions in self.partitions.items():
            copied.partitions[table] = {name: dict(items) for name, items in partitions.items()}
        copied._order = {key: list(order) for key, order in self._order.items()}
        return copied

    @contextmanager
    def veiled(self, table: str, key: Item, before: Item | None) -> Iterator[None]:
        """Reads see the item as it was `before`; writes and their conditions, as it is."""
        veil = (table, *_key(table, key))
        self._veils[veil] = before
        try:
            yield
        finally:
            self._veils.pop(veil, None)

    def is_veiled(self, table: str, key: Item) -> bool:
        """Whether a transaction that is becoming visible still holds the item: no other write gets at it."""
        return (table, *_key(table, key)) in self._veils

    def find(self, table: str, key: Item) -> Item | None:
        """The item with this key, for whoever looks past the handlers."""
        return self._find(table, key)

    def _seen(self, table: str, item: Item | None) -> Item | None:
        if item is None or not self._veils:
            return item
        return self._veils.get((table, *_key(table, item)), item)

    # --- single items

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        item = self._seen(TableName, self._find(TableName, Key))
        return {} if item is None else {"Item": item}

    def put_item(
        self,
        *,
        TableName: str,
        Item: Item,
        ConditionExpression: str | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        self._check(TableName, Item, ConditionExpression, {}, ReturnValuesOnConditionCheckFailure)
        self._store(TableName, Item)
        return {}

    def delete_item(
        self,
        *,
        TableName: str,
        Key: Item,
        ConditionExpression: str | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValues: str = "NONE",
    ) -> dict[str, Any]:
        self._check(TableName, Key, ConditionExpression, ExpressionAttributeValues or {}, "NONE")
        old = self._remove(TableName, Key)
        return {} if old is None or ReturnValues == "NONE" else {"Attributes": old}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        values = ExpressionAttributeValues or {}
        aliased = {**values, **(ExpressionAttributeNames or {})}
        self._check(TableName, Key, ConditionExpression, aliased, ReturnValuesOnConditionCheckFailure)
        new = dict(self._find(TableName, Key) or Key)
        for change in _changes(UpdateExpression):
            change(new, values, ExpressionAttributeNames or {})
        self._store(TableName, new)
        return {"Attributes": new} if ReturnValues == "ALL_NEW" else {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        """All or nothing. Every condition is looked at before anything is written."""
        actions = [(kind, arguments) for item in TransactItems for kind, arguments in item.items()]
        reasons = [self._reason(arguments) for _, arguments in actions]
        if any(reason["Code"] != "None" for reason in reasons):
            raise refusal("TransactionCanceledException", reasons=reasons)
        for kind, arguments in actions:
            if kind == "Put":
                self._store(arguments["TableName"], arguments["Item"])
            else:
                assert kind == "Update", kind
                self.update_item(**arguments)
        return {}

    def _reason(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        table, key = arguments["TableName"], arguments.get("Key") or arguments["Item"]
        wanted = arguments.get("ReturnValuesOnConditionCheckFailure", "NONE")
        values = arguments.get("ExpressionAttributeValues") or {}
        try:
            self._check(table, key, arguments["ConditionExpression"], values, wanted)
        except ClientError as error:
            old = error.response.get("Item")
            return {"Code": "ConditionalCheckFailed", **({} if old is None else {"Item": old})}
        return {"Code": "None"}

    # --- many items

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Mapping[str, Any],
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
        ProjectionExpression: str | None = None,
    ) -> dict[str, Any]:
        hash_name, sort_name = _KEYS[TableName]
        partition, wanted = _key_condition(KeyConditionExpression, hash_name)
        name = plain(ExpressionAttributeValues[partition])
        start = None if ExclusiveStartKey is None else plain(ExclusiveStartKey[sort_name])
        stop = min(self.page_items, Limit or self.page_items)
        found: list[Item] = []
        for stored in self._walk(TableName, name, start, ScanIndexForward):
            item = self._seen(TableName, stored)
            if item is not None and wanted(item, ExpressionAttributeValues):
                found.append(item)
                if len(found) == stop:
                    break
        answer: dict[str, Any] = {"Items": [_projected(item, ProjectionExpression) for item in found]}
        if len(found) == stop:
            answer["LastEvaluatedKey"] = {hash_name: found[-1][hash_name], sort_name: found[-1][sort_name]}
        return answer

    def scan(
        self,
        *,
        TableName: str,
        FilterExpression: str,
        ExpressionAttributeValues: Mapping[str, Any],
        ProjectionExpression: str | None = None,
    ) -> dict[str, Any]:
        wanted = _condition(FilterExpression)
        items = [item for part in self.partitions[TableName].values() for item in part.values()]
        found = [item for item in items if wanted(item, ExpressionAttributeValues)]
        return {"Items": [_projected(item, ProjectionExpression) for item in found]}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        ((table, request),) = RequestItems.items()
        seen = (self._seen(table, self._find(table, key)) for key in request["Keys"])
        found = [item for item in seen if item is not None]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        ((table, requests),) = RequestItems.items()
        for request in requests:
            if "PutRequest" in request:
                self._store(table, request["PutRequest"]["Item"])
            else:
                self._remove(table, request["DeleteRequest"]["Key"])
        return {"UnprocessedItems": {}}

    # --- storage

    def rows(self, table: str, partition: str) -> list[Item]:
        """A partition in the order of its sort key."""
        return list(self._walk(table, partition, None, True))

    def _walk(self, table: str, partition: str, start: Any, forward: bool) -> list[Item]:
        order = self._order.get((table, partition), [])
        if forward:
            keys = order if start is None else order[bisect.bisect_right(order, start) :]
        else:
            keys = (order if start is None else order[: bisect.bisect_left(order, start)])[::-1]
        items = self.partitions[table].get(partition, {})
        return [items[key] for key in keys]

    def _find(self, table: str, item: Item) -> Item | None:
        partition, sort = _key(table, item)
        return self.partitions[table].get(partition, {}).get(sort)

    def _store(self, table: str, item: Item) -> None:
        partition, sort = _key(table, item)
        items = self.partitions[table].setdefault(partition, {})
        if sort not in items:
            bisect.insort(self._order.setdefault((table, partition), []), sort)
        items[sort] = item

    def _remove(self, table: str, key: Item) -> Item | None:
        partition, sort = _key(table, key)
        old = self.partitions[table].get(partition, {}).pop(sort, None)
        if old is not None:
            self._order[(table, partition)].remove(sort)
        return old

    def _check(self, table: str, key: Item, expression: str | None, values: Mapping[str, Any], on_failure: str) -> None:
        old = self._find(table, key)
        if expression is not None and not _condition(expression)(old or {}, values):
            raise refusal("ConditionalCheckFailedException", old if on_failure == "ALL_OLD" else None)


def _key(table: str, item: Item) -> tuple[str, Any]:
    hash_name, sort_name = _KEYS[table]
    return item[hash_name]["S"], plain(item[sort_name])


def _projected(item: Item, expression: str | None) -> Item:
    return item if expression is None else {name: item[name] for name in expression.split(", ") if name in item}


@cache
def _condition(expression: str) -> Test:
    """A conjunction of simple terms."""
    terms = [_term(term) for term in expression.split(" AND ")]
    return lambda item, values: all(term(item, values) for term in terms)


def _term(text: str) -> Test:
    if match := re.fullmatch(r"attribute_exists\((\w+)\)", text):
        return lambda item, values, name=match[1]: name in item  # type: ignore[misc]
    if match := re.fullmatch(r"attribute_not_exists\((\w+)\)", text):
        return lambda item, values, name=match[1]: name not in item  # type: ignore[misc]
    if match := re.fullmatch(r"attribute_exists\((\w+)\.(#\w+)\)", text):
        outer, inner = match[1], match[2]
        return lambda item, values: outer in item and values[inner] in item[outer]["M"]
    if match := re.fullmatch(r"(\w+)\.(#\w+)\.(#\w+) < (:\w+)", text):
        return _nested_below(*match.groups())
    if match := re.fullmatch(r"\(attribute_not_exists\((\w+)\) OR (\1 <= :\w+)\)", text):
        name, bounded = match[1], _term(match[2])
        return lambda item, values: name not in item or bounded(item, values)
    if match := re.fullmatch(r"contains\((\w+), (:\w+)\)", text):
        return lambda item, values, n=match[1], v=match[2]: n in item and plain(values[v]) in plain(item[n])  # type: ignore[misc]
    if match := re.fullmatch(r"begins_with\((\w+), (:\w+)\)", text):
        return lambda item, values, n=match[1], v=match[2]: n in item and plain(item[n]).startswith(plain(values[v]))  # type: ignore[misc]
    if match := re.fullmatch(r"(\w+) (=|<|<=|>|>=) (:\w+)", text):
        compare = _COMPARE[match[2]]
        return lambda item, values, n=match[1], v=match[3]: n in item and compare(plain(item[n]), plain(values[v]))  # type: ignore[misc]
    raise NotImplementedError(f"condition {text!r}")


def _nested_below(outer: str, middle: str, inner: str, bound: str) -> Test:
    def test(item: Item, values: Mapping[str, Any]) -> bool:
        found = item.get(outer, {"M": {}})["M"].get(values[middle], {"M": {}})["M"].get(values[inner])
        return found is not None and plain(found) < plain(values[bound])

    return test


@cache
def _key_condition(expression: str, hash_name: str) -> tuple[str, Test]:
    """The placeholder of the partition's name, and the test of the rest."""
    first, _, rest = expression.partition(" AND ")
    match = re.fullmatch(rf"{hash_name} = (:\w+)", first)
    if match is None:
        raise NotImplementedError(f"key condition {expression!r}")
    return match[1], _condition(rest) if rest else (lambda item, values: True)


Change = Callable[[Item, Mapping[str, Any], Mapping[str, str]], None]


@cache
def _changes(expression: str) -> tuple[Change, ...]:
    parts = re.split(r"(?:^| )(SET|ADD|DELETE|REMOVE) ", expression)[1:]
    clauses = zip(parts[::2], parts[1::2], strict=True)
    return tuple(
        _change(clause, text.strip()) for clause, body in clauses for text in re.split(r",\s*(?![^(]*\))", body)
    )


def _change(clause: str, text: str) -> Change:
    if clause == "SET" and (match := re.fullmatch(r"([#\w]+) = (:\w+)", text)):
        target, value = match[1], match[2]
        return lambda item, values, names: item.__setitem__(names.get(target, target), values[value])
    if clause == "SET" and (match := re.fullmatch(r"(\w+)\.(#\w+) = if_not_exists\(\1\.\2, (:\w+)\)", text)):
        outer, inner, default = match[1], match[2], match[3]

        def set_inner(item: Item, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
            inside = dict(item[outer]["M"])
            inside.setdefault(names[inner], values[default])
            item[outer] = {"M": inside}

        return set_inner
    if clause == "SET" and (match := re.fullmatch(r"(\w+)\.(#\w+) = (:\w+)", text)):
        outer, inner, value = match[1], match[2], match[3]

        def put_inner(item: Item, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
            item[outer] = {"M": {**item[outer]["M"], names[inner]: values[value]}}

        return put_inner
    if clause == "REMOVE" and (match := re.fullmatch(r"(\w+)\.(#\w+)", text)):
        outer, inner = match[1], match[2]

        def remove_inner(item: Item, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
            item[outer] = {"M": {key: value for key, value in item[outer]["M"].items() if key != names[inner]}}

        return remove_inner
    if clause == "REMOVE" and re.fullmatch(r"\w+", text):
        return lambda item, values, names: item.pop(text, None) and None
    if clause in ("ADD", "DELETE") and (match := re.fullmatch(r"(\w+) (:\w+)", text)):
        return _set_change(clause, match[1], match[2])
    raise NotImplementedError(f"update {clause} {text!r}")


def _set_change(clause: str, name: str, value: str) -> Change:
    def change(item: Item, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        had, given = set(item.get(name, {"SS": []})["SS"]), set(values[value]["SS"])
        left = had | given if clause == "ADD" else had - given
        if left:
            item[name] = {"SS": sorted(left)}
        else:
            item.pop(name, None)

    return change
