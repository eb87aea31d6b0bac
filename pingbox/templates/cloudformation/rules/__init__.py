"""Mistakes that CloudFormation deploys without a word and that fail or cost later.

`serve` and `deploy` run the same rules over the same document: the template after SAM's translator. What a reader of a
resource needs to know anyway (a route's key, a stage's name, a permission) it checks itself; the rules are what nothing
here needs to know. They are pure: `check` runs them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pingbox.templates.cloudformation.rules import api, functions, permissions
from pingbox.templates.cloudformation.rules.reading import Broken, Resources
from pingbox.templates.document import Document
from pingbox.templates.findings import Findings

Rule = Callable[[Resources], Iterator[Broken]]

WARNINGS: tuple[Rule, ...] = (*api.WARNINGS, *functions.WARNINGS, *permissions.WARNINGS)
ADVICE: tuple[Rule, ...] = (*api.ADVICE, *functions.ADVICE, *permissions.ADVICE)


def check(document: Document, resources: Mapping[str, Any], findings: Findings) -> None:
    """Note whatever the rules find in one template. `resources` are those of it that exist."""
    judged = {str(name): entry for name, entry in resources.items() if isinstance(entry, Mapping)}
    for rules, note in ((WARNINGS, findings.warn), (ADVICE, findings.advise)):
        for rule in rules:
            for broken in rule(judged):
                place = document.place(("Resources", broken.logical_id))
                note(place, f"{broken.logical_id}: {broken.text}", broken.rule)
