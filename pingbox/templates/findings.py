"""What reading an app notices besides what it reads: warnings, and resources that do not exist locally."""

from __future__ import annotations

from dataclasses import dataclass, field

from pingbox.model.app import Ignored
from pingbox.templates.errors import Place


@dataclass
class Findings:
    """Collected in the order of reading. `warn` keeps one sentence once, however often it is noticed."""

    warnings: list[str] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def warn(self, place: Place | None, sentence: str) -> None:
        """Note a sentence, with the place it is about (None for the app as a whole)."""
        text = sentence if place is None else f"{place}: {sentence}"
        if text not in self.warnings:
            self.warnings.append(text)

    def ignore(self, logical_id: str, type_: str, reason: str) -> None:
        """Note a resource without a local counterpart."""
        self.ignored.append(Ignored(logical_id, type_, reason))
