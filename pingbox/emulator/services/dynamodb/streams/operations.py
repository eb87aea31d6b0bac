"""ListStreams, DescribeStream, GetShardIterator and GetRecords. A stream is one shard, which is never split."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.streams.log import Stream, StreamLog
from pingbox.emulator.services.dynamodb.streams.records import record_of, sequence_number, sequence_of

MAX_STREAMS = 100
MAX_RECORDS = 1000
PAGE_BYTES = 1024 * 1024
ITERATOR_SECONDS = 15 * 60.0

StreamOperation = Callable[[StreamLog, Request], dict[str, Any]]


def list_streams(log: StreamLog, request: Request) -> dict[str, Any]:
    limit = request.get("Limit", MAX_STREAMS)
    table = request.get("TableName")
    if table is not None and table.startswith("arn:"):
        table = table.rpartition(":table/")[2]
    found = [stream for stream in log.streams() if table is None or stream.table == table]
    start = request.get("ExclusiveStartStreamArn")
    if start is not None:
        at = _stream(log, start).number
        found = [stream for stream in found if stream.number > at]
    out: dict[str, Any] = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.table, "StreamLabel": stream.label}
            for stream in found[:limit]
        ]
    }
    if len(found) > limit:
        out["LastEvaluatedStreamArn"] = found[limit - 1].arn
    return out


def describe_stream(log: StreamLog, request: Request) -> dict[str, Any]:
    stream = _stream(log, request["StreamArn"])
    # AWS names the first number the shard could have; the oldest record may be gone by now.
    numbers = {"StartingSequenceNumber": sequence_number(log.oldest(stream.number) or log.sequence + 1)}
    if stream.closed is not None:
        numbers["EndingSequenceNumber"] = sequence_number(log.newest(stream.number) or log.sequence + 1)
    shard = {"ShardId": shard_id(stream), "SequenceNumberRange": numbers}
    return {
        "StreamDescription": {
            "StreamArn": stream.arn,
            "StreamLabel": stream.label,
            "StreamStatus": "ENABLED" if stream.closed is None else "DISABLED",
            "StreamViewType": stream.view,
            "CreationRequestDateTime": stream.created,
            "TableName": stream.table,
            "KeySchema": list(stream.keys),
            "Shards": [] if request.get("ExclusiveStartShardId") == shard["ShardId"] else [shard],
        }
    }


def get_shard_iterator(log: StreamLog, request: Request) -> dict[str, Any]:
    stream = _stream(log, request["StreamArn"])
    if request["ShardId"] != shard_id(stream):
        raise Refusal(
            "ResourceNotFoundException",
            f"Requested resource not found: Shard does not exist: {request['ShardId']} of stream {stream.arn}",
        )
    kind, number = request["ShardIteratorType"], request.get("SequenceNumber")
    if kind in ("TRIM_HORIZON", "LATEST"):
        if number is not None:
            raise invalid(f"SequenceNumber cannot be specified with ShardIteratorType {kind}")
        return {"ShardIterator": _iterator(log, stream, 0 if kind == "TRIM_HORIZON" else log.sequence)}
    if number is None:
        raise invalid(f"SequenceNumber must be specified with ShardIteratorType {kind}")
    sequence = sequence_of(number)
    if sequence is None or sequence > log.sequence:
        raise invalid(f"Invalid SequenceNumber: {number} is not one of shard {request['ShardId']}")
    after = sequence - 1 if kind == "AT_SEQUENCE_NUMBER" else sequence
    _refuse_trimmed(log, stream, after)
    return {"ShardIterator": _iterator(log, stream, after)}


def get_records(log: StreamLog, request: Request) -> dict[str, Any]:
    stream, after = _position(log, request["ShardIterator"])
    limit = min(request.get("Limit", MAX_RECORDS), MAX_RECORDS)
    records: list[dict[str, Any]] = []
    size = 0
    for row in log.since(stream.number, after, limit):
        if records and size + len(row.old or "") + len(row.new or "") > PAGE_BYTES:
            break
        size += len(row.old or "") + len(row.new or "")
        records.append(record_of(stream, row))
        after = row.sequence
    out: dict[str, Any] = {"Records": records}
    if stream.closed is None or log.since(stream.number, after, 1):
        out["NextShardIterator"] = _iterator(log, stream, after)
    return out


OPERATIONS: dict[str, StreamOperation] = {
    "DescribeStream": describe_stream,
    "GetRecords": get_records,
    "GetShardIterator": get_shard_iterator,
    "ListStreams": list_streams,
}


def shard_id(stream: Stream) -> str:
    """The id of the stream's only shard."""
    tail = hashlib.blake2b(stream.arn.encode(), digest_size=4).hexdigest()
    return f"shardId-{int(stream.created * 1000):020d}-{tail}"


def _stream(log: StreamLog, arn: str) -> Stream:
    for stream in log.streams():
        if stream.arn == arn:
            return stream
    raise Refusal("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")


def _iterator(log: StreamLog, stream: Stream, after: int) -> str:
    told = json.dumps([after, log.now]).encode()
    return f"{stream.arn}|1|{base64.b64encode(told).decode()}"


def _position(log: StreamLog, iterator: str) -> tuple[Stream, int]:
    arn, _, told = iterator.partition("|1|")
    try:
        after, made = json.loads(base64.b64decode(told, validate=True))
        after, made = int(after), float(made)
    except (ValueError, TypeError, binascii.Error):
        raise invalid("Invalid ShardIterator") from None
    stream = _stream(log, arn)
    if log.now - made > ITERATOR_SECONDS:
        raise Refusal("ExpiredIteratorException", "Iterator expired. The iterator was created more than 15 minutes ago")
    if after:
        _refuse_trimmed(log, stream, after)
    return stream, after


def _refuse_trimmed(log: StreamLog, stream: Stream, after: int) -> None:
    """Refuse to go on behind a record when the next one may be gone already."""
    if after < log.trimmed(stream.number):
        raise Refusal(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard (records are kept for 24 hours)",
        )
