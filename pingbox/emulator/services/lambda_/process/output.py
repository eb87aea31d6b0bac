"""What a worker process writes to stdout and stderr, line by line."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable

_PIECE = 65_536
_LONGEST_LINE = 262_144  # characters; CloudWatch cuts its entries at 256 KB


class ProcessOutput:
    """A pipe: give `write_end` to the process, then call `started`. `on_line` gets lines without their newline."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_line: Callable[[str], None]) -> None:
        self._loop = loop
        self._on_line = on_line
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._open = True
        self._started = False

    def started(self) -> None:
        """The process has the write end; from now on, listen."""
        self._started = True
        os.close(self.write_end)
        self._loop.add_reader(self._read_end, self.drain)

    def drain(self) -> None:
        """Hand on everything written so far, without waiting for more."""
        while self._open:
            try:
                piece = os.read(self._read_end, _PIECE)
            except BlockingIOError:
                return
            if not piece:
                self.close()
                return
            self._take(self._decoder.decode(piece))

    def _take(self, text: str) -> None:
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._on_line(line)
        if len(self._rest) > _LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        """Hand on what came after the last newline."""
        if self._rest:
            line, self._rest = self._rest, ""
            self._on_line(line)

    def close(self) -> None:
        """Stop listening. What a grandchild still writes is lost."""
        if not self._open:
            return
        self._open = False
        self.flush()
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)
        if not self._started:
            os.close(self.write_end)
