"""The postman of the cloud: boto3's `@connections` client behind the port."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from pingbox.handlers.ports import Delivery

WORKERS: Final = 32
_RETRIES: Final = 2  # after a 429, which means too fast or the client's buffer is full (MG-17)
_FIRST_PAUSE: Final = 0.05  # seconds; doubled for the second retry


class ManagementPostman:
    """Posts through a boto3 `apigatewaymanagementapi` client.

    The client must not retry by itself (`retries={"total_max_attempts": 1}`: its own retries of a 429 take about
    5 s, MG-21) and needs `max_pool_connections` of at least `WORKERS`. The threads start with the first post to many.
    """

    def __init__(self, client: Any, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._pause = pause
        self._pool: ThreadPoolExecutor | None = None

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        """See `ports.Postman.post`. The first id is posted before the others are begun."""
        if not connection_ids:
            return {}
        first, *others = connection_ids
        results = {first: self._post_one(frame, first)}
        if len(others) == 1:
            results[others[0]] = self._post_one(frame, others[0])
        elif others:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="postman")
            results |= zip(others, self._pool.map(partial(self._post_one, frame), others), strict=True)
        return results

    def close(self, connection_id: str) -> None:
        """See `ports.Postman.close`."""
        self._call(self._client.delete_connection, ConnectionId=connection_id)

    def is_open(self, connection_id: str) -> bool:
        """See `ports.Postman.is_open`."""
        return self._call(self._client.get_connection, ConnectionId=connection_id) is not Delivery.GONE

    def shut_down(self) -> None:
        """End the threads. Lambda never does; tests and long-lived processes do."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    def _post_one(self, frame: bytes, connection_id: str) -> Delivery:
        return self._call(self._client.post_to_connection, ConnectionId=connection_id, Data=frame)

    def _call(self, operation: Callable[..., Any], **arguments: Any) -> Delivery:
        for attempt in range(_RETRIES + 1):
            try:
                operation(**arguments)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                # By status: a 410 without x-amzn-ErrorType has no name (MG-20). 400: no gateway made this id (MG-11).
                if status in (400, 410):
                    return Delivery.GONE
                if status != 429 or attempt == _RETRIES:
                    return Delivery.FAILED
                self._pause(_FIRST_PAUSE * 2**attempt)
            except BotoCoreError:  # no network, time-out: the log is the truth, the client will see the gap
                return Delivery.FAILED
            else:
                return Delivery.DELIVERED
        return Delivery.FAILED
