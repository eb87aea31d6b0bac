"""What PutItem, UpdateItem, DeleteItem, batches and transactions share: one write, in steps."""

from __future__ import annotations

from collections.abc import Callable

from pingbox.emulator.services.dynamodb.answers import Item, Refusal, Request, condition_failed, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.conditions import Condition
from pingbox.emulator.services.dynamodb.expressions.paths import Placeholders
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.expressions.updates import Update
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, json_text
from pingbox.emulator.services.dynamodb.values import ITEM_LIMIT, item_size

_EXPRESSIONS = frozenset(
    {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "Expected", "ConditionalOperator"}
)
_NO_SCOPE = Placeholders({}, {})


class Write:
    """One write that was understood: which item, on what condition, and what becomes of it.

    The steps are apart because a transaction checks all its members before it performs one: `load`, `check`, `perform`.
    """

    def __init__(
        self,
        table: ItemTable,
        key: tuple[bytes, bytes],
        condition: Condition | None,
        scope: Placeholders,
        becomes: Callable[[Item | None], Item | None],
        *,
        tells: bool = False,
        update: Update | None = None,
        text: str | None = None,
        failure: Callable[[Item | None], Refusal] = condition_failed,
    ) -> None:
        self.table = table
        self.key = key
        self.update = update
        self.scope = scope
        self._condition = condition
        self._becomes = becomes
        self._tells = tells
        self._text = text
        self._failure = failure

    def load(self) -> Item | None:
        """The item as it is now."""
        return self.table.get(*self.key)

    def check(self, old: Item | None) -> None:
        """Refuse when the condition does not hold for `old`."""
        if self._condition is not None and not self._condition.holds(old, self.scope):
            raise self._failure(old if self._tells else None)

    def perform(self, old: Item | None, meter: Meter | None) -> Item | None:
        """Write what becomes of `old`, and return it (None: deleted)."""
        new = self._becomes(old)
        h, r = self.key
        if new is not None:
            text = self._text
            if text is None:
                text = json_text(new)
                check_size(new, text, "Item size to update has exceeded the maximum allowed size")
            self.table.put(h, r, new, old, text)
        elif old is not None:
            self.table.delete(h, r, old)
        if meter is not None:
            meter.write(self.table.schema, old, new)
        return new


def condition_of(request: Request, *, counted: bool = False) -> tuple[Condition | None, Placeholders]:
    """The condition of a put, a delete or a check, and what its placeholders stand for."""
    if _EXPRESSIONS.isdisjoint(request):
        return None, _NO_SCOPE
    expressions = Expressions(request, counted=counted)
    condition = expressions.condition("ConditionExpression")
    expressions.finish()
    return condition, expressions.scope


def metered(request: Request) -> Meter | None:
    """What counts the capacity of a write, None when nobody asks for it."""
    return Meter(wanted(request)) if "ReturnConsumedCapacity" in request else None


def returned_values(request: Request, *allowed: str) -> str:
    value = request.get("ReturnValues", "NONE")
    if value == "NONE" or value in allowed:
        return str(value)
    raise invalid("Return values set to invalid value")


def shows_item(request: Request) -> bool:
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"


def check_size(item: Item, text: str, message: str) -> None:
    """Refuse an item above DynamoDB's 400 KB; `text` is its JSON, which is never shorter (in bytes) than the item."""
    if len(text) > ITEM_LIMIT // 4 and item_size(item) > ITEM_LIMIT:
        raise invalid(message)
