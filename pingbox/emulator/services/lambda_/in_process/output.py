"""What in-process handlers print and log, told apart by invocation.

`sys.stdout`, `sys.stderr` and the root logger belong to the whole process, so each is wrapped once and asks the current
thread whose output it carries. Threads that belong to no function write through as if nothing were there. What a
debugger prints goes to the terminal at once: `breakpoint()` in a handler is talked to, not logged.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TextIO, cast

from pingbox.emulator.services.lambda_.in_process.current import Execution, on_thread
from pingbox.emulator.services.lambda_.in_process.debugging import PROMPTS
from pingbox.emulator.services.lambda_.runtimes.python.logs import LambdaLogging

Write = Callable[[str], None]


class Lines:
    """Cuts what one invocation writes into lines, and hands each on (without its newline) once it is whole.

    Thread-safe: a handler's threads write here, too.
    """

    def __init__(self, request_id: str, write_line: Write) -> None:
        self.request_id = request_id
        self.write_line = write_line
        self._rest = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Take any piece of text."""
        with self._lock:
            *whole, self._rest = (self._rest + text).split("\n")
            for line in whole:
                self.write_line(line)

    def finish(self) -> None:
        """Hand on what came after the last newline."""
        if self._rest:
            self.write_line(self._rest)
            self._rest = ""


def _current_lines() -> Lines | None:
    execution = on_thread.execution
    return None if execution is None else execution.lines


class _Routed:
    """A text stream that asks the writing thread where its text belongs."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        lines = _current_lines()
        if lines is None or _asked_by_debugger():
            return self.stream.write(text)
        lines.write(text)
        return len(text)

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)  # flush, fileno, isatty, encoding, buffer …: the stream's own


def _asked_by_debugger() -> bool:
    """Whether the code that called `write` (or `print`) is a debugger's."""
    return sys._getframe(2).f_globals.get("__name__") in PROMPTS


class _HandlerLogging(LambdaLogging):
    """Lambda's logging handler, for records of threads that run a handler; as good as absent for all others."""

    def __init__(self) -> None:
        super().__init__(self._write_line, self._request_id)

    def handle(self, record: logging.LogRecord) -> bool:
        if _current_lines() is not None:
            return super().handle(record)
        # Being there, we keep Python from its own last resort, which shows warnings that nobody else handles.
        if logging.lastResort is not None and record.levelno >= logging.lastResort.level and self._is_alone(record):
            logging.lastResort.handle(record)
        return False

    def _is_alone(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return False
            logger = logger.parent
        return True

    def _write_line(self, line: str) -> None:
        if (lines := _current_lines()) is not None:
            lines.write_line(line)

    def _request_id(self) -> str:
        lines = _current_lines()
        return "" if lines is None else lines.request_id


class OutputRouting:
    """The wrapping of this process's output, shared by all who run handlers in it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        # `print` of Python before 3.13 borrows sys.stdout: if a test runner takes ours away while a handler prints,
        # and nobody else holds it, the interpreter crashes. So the latest ones are held here.
        self._wrapped: deque[_Routed] = deque(maxlen=64)
        self._logging = _HandlerLogging()

    def install(self) -> None:
        """Begin to route. Each `install` needs a `remove`."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                logging.getLogger().addHandler(self._logging)

    def remove(self) -> None:
        """Put things back once the last user is gone."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                logging.getLogger().removeHandler(self._logging)
                self._unwrap()

    def begin(self, execution: Execution, lines: Lines) -> None:
        """From now on, what the environment's threads write belongs to `lines`."""
        if type(sys.stdout) is not _Routed or type(sys.stderr) is not _Routed:
            self._wrap()
        execution.request_id = lines.request_id
        execution.lines = lines

    def end(self, execution: Execution) -> None:
        """The environment's handler is done."""
        lines, execution.lines = execution.lines, None
        if lines is not None:
            lines.finish()

    def _wrap(self) -> None:
        """Wrap whatever is there now: test runners exchange `sys.stdout` for each test and put their own back."""
        with self._lock:
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if stream is not None and type(stream) is not _Routed:
                    setattr(sys, name, cast(TextIO, self._routed(stream)))

    def _routed(self, stream: TextIO) -> _Routed:
        found = next((routed for routed in self._wrapped if routed.stream is stream), None)
        if found is None:
            found = _Routed(stream)
            self._wrapped.append(found)
        return found

    def _unwrap(self) -> None:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if type(stream) is _Routed:
                setattr(sys, name, stream.stream)


routing = OutputRouting()
