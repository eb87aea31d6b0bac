"""What is noticed while an app is read: each thing once, with the line it is about."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class SourcePosition:
    """A position in one of the app's files. `line` counts from 1; None when the position is not known."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        here = os.path.join(os.getcwd(), "")
        file = self.file.removeprefix(here)  # as the user would name it
        return file if self.line is None else f"{file}:{self.line}"


class Level(Enum):
    """How much a finding matters, and where."""

    WARNING = "warning"
    """AWS refuses it, or does something else than it seems to say."""
    ADVICE = "advice"
    """It works; it costs money, tells too much or allows too much."""
    LOCAL = "local"
    """It is so on this machine only: what was guessed, or is not done here."""


@dataclass(frozen=True)
class Finding:
    """One sentence about an app. `place` None is the app as a whole; `rule` names the rule that was broken, if any."""

    level: Level
    place: SourcePosition | None
    text: str
    rule: str | None = None

    def __str__(self) -> str:
        where = "" if self.place is None else f"{self.place}: "
        return f"{where}{self.text}" + ("" if self.rule is None else f" [{self.rule}]")
