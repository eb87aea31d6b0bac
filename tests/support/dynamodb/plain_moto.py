"""moto as it is, in memory, behind the same door as `LocalDynamoDB`: the other side of differential tests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from pingbox.emulator.services.dynamodb.answers import Answer, Refusal
from pingbox.emulator.services.dynamodb.moto.engine import Handler, jsonable, refusal_of
from pingbox.emulator.services.dynamodb.operations import snake


class _PlainHandler(Handler):
    """The way to call it, without what PingBox leaves out or says differently."""

    _validate_table_creation = DynamoHandler._validate_table_creation
    describe_limits = DynamoHandler.describe_limits


class PlainMoto:
    """One moto backend with its own storage; nothing of PingBox's but the way to call it."""

    def __init__(self) -> None:
        self._backend = DynamoDBBackend("us-east-1", "000000000000")

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        handler = _PlainHandler(self._backend, copy.deepcopy(dict(request)))
        try:
            result = getattr(handler, snake(operation))()
        except HTTPException as refused:
            return refusal_of(refused).answer()
        except ServiceException as refused:
            return Refusal(refused.code, refused.message).answer()
        except Exception as crash:
            return Refusal("InternalServerError", f"{type(crash).__name__}: {crash}", 500).answer()
        body = result.result if isinstance(result, ActionResult) else result
        return Answer(200, jsonable(body or {}))
