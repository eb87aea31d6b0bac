"""Our own rules for WebSocket apps: mistakes that deploy without a word and fail later, and that no other tool sees.

A template is judged as a mapping with long-form functions. The rules are pure; `findings` runs them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pingbox.deploy.rules import api, functions, permissions
from pingbox.deploy.rules.reading import Finding

__all__ = ["RULES", "Finding", "findings"]

RULES: tuple[Callable[[Mapping[str, Any]], Iterator[Finding]], ...] = (*api.RULES, *functions.RULES, *permissions.RULES)


def findings(template: Mapping[str, Any]) -> list[Finding]:
    """Everything the rules find, in the order of the rules. An empty list is a clean template."""
    resources = {name: entry for name, entry in template["Resources"].items() if isinstance(entry, Mapping)}
    return [finding for rule in RULES for finding in rule(resources)]
