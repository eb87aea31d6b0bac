"""DynamoDB and DynamoDB Streams as a service of the port: their targets, and the bytes of their JSON protocol."""

from __future__ import annotations

import asyncio
import json
import uuid
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from pingbox.emulator.services.dynamodb.answers import Answer, Refusal
from pingbox.emulator.services.dynamodb.streams.operations import OPERATIONS as STREAM_OPERATIONS
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Target

TARGET = "DynamoDB_20120810"
STREAMS_TARGET = "DynamoDBStreams_20120810"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Engine(Protocol):
    """What answers: `LocalDynamoDB`, or something in front of it."""

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Blocks; any thread may call."""
        ...


class DynamoDBService:
    """`engine` behind the port. Requests over HTTP take their turn on one thread; `close` ends it."""

    name = "dynamodb"

    def __init__(self, engine: Engine) -> None:
        self.call = engine.call
        self._executor: ThreadPoolExecutor | None = None

    def matches(self, request: AwsRequest) -> bool:
        """Whether it is the tables' or the streams'; both sign with the same name."""
        target = request.target
        return target is not None and target.prefix in (TARGET, STREAMS_TARGET)

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """As `Service` has it."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pingbox-dynamodb")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._answer, request)

    def close(self) -> None:
        """Wait for what is being answered. Closing twice is fine."""
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None

    def _answer(self, request: AwsRequest) -> AwsResponse:
        assert request.target is not None
        try:
            parameters = json.loads(request.body or b"{}")
            if not isinstance(parameters, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError):  # not JSON, no object, or nested without end
            answer = Refusal("SerializationException", "The request body is not a JSON object").answer()
        else:
            answer = self._called(request.target, parameters)
        body = _encode(answer.body).encode()
        return AwsResponse(answer.status, _headers(body), body)

    def _called(self, target: Target, parameters: dict[str, Any]) -> Answer:
        if (target.prefix == STREAMS_TARGET) != (target.operation in STREAM_OPERATIONS):
            told = f"PingBox does not know the operation {target.operation} of {target.prefix}"
            return Refusal("UnknownOperationException", told).answer()
        return self.call(target.operation, parameters)


def _headers(body: bytes) -> dict[str, str]:
    """The headers that AWS's clients look at: they verify the checksum of the body."""
    return {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-RequestId": _request_id(),
        "x-amz-crc32": str(zlib.crc32(body)),
    }


def _request_id() -> str:
    """A request id in DynamoDB's form: 52 letters and digits."""
    return (uuid.uuid4().hex + uuid.uuid4().hex)[:52].upper()
