"""Requests drawn at random, right and wrong ones, and what DynamoDB Local answered to each.

`python -m support.dynamodb.drawn` in `tests` asks DynamoDB Local and writes `drawn.json`. The draw is the same each
time; every request runs on what the ones before it left behind.
"""

# ruff: noqa: E501, RUF005 - these are tables of fragments

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.dynamodb.dynamodb_local import DynamoDBLocal

ANSWERS = Path(__file__).with_name("drawn.json")
COUNT = 1500
TABLE = "drawn"

Request = dict[str, Any]

CREATE: Request = {
    "TableName": TABLE,
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("p", "S"), ("r", "N"), ("g", "S"), ("l", "S"))
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "keys",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "local",
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
        }
    ],
}

VALUES: list[Any] = [
    {"S": "a"}, {"S": ""}, {"N": "1"}, {"N": "-2.5"}, {"N": "1000"}, {"B": "AQI="}, {"BOOL": True}, {"NULL": True},
    {"L": [{"N": "1"}, {"S": "x"}]}, {"L": []}, {"M": {"c": {"N": "1"}}}, {"SS": ["a", "b"]}, {"NS": ["1", "2"]},
    {"BS": ["AQI="]},
]  # fmt: skip
WRONG_VALUES: list[Any] = [
    {"N": "x"}, {"N": ""}, {"N": "1E126"}, {"N": "1E-131"}, {"N": "1" * 39}, {"SS": []}, {"NS": ["1", "1.0"]},
    {"SS": ["a", "a"]}, {"NULL": False}, {}, {"M": {"": {"S": "x"}}},
]  # fmt: skip
PATHS = ["n", "m.c", "m", "l2[0]", "l2", "s", "t", "#n", "#m.c", "zz", "zz.y", "name", "_n", "n..c", "l2[x]", "p", "g"]
OPERANDS = [":a", ":b", ":u", "n", "m.c", "size(t)", "size(l2)", "size(:a)", "#n"]


class Draw:
    """Draws requests; each knows the table and a few attributes of few items, so that they meet."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def requests(self, count: int) -> Iterator[tuple[str, Request]]:
        for _ in range(count):
            yield self._one()

    def _one(self) -> tuple[str, Request]:
        draw: Callable[[], tuple[str, Request]] = self._pick(
            [self._put, self._put, self._update, self._update, self._delete, self._get, self._query, self._query]
            + [self._scan, self._transact, self._batch, self._legacy, self._partiql, self._partiql]
        )
        return draw()

    def _pick(self, choices: list[Any]) -> Any:
        return self._random.choice(choices)

    def _rarely(self, often: float = 0.08) -> bool:
        return self._random.random() < often

    def _value(self) -> Any:
        return self._pick(WRONG_VALUES if self._rarely(0.05) else VALUES)

    def _key(self) -> Request:
        if self._rarely():
            return self._pick(
                [{}, {"p": {"S": "a"}}, {"p": {"N": "1"}, "r": {"N": "1"}}, {"p": {"S": ""}, "r": {"N": "1"}}]
                + [{"p": {"S": "a"}, "r": {"N": "1"}, "x": {"S": "a"}}, {"p": {"S": "a"}, "r": {"S": "1"}}]
            )
        return {"p": {"S": self._pick(["a", "b"])}, "r": {"N": self._pick(["1", "2", "-1", "1.0"])}}

    def _item(self) -> Request:
        names = self._random.sample(["n", "m", "l2", "s", "t"], self._random.randint(0, 4))
        item = {**self._key(), **{name: self._value() for name in names}}
        if self._rarely(0.4):
            item["g"] = self._pick([{"S": "a"}, {"S": "b"}, {"S": "b"}, {"N": "1"}, {"S": ""}])
        if self._rarely(0.4):
            item["l"] = self._pick([{"S": "a"}, {"S": "b"}, {"S": "b"}, {"N": "1"}])
        return item

    def _test(self) -> str:
        path, one, two = self._pick(PATHS[:10]), self._pick(OPERANDS), self._pick(OPERANDS)
        if self._rarely(0.05):
            path = self._pick(PATHS)
        return str(
            self._pick(
                [f"{path} = {one}", f"{path} <> {one}", f"{path} < {one}", f"{one} >= {path}"]
                + [f"{path} BETWEEN {one} AND {two}", f"{path} IN ({one}, {two})", f"contains({path}, {one})"]
                + [f"attribute_exists({path})", f"attribute_not_exists({path})", f"begins_with({path}, {one})"]
                + [f"attribute_type({path}, :t)", f"NOT {path} = {one}", f"({path} = {one})"]
                + ([f"(({path} = {one}))", f"{path} == {one}", f"attribute_exist({path})"] if self._rarely() else [])
            )
        )

    def _condition(self) -> str:
        tests = [self._test() for _ in range(self._random.randint(1, 3))]
        return f" {self._pick(['AND', 'OR', 'and'])} ".join(tests)

    def _names_and_values(self, *texts: str | None) -> Request:
        """The placeholders that the texts use, now and then one less or one more."""
        text = " ".join(one for one in texts if one)
        values = {name: self._value() for name in (":a", ":b", ":u") if name in text}
        if ":t" in text:
            values[":t"] = self._pick([{"S": "S"}, {"S": "N"}, {"S": "L"}, {"S": "NOPE"}, {"N": "1"}])
        names = {name: name[1:] for name in ("#n", "#m") if name in text}
        if self._rarely(0.04):
            values[":more"] = {"S": "x"}
        if self._rarely(0.04) and values:
            values.popitem()
        out: Request = {}
        if names:
            out["ExpressionAttributeNames"] = names
        if values:
            out["ExpressionAttributeValues"] = values
        return out

    def _maybe_condition(self) -> Request:
        if not self._rarely(0.5):
            return {}
        condition = self._condition()
        return {"ConditionExpression": condition, **self._names_and_values(condition)}

    def _put(self) -> tuple[str, Request]:
        return "PutItem", {
            "TableName": TABLE,
            "Item": self._item(),
            **self._maybe_condition(),
            **({"ReturnValues": self._pick(["ALL_OLD", "NONE", "ALL_NEW"])} if self._rarely(0.2) else {}),
        }

    def _delete(self) -> tuple[str, Request]:
        return "DeleteItem", {"TableName": TABLE, "Key": self._key(), **self._maybe_condition()}

    def _get(self) -> tuple[str, Request]:
        request: Request = {"TableName": TABLE, "Key": self._key()}
        if self._rarely(0.5):
            paths = ", ".join(self._random.sample(PATHS[:8], 2))
            request |= {"ProjectionExpression": paths, **self._names_and_values(paths)}
        return "GetItem", request

    def _change(self) -> str:
        path, one, two = self._pick(PATHS[:10]), self._pick([":a", ":b", "n", "m.c"]), self._pick([":a", ":b", "n"])
        if self._rarely(0.05):
            path = self._pick(PATHS)
        return str(
            self._pick(
                [f"SET {path} = {one}", f"SET {path} = {one} + {two}", f"SET {path} = {one} - {two}"]
                + [f"SET {path} = if_not_exists({path}, {one})", f"SET {path} = list_append({path}, {one})"]
                + [f"SET {path} = list_append({one}, if_not_exists({path}, {two}))", f"SET a = {one} REMOVE {path}"]
                + [
                    f"SET a = :a ADD {path} {self._pick([':a', ':b'])}",
                    f"SET a = :a DELETE {path} :b",
                    f"SET a = {one}, {path} = {two}",
                ]
                + (
                    [f"SET {path} {one}", f"SET {path} = {one} SET n = {two}", f"UPSERT {path}"]
                    if self._rarely()
                    else []
                )
            )
        )

    def _update(self) -> tuple[str, Request]:
        change = self._change()
        condition = self._condition() if self._rarely(0.3) else None
        request: Request = {"TableName": TABLE, "Key": self._key(), "UpdateExpression": change}
        if condition:
            request["ConditionExpression"] = condition
        return "UpdateItem", {**request, **self._names_and_values(change, condition)}

    def _query(self) -> tuple[str, Request]:
        index = self._pick([None, None, "keys", "local", "nope"] if self._rarely(0.1) else [None, "keys", "local"])
        key = {"keys": "g = :a", "local": "p = :a AND l >= :b"}.get(str(index), "p = :a AND r >= :b")
        if self._rarely(0.3):
            key = self._pick(
                ["p = :a", "g = :a", "p = :a AND r BETWEEN :b AND :b", "p > :a", "r = :b", "p = :a OR r = :b"]
                + ["p = :a AND begins_with(l, :b)", "p = :a AND begins_with(r, :b)", ":a = p", "p = :a AND p = :b"]
            )
        values: Request = {":a": {"S": self._pick(["a", "b"])}, ":b": {"N": "0"}}
        if index == "local":
            values[":b"] = {"S": "a"}
        if self._rarely():
            values[":a"] = self._value()
        used = {name: value for name, value in values.items() if name in key}
        request: Request = {"TableName": TABLE, "KeyConditionExpression": key, "ExpressionAttributeValues": used}
        if index:
            request["IndexName"] = index
        if self._rarely(0.3):
            request["FilterExpression"] = self._pick(
                ["n > :f", "attribute_exists(n)", "p = :f", "zz = :f", "contains(s, :f)"]
            )
            if ":f" in request["FilterExpression"]:
                used[":f"] = self._value()
        if self._rarely(0.3):
            request["ProjectionExpression"] = self._pick(["p, r", "p, n", "g", "m.c", "p, p"])
        return "Query", {**request, **self._paging(index)}

    def _paging(self, index: str | None) -> Request:
        more: Request = {}
        if self._rarely(0.3):
            more["Limit"] = self._pick([1, 2, 5, 0])
        if self._rarely(0.15):
            more["ScanIndexForward"] = False
        if self._rarely(0.2):
            more["Select"] = self._pick(["COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"])
        if self._rarely(0.1):
            more["ConsistentRead"] = True
        if self._rarely(0.1):
            extra: Request = {"g": {"S": "a"}} if index == "keys" else {"l": {"S": "a"}} if index == "local" else {}
            more["ExclusiveStartKey"] = {**self._key(), **extra}
        return more

    def _scan(self) -> tuple[str, Request]:
        request: Request = {"TableName": TABLE}
        index = self._pick([None, "keys", "local"])
        if index:
            request["IndexName"] = index
        if self._rarely(0.5):
            condition = self._condition()
            request |= {"FilterExpression": condition, **self._names_and_values(condition)}
        more = self._paging(index)
        more.pop("ScanIndexForward", None)
        more.pop("Limit", None)  # the order of a scan is DynamoDB's own
        more.pop("ExclusiveStartKey", None)
        return "Scan", {**request, **more}

    def _member(self) -> Request:
        kind, (_, request) = self._pick([("Put", self._put()), ("Update", self._update()), ("Delete", self._delete())])
        request.pop("ReturnValues", None)
        return {kind: request}

    def _transact(self) -> tuple[str, Request]:
        members = [self._member() for _ in range(self._random.randint(1, 3))]
        return "TransactWriteItems", {"TransactItems": members}

    def _batch(self) -> tuple[str, Request]:
        members: list[Request] = [
            {"PutRequest": {"Item": self._item()}} if self._rarely(0.6) else {"DeleteRequest": {"Key": self._key()}}
            for _ in range(self._random.randint(1, 3))
        ]
        return "BatchWriteItem", {"RequestItems": {TABLE: members}}

    def _comparison(self) -> Request:
        operator = self._pick(
            ["EQ", "NE", "LT", "GE", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN", "BETWEEN", "NULL"]
        )
        count = {"NULL": 0, "BETWEEN": 2, "IN": 2}.get(operator, 1)
        if self._rarely():
            count = self._pick([0, 1, 2])
        value = self._value()
        return {"ComparisonOperator": operator, **({"AttributeValueList": [value] * count} if count else {})}

    def _legacy(self) -> tuple[str, Request]:
        name = self._pick(["n", "s", "t", "zz", "p"])
        which = self._random.randint(0, 3)
        if which == 0:
            expected: Request = self._pick(
                [{"Exists": False}, {"Value": self._value()}, self._comparison(), {"Exists": True}, {}]
            )
            return "PutItem", {"TableName": TABLE, "Item": self._item(), "Expected": {name: expected}}
        if which == 1:
            action = self._pick(["PUT", "ADD", "DELETE"])
            update: Request = {"Action": action, **({} if self._rarely(0.3) else {"Value": self._value()})}
            return "UpdateItem", {
                "TableName": TABLE,
                "Key": self._key(),
                "AttributeUpdates": {name: update, "x": {"Value": {"N": "1"}}},
            }
        if which == 2:
            conditions: Request = {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}
            if self._rarely(0.5):
                conditions["r"] = self._comparison()
            request: Request = {"TableName": TABLE, "KeyConditions": conditions}
            if self._rarely(0.4):
                request["QueryFilter"] = {name: self._comparison()}
            return "Query", request
        return "Scan", {"TableName": TABLE, "ScanFilter": {name: self._comparison()}}

    def _partiql(self) -> tuple[str, Request]:
        name, number = self._pick(["a", "b"]), self._pick(["1", "2", "-1"])
        key = f"p = '{name}' AND r = {number}"
        statement = self._pick(
            [f"SELECT * FROM {TABLE} WHERE {key}", f"SELECT n, m.c FROM \"{TABLE}\" WHERE p = '{name}'"]
            + [f"SELECT * FROM {TABLE} WHERE p = '{name}' AND r > 0 AND begins_with(t, 'a')"]
            + [
                f"SELECT * FROM {TABLE}.keys WHERE g = '{name}'",
                f"SELECT * FROM {TABLE} WHERE p = '{name}' ORDER BY r DESC",
            ]
            + [f"SELECT n FROM {TABLE} WHERE n = 1 OR contains(s, 'a')", f"SELECT * FROM {TABLE} WHERE n IS MISSING"]
            + [f"INSERT INTO {TABLE} VALUE {{'p': '{name}', 'r': {number}, 'n': 5}}"]
            + [
                f"UPDATE {TABLE} SET n = n + 1 WHERE {key}",
                f"UPDATE {TABLE} SET t = 'x' REMOVE zz WHERE {key} AND n > 0",
            ]
            + [f"DELETE FROM {TABLE} WHERE {key}", f"DELETE FROM {TABLE} WHERE {key} AND n = 5"]
            + (
                [
                    f"DELETE FROM {TABLE} WHERE p = 'a'",
                    f"SELECT * FRM {TABLE}",
                    f"UPDATE {TABLE} SET p = 'x' WHERE {key}",
                ]
            )
        )
        return "ExecuteStatement", {"Statement": statement}


def substance(status: int, body: Any) -> Any:
    """What is compared: the code of a refusal, or the items and attributes of an answer."""
    if status != 200:
        return str(body.get("__type", "")).rpartition("#")[2]
    kept = {name: body[name] for name in ("Item", "Items", "Attributes", "Count", "ScannedCount") if name in body}
    if isinstance(kept.get("Items"), list):
        kept["Items"] = sorted(
            (_sorted(item) for item in kept["Items"]), key=lambda item: json.dumps(item, sort_keys=True)
        )
    return json.loads(json.dumps(kept), object_hook=_sorted)


def _sorted(value: Request) -> Request:
    return {n: sorted(v) if n in ("SS", "NS", "BS") and isinstance(v, list) else v for n, v in value.items()}


def over_http(endpoint: str, operation: str, request: Request) -> tuple[int, Any]:
    """Ask without an SDK, which would not send what is wrong."""
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=s",
    }
    asked = urllib.request.Request(endpoint, json.dumps(request).encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def record() -> None:
    with DynamoDBLocal() as local:
        over_http(local.endpoint, "CreateTable", CREATE)
        answers = [
            substance(*over_http(local.endpoint, operation, request)) for operation, request in Draw(14).requests(COUNT)
        ]
    ANSWERS.write_text("[\n" + ",\n".join(json.dumps(answer, sort_keys=True) for answer in answers) + "\n]\n")
    print(f"{len(answers)} answers recorded in {ANSWERS}")


if __name__ == "__main__":
    record()
