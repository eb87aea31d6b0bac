"""What both transactions share: the reasons of a cancellation, and the bound on their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, invalid

MAX_BYTES = 4 * 1024 * 1024

Reason = dict[str, Any]
NO_REASON: Reason = {"Code": "None"}


def reason_of(refusal: Refusal) -> Reason:
    """Why one member fails."""
    if refusal.code == "ConditionalCheckFailedException":
        return {"Code": "ConditionalCheckFailed", "Message": refusal.message, **refusal.details}
    if refusal.code == "DuplicateItemException":
        return {"Code": "DuplicateItem", "Message": refusal.message}
    return {"Code": "ValidationError", "Message": refusal.message}


def refuse_for(reasons: Sequence[Reason]) -> None:
    """Cancel the transaction when a member has a reason."""
    if any(reason["Code"] != "None" for reason in reasons):
        codes = ", ".join(reason["Code"] for reason in reasons)
        raise Refusal(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            CancellationReasons=list(reasons),
        )


def refuse_size(size: int) -> None:
    """Refuse items of more than 4 MB together."""
    if size > MAX_BYTES:
        raise invalid(f"Transaction payload size cannot exceed 4MB. Payload Size: {size}")
