"""What goes over DynamoDB's wire: requests and answers as the JSON protocol spells them, and refusals.

An attribute value is a dict of one entry, `{"S": "text"}`; binary is base64 text, as in the JSON of the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]
Request = Mapping[str, Any]

_NAMESPACE = "com.amazonaws.dynamodb.v20120810#"


@dataclass(frozen=True)
class Answer:
    """An HTTP status and the JSON object of the body; a refusal's body is `{"__type": ..., "message": ...}`."""

    status: int
    body: dict[str, Any]


class Refusal(Exception):  # noqa: N818 - an answer DynamoDB gives, not a fault of ours
    """DynamoDB says no. `code` is the exception's name in AWS's API, `details` are further members of the body."""

    def __init__(self, code: str, message: str, status: int = 400, **details: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details = details

    def answer(self) -> Answer:
        # AWS's own exceptions carry the service's namespace; those of the front end (validation) another one.
        namespace = "com.amazon.coral.validate#" if self.code == "ValidationException" else _NAMESPACE
        # Clients look for either spelling of the message: validation writes it small, the service large.
        return Answer(self.status, {"__type": namespace + self.code, "message": self.message, **self.details})


# How AWS begins refusals that its front end found; it depends on the operation and the error, not on a rule we know.
COUNTED = "1 validation error detected: "


def invalid(message: str) -> Refusal:
    """A `ValidationException`."""
    return Refusal("ValidationException", message)


def condition_failed(item: Item | None = None) -> Refusal:
    """A failed condition; `item` is what is there, when the caller asked for it."""
    details: dict[str, Any] = {"Item": item} if item else {}
    return Refusal("ConditionalCheckFailedException", "The conditional request failed", **details)


def no_such_table() -> Refusal:
    """What every operation on items says of an unknown table."""
    return Refusal("ResourceNotFoundException", "Requested resource not found")
