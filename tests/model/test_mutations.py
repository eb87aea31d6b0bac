"""The model is worth something: take away one rule, and it finds the harm within a few hundred schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pingbox_core import limits
from support.chat.model_client import Habits
from support.chat.model_dynamodb import refusal
from support.chat.model_schedule import ModelError, check

ENOUGH = 600
LIKELY = (0, 8, 188, 335, 484)  # seeds that noticed when this was written: a short cut, nothing more


class Mutant:
    """A DynamoDB that passes everything on, but for one operation."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._dynamodb, operation)


class TailWithoutCids(Mutant):
    """The tail's rows lose their cid on the way: the check for a duplicate finds nothing."""

    def query(self, **arguments: Any) -> Any:
        answer = self._dynamodb.query(**arguments)
        if arguments.get("Limit", 0) not in range(limits.SYNC_ROWS) or "seq >= :seq" not in _condition(arguments):
            return answer
        return answer | {"Items": [_without_cid(item) for item in answer["Items"]]}


class WinnerWithoutCid(Mutant):
    """The row that won the slot loses its cid on the way: a repeated write is not recognised."""

    def put_item(self, **arguments: Any) -> Any:
        try:
            return self._dynamodb.put_item(**arguments)
        except ClientError as error:
            if "Item" in error.response and "cid" in error.response["Item"]:
                error.response["Item"] = _without_cid(error.response["Item"])
            raise


class LateSubscription(Mutant):
    """Subscriptions are written only after the log was read: the order of I3 is turned round."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        self._late: list[Callable[[], Any]] = []

    def batch_write_item(self, **arguments: Any) -> Any:
        requests = next(iter(arguments["RequestItems"].values()))
        if any("DeleteRequest" in request for request in requests):
            return self._dynamodb.batch_write_item(**arguments)
        self._late.append(lambda: self._dynamodb.batch_write_item(**arguments))
        return {"UnprocessedItems": {}}

    def query(self, **arguments: Any) -> Any:
        answer = self._dynamodb.query(**arguments)
        if "LastEvaluatedKey" not in answer and arguments["KeyConditionExpression"].startswith("roomId"):
            late, self._late = self._late, []
            for write in late:
                write()
        return answer


class ReceiversBeforePut(Mutant):
    """The list of receivers is read once and kept: whoever joins later is not on it."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        self._kept: dict[str, Any] = {}

    def query(self, **arguments: Any) -> Any:
        if arguments.get("ProjectionExpression") != "connectionId, expiresAt":
            return self._dynamodb.query(**arguments)
        page = str((arguments["ExpressionAttributeValues"], arguments.get("ExclusiveStartKey")))
        if page not in self._kept:
            self._kept[page] = self._dynamodb.query(**arguments)
        return self._kept[page]


class NumbersFromNewest(Mutant):
    """A lost race is not seen: the put overwrites what is in the slot."""

    def put_item(self, **arguments: Any) -> Any:
        if arguments["TableName"] == "Messages" and arguments["Item"]["kind"]["S"] == "message":
            arguments.pop("ConditionExpression")
            arguments.pop("ReturnValuesOnConditionCheckFailure")
        return self._dynamodb.put_item(**arguments)


class OldTargets(Mutant):
    """Edits lose their number on the way: nobody notices that a message was read before its edit was visible."""

    def query(self, **arguments: Any) -> Any:
        answer = self._dynamodb.query(**arguments)
        return answer | {"Items": [_without_rev(item) for item in answer["Items"]]}


class TwoWrites(Mutant):
    """A change and its row are two writes, and an invocation may die in between."""

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> Any:
        change, event = (item["Put"] for item in TransactItems)
        self._dynamodb.transact_write_items(TransactItems=[{"Put": change}])
        return self._dynamodb.put_item(**event)


class KeptTexts(Mutant):
    """A deleted message keeps its text in the table."""

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> Any:
        change = TransactItems[0]["Put"]
        if "deleted" in change["Item"]:
            change = change | {"Item": change["Item"] | {"text": {"S": "still here"}}}
        return self._dynamodb.transact_write_items(TransactItems=[{"Put": change}, TransactItems[1]])


class MarksGoBack(Mutant):
    """A read marker is moved wherever the last frame that arrives says."""

    def update_item(self, **arguments: Any) -> Any:
        if "#seq" in arguments.get("ExpressionAttributeNames", {}):
            arguments["ConditionExpression"] = "attribute_exists(rooms.#room)"
        return self._dynamodb.update_item(**arguments)


class StaleReceivers(Mutant):
    """The list of receivers is read without asking for consistency."""

    def query(self, **arguments: Any) -> Any:
        if arguments.get("ProjectionExpression") == "connectionId, expiresAt":
            arguments["ConsistentRead"] = False
        return self._dynamodb.query(**arguments)


class StaleTail(Mutant):
    """The log is read without asking for consistency."""

    def query(self, **arguments: Any) -> Any:
        if arguments["KeyConditionExpression"].startswith("roomId"):
            arguments["ConsistentRead"] = False
        return self._dynamodb.query(**arguments)


class NoCleaning(Mutant):
    """What was subscribed stays so, whoever finds that the connection is gone."""

    def batch_write_item(self, **arguments: Any) -> Any:
        ((table, requests),) = arguments["RequestItems"].items()
        kept = [one for one in requests if "DeleteRequest" not in one]
        return self._dynamodb.batch_write_item(RequestItems={table: kept}) if kept else {}

    def delete_item(self, **arguments: Any) -> Any:
        if arguments["Key"]["topic"]["S"].startswith("room#"):
            raise refusal("ConditionalCheckFailedException")
        return self._dynamodb.delete_item(**arguments)


def _condition(arguments: dict[str, Any]) -> str:
    return str(arguments["KeyConditionExpression"])


def _without_rev(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "rev" or item["kind"]["S"] != "edit"}


def _without_cid(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"cid": {"S": "gone-gone"}} if "cid" in item else item


BROKEN: dict[str, dict[str, Any]] = {
    "no cid check in the tail": {"mutate": TailWithoutCids},
    "no cid check on the winner": {"mutate": WinnerWithoutCid},
    "no base rule": {"habits": Habits(keeps_base=False)},
    "seen is the highest, not the contiguous number": {"habits": Habits(seen_is_contiguous=False)},
    "the log is read before the subscription is written": {"mutate": LateSubscription},
    "the receivers are not read after the put": {"mutate": ReceiversBeforePut},
    "slots are overwritten": {"mutate": NumbersFromNewest},
    "an edit is told with what was read too early": {"mutate": OldTargets},
    "a change and its row are not one transaction": {"mutate": TwoWrites},
    "a deleted text is kept": {"mutate": KeptTexts},
    "a read marker goes back": {"mutate": MarksGoBack},
    "the receivers are read eventually": {"mutate": StaleReceivers},
    "the log is read eventually": {"mutate": StaleTail},
    "ghosts are not removed": {"mutate": NoCleaning},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_missing_rule_is_found(rule: str) -> None:
    """Within 600 schedules the model fails, names its seed and tells the schedule."""
    with pytest.raises(ModelError, match=r"(?s)seed \d+, Knobs.*schedule:\n"):
        _search(BROKEN[rule])


def _search(mutant: dict[str, Any]) -> None:
    for seed in (*LIKELY, *range(ENOUGH)):
        check(seed, **mutant)
