"""No worker outlives the emulator, not even after `kill -9`, and whatever it is written in."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

_SCRIPT = Path(__file__).with_name("reaper_process.py")


class Reaper:
    """A helper process that is told of every process group, and a folder for their temporary files that it deletes.

    Workers cannot be trusted to notice the emulator's end themselves: a handler may keep its process busy for ever, and
    custom runtimes know nothing of us.
    """

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="pingbox-functions-")
        self._process = subprocess.Popen(  # noqa: S603 -- our own script
            [sys.executable, "-I", "-S", str(_SCRIPT), self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            encoding="utf-8",
            errors="surrogateescape",  # as paths are given
            bufsize=1,
            start_new_session=True,  # Ctrl-C is not for it
        )

    def started(self, group: int) -> None:
        """A process group was started."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """It is gone; its number may soon be somebody else's."""
        self._tell(f"-{group}\n")

    def removed(self, folder: str) -> None:
        """An environment is removed, and what it started must end: it has `folder` for its temporary files."""
        self._tell(f"x{folder}\n")

    def close(self) -> None:
        """Let it clean up and end."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
        except BrokenPipeError:
            log.warning("the process that ends left-over workers is gone; after a crash, workers may stay behind")
