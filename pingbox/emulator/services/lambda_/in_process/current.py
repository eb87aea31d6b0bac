"""Which environment's code runs on a thread of this process.

A handler that starts threads (`ThreadPoolExecutor`, for instance) is not left alone in them: they belong to the
environment, see its variables, and what they print and call is the current invocation's, as on Lambda. For that
`threading.Thread.start` is wrapped while there are functions in this process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pingbox.emulator.activity import AwsCall
    from pingbox.emulator.history import Ongoing
    from pingbox.emulator.services.lambda_.in_process.output import Lines


class CallObserver(Protocol):
    """Who is told of the AWS calls that code in this process makes, on the calling thread."""

    def calling(self, request_id: str) -> Ongoing:
        """A call is about to be made by this invocation. What this raises goes to the caller."""
        ...

    def called(self, ongoing: Ongoing, call: AwsCall) -> None:
        """It has been answered, or refused. What this raises goes to the caller."""
        ...


class Execution:
    """An environment, as its threads share it.

    `variables` is what `os.environ` shows, None for the process's own; `lines` the output of the invocation that runs
    now, None between two; `request_id` is that invocation's, the latest one's between two.
    """

    __slots__ = ("lines", "observer", "request_id", "variables")

    def __init__(self, variables: dict[str, str] | None = None, observer: CallObserver | None = None) -> None:
        self.variables = variables
        self.observer = observer
        self.lines: Lines | None = None
        self.request_id = ""


class _OnThread(threading.local):
    execution: Execution | None = None


on_thread = _OnThread()


class Inheritance:
    """The wrapping of `threading.Thread.start`, shared by all who run functions in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._original = threading.Thread.start

    def install(self) -> None:
        """Begin to hand environments on to new threads. Each `install` needs a `remove`."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._original = threading.Thread.start
                threading.Thread.start = self._wrapped()  # type: ignore[method-assign, assignment]

    def remove(self) -> None:
        """Put the original back once the last user is gone."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                threading.Thread.start = self._original  # type: ignore[method-assign]

    def _wrapped(self) -> Callable[[threading.Thread], None]:
        original = self._original

        def start(thread: threading.Thread) -> None:
            if (execution := on_thread.execution) is not None:
                _hand_on(execution, thread)
            original(thread)

        return start


def _hand_on(execution: Execution, thread: threading.Thread) -> None:
    def run_in_environment() -> None:
        del thread.run  # its class's again: no cycle is left behind
        on_thread.execution = execution
        thread.run()

    thread.run = run_in_environment  # type: ignore[method-assign]


inheritance = Inheritance()
