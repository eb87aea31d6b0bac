"""Stream records as the Streams API and Lambda events have them (API reference, Streams: Record, StreamRecord)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pingbox.emulator.services.dynamodb.streams.log import EXPIRE, Row, Stream
from pingbox.emulator.services.dynamodb.values import item_size

EVENTS = ("INSERT", "MODIFY", "REMOVE", "REMOVE")

_FIRST = 10**20  # clients check that a sequence number has at least 21 digits


def sequence_number(sequence: int) -> str:
    """A sequence number in the API's form: 21 digits, in the order of the records."""
    return str(_FIRST + sequence)


def sequence_of(number: str) -> int | None:
    """The place of a sequence number, None for one that was never given."""
    return int(number) - _FIRST if number.isdecimal() and int(number) > _FIRST else None


def record_of(stream: Stream, row: Row) -> dict[str, Any]:
    """One record, in the JSON of the Streams API; `ApproximateCreationDateTime` is in whole seconds, as on AWS."""
    keys = json.loads(row.keys)
    images = {
        name: json.loads(text) for name, text in (("NewImage", row.new), ("OldImage", row.old)) if text is not None
    }
    out: dict[str, Any] = {
        "eventID": hashlib.blake2b(f"{stream.arn}/{row.sequence}".encode(), digest_size=16).hexdigest(),
        "eventName": EVENTS[row.event],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.arn.split(":")[3],
        "dynamodb": {
            "ApproximateCreationDateTime": int(row.at),
            "Keys": keys,
            **images,
            "SequenceNumber": sequence_number(row.sequence),
            "SizeBytes": item_size(keys) + sum(map(item_size, images.values())),
            "StreamViewType": stream.view,
        },
    }
    if row.event == EXPIRE:
        out["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    return out
