"""What a function's role allows it, as its template declares it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. `actions` and `resources` are patterns with `*` and `?`; conditions are left out."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def allows(statements: Iterable[Statement], action: str, resource: str | None) -> bool:
    """Whether the statements allow `action` (`dynamodb:PutItem`) on `resource`, an ARN; None: on any resource at all.

    A statement that denies counts more than one that allows, as IAM has it; without a resource it is passed over.
    """
    allowed = False
    for statement in statements:
        if not any(_matches(pattern.lower(), action.lower()) for pattern in statement.actions):
            continue
        if resource is None:
            allowed = allowed or statement.allow
        elif any(_matches(pattern, resource) for pattern in statement.resources):
            if not statement.allow:
                return False
            allowed = True
    return allowed


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
