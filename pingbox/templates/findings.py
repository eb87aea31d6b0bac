"""What reading an app notices besides what it reads: findings, and resources that do not exist locally."""

from __future__ import annotations

from dataclasses import dataclass, field

from pingbox.model.app import Ignored
from pingbox.model.findings import Finding, Level, SourcePosition


@dataclass
class Findings:
    """Collected in the order of reading. A sentence is kept once, however often it is noticed."""

    found: list[Finding] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def warn(self, place: SourcePosition | None, sentence: str, rule: str | None = None) -> None:
        """Note what AWS refuses or does otherwise. `place` is what it is about, None for the app as a whole."""
        self._add(Finding(Level.WARNING, place, sentence, rule))

    def advise(self, place: SourcePosition | None, sentence: str, rule: str | None = None) -> None:
        """Note what works and could be better on AWS."""
        self._add(Finding(Level.ADVICE, place, sentence, rule))

    def note(self, place: SourcePosition | None, sentence: str) -> None:
        """Note what is so on this machine only."""
        self._add(Finding(Level.LOCAL, place, sentence))

    def ignore(self, logical_id: str, type_: str, reason: str) -> None:
        """Note a resource without a local counterpart."""
        self.ignored.append(Ignored(logical_id, type_, reason))

    def _add(self, finding: Finding) -> None:
        if finding not in self.found:
            self.found.append(finding)
