"""The command in a process of its own that stands at a question until the test answers it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import TracebackType

from support.deploy.ministack import ROOT, Account
from support.waiting import until_sync

_SECONDS = 120


class Prompted:
    """One `pingbox` process. Use as a context manager; what still runs at the end is killed."""

    def __init__(self, account: Account, *arguments: str) -> None:
        environment = {**os.environ, **account.environment, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        environment.pop("AWS_PROFILE", None)
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from pingbox.cli import main; main()", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._heard = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return self._heard.decode(errors="replace")

    def asks(self, question: str) -> Prompted:
        """Wait for this text."""
        until_sync(lambda: question in self.output or self._ended(), f"the question {question!r}", within=_SECONDS)
        assert question in self.output, self.output
        return self

    def answer(self, text: str, code: int = 0) -> str:
        """Type a line, wait for the end; the exit code has to be `code`. The whole output."""
        self.type(text)
        assert self.end() == code, self.output
        return self.output

    def end(self) -> int:
        """Wait for the end; the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(_SECONDS)
        self._reader.join(_SECONDS)
        return code

    def type(self, text: str) -> Prompted:
        """Type a line that is not the last."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()
        return self

    def _ended(self) -> bool:
        return self._process.poll() is not None and not self._reader.is_alive()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := os.read(self._process.stdout.fileno(), 65_536):
            self._heard += piece

    def __enter__(self) -> Prompted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_SECONDS)
        self._reader.join(_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
