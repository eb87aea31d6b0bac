"""The part of IAM's policy language that an authorizer's answer uses: Allow and Deny with wildcards (AU-6 to AU-10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"})


class PolicyError(ValueError):
    """A policy that cannot be evaluated: not a policy, or one with parts that only real IAM knows."""


def allows(document: Any, action: str, resource: str) -> bool:
    """Whether some statement allows and none denies. Raises `PolicyError`."""
    effects = {effect for statement in _statements(document) if (effect := _effect(statement, action, resource))}
    return effects == {"Allow"}


def _statements(document: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("policyDocument has no Statement")
    for statement in _listed(document["Statement"]):
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError("a statement of the policy has no Effect of Allow or Deny")
        unknown = sorted(set(statement) - _MEMBERS)
        if unknown:
            raise PolicyError(f"the policy's statement has {unknown[0]!r}, which is not emulated")
        yield statement


def _effect(statement: dict[str, Any], action: str, resource: str) -> str | None:
    """The statement's effect if it speaks about this action on this resource."""
    matched = _covers(statement, "Action", action.lower(), lower=True) and _covers(statement, "Resource", resource)
    return str(statement["Effect"]) if matched else None


def _covers(statement: dict[str, Any], member: str, value: str, *, lower: bool = False) -> bool:
    negated = f"Not{member}" in statement
    patterns = _listed(statement.get(f"Not{member}" if negated else member))
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise PolicyError(f"a statement of the policy has no {member}")
    matched = any(_pattern(pattern.lower() if lower else pattern).fullmatch(value) for pattern in patterns)
    return matched != negated


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` is any text, slashes too, so `prod/*/*` needs two slashes and does not cover `prod/$connect` (AU-10)."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)
