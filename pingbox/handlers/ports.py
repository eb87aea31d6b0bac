"""What the handlers need of the world, so that a laptop or a test can hand in another one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeVar

from pingbox.handlers.fresh import Fresh
from pingbox.handlers.settings import Settings
from pingbox_core.identity.jwt import RsaKey

T = TypeVar("T")


class Delivery(Enum):
    """How a post to one connection ended."""

    DELIVERED = "delivered"  # the gateway took it (MG-31); nobody promises that the client got it
    GONE = "gone"  # 410: closed, never existed, or still opening (MG-10, CN-14)
    FAILED = "failed"  # throttled or broken; the client will notice the gap


class Postman(Protocol):
    """`@connections`, in the words of chat. Thread-safe."""

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        """Post one frame (UTF-8 JSON, at most 32,000 bytes) to each connection; a result for every id.

        Never raises for a connection's sake; one failure never stops the others.
        """
        ...

    def close(self, connection_id: str) -> None:
        """Close the socket if it is open (MG-34). Never raises for a connection's sake."""
        ...

    def is_open(self, connection_id: str) -> bool:
        """Whether the gateway knows the connection. When in doubt (throttled, broken): True."""
        ...


class FanoutInvoker(Protocol):
    """Start FanoutLambda and do not wait for it."""

    def __call__(self, payload: bytes) -> None: ...


class Dynamodb(Protocol):
    """The calls of a low-level boto3 DynamoDB client that the handlers use, with boto3's arguments and answers."""

    def get_item(self, **arguments: Any) -> dict[str, Any]: ...
    def put_item(self, **arguments: Any) -> dict[str, Any]: ...
    def update_item(self, **arguments: Any) -> dict[str, Any]: ...
    def delete_item(self, **arguments: Any) -> dict[str, Any]: ...
    def query(self, **arguments: Any) -> dict[str, Any]: ...
    def scan(self, **arguments: Any) -> dict[str, Any]: ...
    def batch_get_item(self, **arguments: Any) -> dict[str, Any]: ...
    def batch_write_item(self, **arguments: Any) -> dict[str, Any]: ...
    def transact_write_items(self, **arguments: Any) -> dict[str, Any]: ...


class Together(Protocol):
    """Run independent pieces of work and return their results in order; in parallel where that helps."""

    def __call__(self, work: Sequence[Callable[[], T]]) -> list[T]: ...


def one_after_another(work: Sequence[Callable[[], T]]) -> list[T]:
    """The plain `Together`: right for a laptop, where every call is answered in process."""
    return [piece() for piece in work]


def without_lock(room: str) -> AbstractContextManager[object]:
    """Writers of a room in different Lambda environments know nothing of each other: they race (`log`)."""
    return nullcontext()


class RoomLocks:
    """One lock per room, for functions that share a process: no writer loses a race that can be avoided."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}

    def __call__(self, room: str) -> AbstractContextManager[object]:
        return self._locks.setdefault(room, threading.Lock())


def no_issuer(*, newer: bool = False) -> Mapping[str, RsaKey]:
    """The keys where tokens of no issuer with public keys are taken; nobody asks for them."""
    raise RuntimeError("no issuer with public keys is set; nothing should ask for them")


def system_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def no_fanout(payload: bytes) -> None:
    """The invoker where there is no FanoutLambda; nobody asks it, because `fanout_function` is None then."""
    raise RuntimeError("there is no FanoutLambda: FANOUT_FUNCTION is empty, so every fan-out is inline")


@dataclass(frozen=True)
class Ports:
    """The world as one invocation sees it. Made once per environment and shared by all its invocations.

    `clock` in milliseconds since the epoch; `secret` returns the token secret and may read it from SSM the first
    time; `log` takes one flat record per invocation; `pause` waits seconds between tries; `alone(room)` is held while
    a row is put into the room's log; `issuer_keys` are the public keys of the issuer of tokens.
    """

    settings: Settings
    dynamodb: Dynamodb
    postman: Postman
    secret: Callable[[], bytes]
    log: Callable[[Mapping[str, Any]], None]
    fanout: FanoutInvoker = no_fanout
    clock: Callable[[], int] = system_clock
    fresh: Fresh = field(default_factory=Fresh)
    together: Together = one_after_another
    pause: Callable[[float], None] = time.sleep
    alone: Callable[[str], AbstractContextManager[object]] = without_lock
    issuer_keys: Callable[..., Mapping[str, RsaKey]] = no_issuer
