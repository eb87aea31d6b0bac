"""What a case works with: two tables, keys of its own, and short words for the common calls."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

T, H, L = "fidelity-ranged", "fidelity-hashed", "fidelity-local"


def S(text: str) -> dict[str, Any]:
    return {"S": text}


def N(number: object) -> dict[str, Any]:
    return {"N": str(number)}


@dataclass(frozen=True)
class Case:
    """One question; `aws` is the answer of AWS where it differs from DynamoDB Local's, `why` the source."""

    name: str
    run: Callable[[Bench], Any]
    aws: Any = None
    why: str = ""
    counted: bool = False
    code_only: bool = False

    def compared(self, answer: Any) -> Any:
        """The part of an answer that counts: all of it, or of an error only its code."""
        if self.code_only and isinstance(answer, dict) and "error" in answer:
            return answer["error"]
        return answer

    def expected(self, truth: Any) -> Any:
        """What AWS answers; `truth` is DynamoDB Local's answer."""
        if self.counted:
            return {**truth, "message": "1 validation error detected: " + truth["message"]}
        return truth if self.aws is None else self.aws

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


CASES: list[Case] = []


def case(
    name: str,
    *,
    aws: Any = None,
    error: tuple[str, str] | None = None,
    why: str = "",
    counted: bool = False,
    code_only: bool = False,
) -> Callable[[Callable[[Bench], Any]], Callable[[Bench], Any]]:
    """Register a case.

    `error` is short for an `aws` answer that is an error: its code and message. `counted`: AWS says what DynamoDB Local
    says, after the words `1 validation error detected: ` (as moto's tests that were verified against AWS have it).
    `code_only`: DynamoDB Local words this error in its own way; only the code is compared.
    """
    if error is not None:
        aws = {"error": error[0], "message": error[1]}

    def register(run: Callable[[Bench], Any]) -> Callable[[Bench], Any]:
        CASES.append(Case(name, run, aws, why, counted, code_only))
        return run

    return register


# What AWS says where DynamoDB Local says less: same exception, a fuller message.
FULLER = (
    "AWS names the attribute or limit in its message; observed messages as in the API's documentation and SDK issues"
)


def invalid(message: str) -> tuple[str, str]:
    return "ValidationException", message


@dataclass
class Bench:
    """A client and keys that no other case uses."""

    c: Any
    pk: str
    _more: int = field(default=0)

    def key(self, sk: str = "a") -> dict[str, Any]:
        return {"pk": S(self.pk), "sk": S(sk)}

    def put(self, sk: str = "a", **attributes: Any) -> dict[str, Any]:
        """Put an item into the ranged table and return its key."""
        self.c.put_item(TableName=T, Item={**self.key(sk), **attributes})
        return self.key(sk)

    def put_if(self, condition: str, values: dict[str, Any] | None = None, **more: Any) -> Any:
        """Put an item on a condition."""
        if values:
            more["ExpressionAttributeValues"] = values
        return self.c.put_item(TableName=T, Item={**self.key(), "put": N(1)}, ConditionExpression=condition, **more)

    def get(self, sk: str = "a") -> Any:
        item = self.c.get_item(TableName=T, Key=self.key(sk)).get("Item")
        return None if item is None else {n: v for n, v in item.items() if n not in ("pk", "sk")}

    def update(self, expression: str | None, values: dict[str, Any] | None = None, **more: Any) -> Any:
        """Update the item `a` of this case."""
        if expression is not None:
            more["UpdateExpression"] = expression
        if values:
            more["ExpressionAttributeValues"] = values
        return self.c.update_item(TableName=T, Key=more.pop("Key", self.key()), **more)

    def updated(self, expression: str, values: dict[str, Any] | None = None, **more: Any) -> Any:
        """Update, and return what the item is then, without its key."""
        self.update(expression, values, **more)
        return self.get()

    def query(self, condition: str = "pk=:p", values: dict[str, Any] | None = None, **more: Any) -> Any:
        given = {":p": S(self.pk), **(values or {})}
        used = {n: v for n, v in given.items() if n != ":p" or ":p" in condition}
        return self.c.query(
            TableName=more.pop("TableName", T), KeyConditionExpression=condition, ExpressionAttributeValues=used, **more
        )

    def sks(self, condition: str = "pk=:p", values: dict[str, Any] | None = None, **more: Any) -> list[str]:
        return [item["sk"]["S"] for item in self.query(condition, values, **more)["Items"]]

    def pages(self, condition: str = "pk=:p", **more: Any) -> list[list[str]]:
        """The sort keys of a whole query, page by page."""
        out: list[list[str]] = []
        while len(out) < 60:
            page = self.query(condition, **more)
            out.append([item["sk"]["S"] for item in page["Items"]])
            if "LastEvaluatedKey" not in page:
                return out
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        raise AssertionError("the query never ends")

    def fill(self, count: int, **attributes: Any) -> None:
        """Items 000, 001, ... of this case; four of them share each sort key of the index."""
        for i in range(count):
            self.put(f"{i:03}", n=N(i), gpk=S(self.pk), gsk=N(i // 4), **attributes)

    def transact(self, *members: dict[str, Any], **more: Any) -> Any:
        return self.c.transact_write_items(TransactItems=list(members), **more)

    def to_put(self, sk: str = "a", **more: Any) -> dict[str, Any]:
        """A Put as member of a transaction."""
        return {"Put": {"TableName": T, "Item": self.key(sk), **more}}

    def to_update(self, expression: str, values: dict[str, Any], sk: str = "a", **more: Any) -> dict[str, Any]:
        member = {"TableName": T, "Key": self.key(sk), "UpdateExpression": expression}
        return {"Update": {**member, "ExpressionAttributeValues": values, **more}}

    def failed(self, call: Callable[[], Any]) -> Any:
        """The error of a call that must fail."""
        try:
            return {"unexpected": plain(call())}
        except ClientError as problem:
            return told(problem)


def answer_of(case: Case, client: Any) -> Any:
    """What an engine answers to a case, as plain JSON."""
    try:
        return plain(case.run(Bench(client, case.slug)))
    except ClientError as problem:
        return told(problem)
    except ParamValidationError:
        return {"error": "ParamValidationError"}
    except LookupError as missing:  # the engine left out what the case looks at
        return {"error": f"left out: {missing}"}


def told(problem: ClientError) -> dict[str, Any]:
    response: dict[str, Any] = dict(problem.response)
    out = {"error": response["Error"]["Code"], "message": response["Error"]["Message"]}
    for detail in ("Item", "CancellationReasons"):
        if detail in response:
            out[detail] = plain(response[detail])
    return out


def plain(value: Any) -> Any:
    """JSON of an answer, comparable: sets in order, bytes as base64, no metadata of the transport."""
    if isinstance(value, dict):
        out = {name: plain(one) for name, one in value.items() if name != "ResponseMetadata"}
        for kind in ("SS", "NS", "BS"):
            if isinstance(out.get(kind), list):
                out[kind] = sorted(out[kind])
        return out
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _key(name: str, kind: str = "HASH") -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


def _typed(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def create_tables(client: Any) -> None:
    """The tables of the cases: ranged with a global index on all, hashed with keys only, ranged with a local index."""
    client.create_table(
        TableName=T,
        KeySchema=[_key("pk"), _key("sk", "RANGE")],
        AttributeDefinitions=_typed(pk="S", sk="S", gpk="S", gsk="N"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gix",
                "KeySchema": [_key("gpk"), _key("gsk", "RANGE")],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    client.create_table(
        TableName=H,
        KeySchema=[_key("id")],
        AttributeDefinitions=_typed(id="S", room="S"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {"IndexName": "byRoom", "KeySchema": [_key("room")], "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
    )
    client.create_table(
        TableName=L,
        KeySchema=[_key("pk"), _key("sk", "RANGE")],
        AttributeDefinitions=_typed(pk="S", sk="N", at="N"),
        BillingMode="PAY_PER_REQUEST",
        LocalSecondaryIndexes=[
            {
                "IndexName": "lix",
                "KeySchema": [_key("pk"), _key("at", "RANGE")],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]},
            }
        ],
    )
