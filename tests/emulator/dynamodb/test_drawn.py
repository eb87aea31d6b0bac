"""1,500 requests drawn at random, right and wrong ones, answered as DynamoDB Local answered them.

Each exception has its reason. `python -m support.dynamodb.drawn` in `tests` records anew.
"""

from __future__ import annotations

import json
from typing import Any

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from support.dynamodb.drawn import ANSWERS, COUNT, CREATE, Draw, substance

Request = dict[str, Any]


def reason_to_differ(operation: str, request: Request, theirs: Any, ours: Any) -> str | None:
    """Why AWS's answer is ours and not DynamoDB Local's, None for a difference that nobody knows of."""
    statement = request.get("Statement", "")
    if (theirs, ours) == ("DuplicateItem", "DuplicateItemException"):
        return "API reference, ExecuteStatement: the exception is DuplicateItemException"
    if operation == "Scan" and request.get("IndexName") == "keys" and ours == "ValidationException":
        return "a filter on what a global index does not hold is refused, as in a query; DynamoDB Local finds nothing"
    if operation == "TransactWriteItems" and (theirs, ours) == ("ValidationException", "TransactionCanceledException"):
        return "API reference, TransactWriteItems: errors of updates are cancellation reasons"
    if operation == "TransactWriteItems" and '"1.0"' in json.dumps(request) and ours == "ValidationException":
        return "1 and 1.0 are one key: DynamoDB Local takes them for two items"
    if statement.startswith("UPDATE") and " SET p = " in statement and ours == "ValidationException":
        return "guide, ql-reference.update: a key cannot be updated, whether the item is there or not"
    return None


def test_what_was_drawn_is_answered_as_dynamodb_local_did() -> None:
    answers = json.loads(ANSWERS.read_text())
    assert len(answers) == COUNT
    local = LocalDynamoDB.open(None, clock=SystemClock())
    assert local.call("CreateTable", CREATE).status == 200
    unexplained, explained = [], 0
    for (operation, request), theirs in zip(Draw(14).requests(COUNT), answers, strict=True):
        answer = local.call(operation, request)
        ours = substance(answer.status, answer.body)
        assert answer.status in (200, 400), (operation, request, answer)
        if ours == theirs:
            continue
        if reason_to_differ(operation, request, theirs, ours) is None:
            unexplained.append((operation, request, theirs, ours, answer.body.get("message")))
        explained += 1
    local.close()
    assert unexplained == []
    assert explained < COUNT // 20, "too many exceptions to call the rest a comparison"


def test_the_draw_has_as_many_refusals_as_it_should() -> None:
    """A comparison of answers alone, or of refusals alone, would prove half."""
    refused = sum(isinstance(answer, str) for answer in json.loads(ANSWERS.read_text()))
    assert COUNT // 5 < refused < COUNT * 4 // 5
