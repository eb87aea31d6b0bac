"""The names by which `lambda:Invoke` knows a function: a name, a partial ARN or an ARN, with or without a qualifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pingbox.emulator.services.lambda_.details import LATEST

_NAME = re.compile(
    r"(?:(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d:)?"
    r"(?:\d{12}:)?(?:function:)?(?P<name>[a-zA-Z0-9_-]{1,140})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
# As the Lambda API quotes them in its refusals.
_NAME_RULE = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER_RULE = r"(|[a-zA-Z0-9$_-]+)"
_QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9_-]{1,128}")


class MalformedName(ValueError):  # noqa: N818 -- named as the API's ValidationException has it
    """The text is the refusal's."""


@dataclass(frozen=True)
class QualifiedName:
    """`qualifier` is a version's number, an alias or `$LATEST`; None if none was given."""

    name: str
    qualifier: str | None = None


def read_name(function: str, qualifier: str | None = None) -> QualifiedName:
    """What `FunctionName` and `Qualifier` of a request mean together. Raises `MalformedName` (LM-41)."""
    match = _NAME.fullmatch(function)
    if match is None:
        raise MalformedName(_violation(function, "functionName", _NAME_RULE))
    if qualifier and not _QUALIFIER.fullmatch(qualifier):
        raise MalformedName(_violation(qualifier, "qualifier", _QUALIFIER_RULE))
    if qualifier and match["qualifier"] not in (None, qualifier):
        raise MalformedName("The derived qualifier from the function name does not match the specified qualifier.")
    return QualifiedName(match["name"], qualifier or match["qualifier"])


def bare_name(function: str) -> str | None:
    """The name alone; None for what is no name of a function."""
    try:
        return read_name(function).name
    except MalformedName:
        return None


def version_of(qualifier: str | None, qualifiers: Mapping[str, str]) -> str | None:
    """The version that a qualifier means, None if there is no such version or alias.

    `qualifiers` are a function's published versions and aliases, each with the version's number.
    """
    return LATEST if qualifier in (None, LATEST) else qualifiers.get(qualifier or "")


def _violation(value: str, member: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {rule}"
    )
