"""The one record of what happened, with what caused what: the live log, the trace, the test kit and pages read it.

A frame causes an invocation, an invocation AWS calls, an AWS call posts, a post a frame:

    12 FrameReceived  ←  13 InvocationStarted  ←  14 AwsCalled PostToConnection  ←  15 FrameSent

The cause of what happens is found in the context in which it is recorded: whoever records something that causes more
leaves its number there, in `cause`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, NamedTuple

from pingbox.emulator.activity import (
    Activity,
    AwsCall,
    AwsCalled,
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    FunctionLog,
    InvocationEnded,
    InvocationStarted,
    Invoked,
    ManagementCalled,
)
from pingbox.emulator.clock import Clock

log = logging.getLogger(__name__)

MAX_ENTRIES = 10_000
MAX_BYTES = 32 * 1024 * 1024
_MAX_REQUESTS = 4_000
_MAX_DEPTH = 12  # of what is measured

cause: ContextVar[int | None] = ContextVar("cause", default=None)
"""The number of what causes that which happens in this context; None: nothing that was recorded."""

_CAUSING = Connected | Disconnected | FrameReceived | InvocationStarted


class Entry(NamedTuple):
    """Something that happened. `number` grows; `cause` is the number of what it came of, None if nothing did."""

    number: int
    cause: int | None
    activity: Activity


@dataclass(frozen=True)
class Ongoing:
    """An AWS call that has not been answered yet: the number of its entry to be, and the cause that was before it."""

    request_id: str
    number: int
    before: Token[int | None]


Subscriber = Callable[[Entry], None]
Kinds = tuple[type, ...] | None


class History:
    """Bounded: the oldest entries are forgotten beyond `max_entries`, or when their texts take about `max_bytes`.

    None keeps everything. It is an observer: call it with what happens, from any thread. What it holds may be read from
    any thread; `subscribe`d functions are called on the thread on which something happens, in the order of the entries.
    """

    def __init__(self, max_entries: int | None = MAX_ENTRIES, max_bytes: int | None = MAX_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: deque[tuple[Entry, int]] = deque()
        self._bytes = 0
        self._numbers = itertools.count(1)
        self._invocations: OrderedDict[str, int] = OrderedDict()  # request id -> number
        self._subscribers: tuple[tuple[Subscriber, Kinds], ...] = ()
        self._lock = threading.RLock()

    # --- writing ----------------------------------------------------------------------------------------------------

    def __call__(self, activity: Activity) -> None:
        """Record it. What it causes in this context from now on has it as its cause."""
        number = self.new_number()
        self._append(Entry(number, self._cause_of(activity), activity))
        if isinstance(activity, _CAUSING):
            cause.set(number)

    def new_number(self) -> int:
        """The number of an entry that will be recorded when it has ended, and may cause others until then."""
        return next(self._numbers)

    def record(self, number: int, activity: Activity) -> None:
        """Record what has a number already."""
        self._append(Entry(number, self._cause_of(activity), activity))

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        with self._lock:
            self._entries.clear()
            self._invocations.clear()
            self._bytes = 0

    def _cause_of(self, activity: Activity) -> int | None:
        match activity:
            case AwsCalled(request_id=request_id) | FunctionLog(request_id=request_id):
                return self._invocations.get(request_id)
            case InvocationEnded(request_id=request_id):
                return self._invocations.get(request_id)
            case Connected() | FrameReceived():
                return None
            case _:
                return cause.get()

    def _append(self, entry: Entry) -> None:
        size = _size(entry.activity) if self._max_bytes is not None else 0
        with self._lock:
            if isinstance(entry.activity, InvocationStarted):
                self._invocations[entry.activity.request_id] = entry.number
                if self._max_entries is not None and len(self._invocations) > _MAX_REQUESTS:
                    self._invocations.popitem(last=False)
            self._entries.append((entry, size))
            self._bytes += size
            while self._is_full():
                self._bytes -= self._entries.popleft()[1]
            for subscriber, kinds in self._subscribers:
                if kinds is None or isinstance(entry.activity, kinds):
                    _told(subscriber, entry)

    def _is_full(self) -> bool:
        if len(self._entries) <= 1:
            return False
        too_many = self._max_entries is not None and len(self._entries) > self._max_entries
        return too_many or (self._max_bytes is not None and self._bytes > self._max_bytes)

    # --- reading ----------------------------------------------------------------------------------------------------

    def entries(self, after: int = 0) -> list[Entry]:
        """What is remembered, of entries with a number above `after`, in the order in which they were recorded."""
        with self._lock:
            return [entry for entry, _ in self._entries if entry.number > after]

    def subscribe(self, subscriber: Subscriber, kinds: Kinds = None) -> Callable[[], None]:
        """Have `subscriber` called for each entry from now on, or only for those whose activity is of these classes.

        What is returned ends that. A subscriber that raises is logged, and harms nobody.
        """
        subscription = (subscriber, kinds)
        with self._lock:
            self._subscribers = (*self._subscribers, subscription)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(one for one in self._subscribers if one is not subscription)

        return unsubscribe

    async def follow(self, after: int = 0) -> AsyncIterator[Entry]:
        """What is remembered with a number above `after`, then everything that happens, until the caller stops.

        A caller that reads too slowly misses what is forgotten meanwhile: it sees a gap in the numbers.
        """
        loop = asyncio.get_running_loop()
        waiting: deque[Entry] = deque(maxlen=self._max_entries)
        arrived = asyncio.Event()

        def take(entry: Entry) -> None:
            waiting.append(entry)
            loop.call_soon_threadsafe(arrived.set)

        with self._lock:
            unsubscribe = self.subscribe(take)
            waiting.extend(self.entries(after))
        try:
            while True:
                while waiting:
                    yield waiting.popleft()
                arrived.clear()
                if not waiting:
                    await arrived.wait()
        finally:
            unsubscribe()

    def causes(self, number: int) -> list[Entry]:
        """The entry with this number and what led to it, the latest first, as far as it is remembered."""
        with self._lock:
            known = {entry.number: entry for entry, _ in self._entries}
        chain: list[Entry] = []
        wanted: int | None = number
        while wanted is not None and (entry := known.get(wanted)) is not None:
            chain.append(entry)
            wanted = entry.cause
        return chain


class RecordedCalls:
    """Records the AWS calls of functions in this process. As `CallObserver` has it."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    def calling(self, request_id: str) -> Ongoing:
        """From now on, what happens on this thread is caused by the call."""
        number = self._history.new_number()
        return Ongoing(request_id, number, cause.set(number))

    def called(self, ongoing: Ongoing, call: AwsCall) -> None:
        """It has been answered."""
        cause.reset(ongoing.before)
        self._history.record(ongoing.number, AwsCalled(self._clock.now(), ongoing.request_id, call))


def _told(subscriber: Subscriber, entry: Entry) -> None:
    try:
        subscriber(entry)
    except Exception:
        log.exception("a reader of the history failed on %s; the emulator goes on", type(entry.activity).__name__)


def _size(activity: Activity) -> int:
    """About how many bytes it takes: what is long is text that users wrote."""
    match activity:  # what comes with every receiver of every message first, and without a walk through all of it
        case FrameSent(text=text) | FrameReceived(text=text) | FunctionLog(line=text):
            return 500 + len(text)
        case ManagementCalled() | Connected() | Disconnected():
            return 500
        case InvocationStarted(event={"body": str(body)}):
            return 3000 + len(body)
        case Invoked(event={"body": str(body)}, outcome=outcome):
            return 3000 + len(body) + _length(outcome, _MAX_DEPTH)
        case _:
            return 500 + _length(vars(activity), _MAX_DEPTH)


def _length(value: Any, depth: int) -> int:
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if depth == 0:
        return 0
    if isinstance(value, dict):
        return sum(_length(one, depth - 1) for one in value.values())
    if isinstance(value, list | tuple):
        return sum(_length(one, depth - 1) for one in value)
    inner = getattr(value, "__dict__", None)
    return _length(inner, depth - 1) if inner else 8
