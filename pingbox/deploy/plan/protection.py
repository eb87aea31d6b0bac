"""Whether a stage is protected: termination protection, retained tables, and no short cuts. Pure.

It is a property of the stack, remembered by a tag. Without one, every stage is protected but those whose name says that
they are for trying things out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.errors import DeployRefusedError

PROTECTION_TAG = "pingbox:protected"
_ON, _OFF = "true", "false"

_FOR_TRIALS = re.compile(
    r"(dev|devel|develop|development|test|tests|testing|preview|sandbox|demo|trial|try|tmp|temp|scratch|local|ci|e2e|pr|"
    r"feature|branch)(\d*|[_-][\w-]*)",
    re.IGNORECASE,
)


def protected_by_default(stage: str) -> bool:
    """Every stage but `dev`, `test`, `preview` and the like, also with a number or `-` or `_` behind it."""
    return _FOR_TRIALS.fullmatch(stage) is None


def is_protected(stack: Stack | None, stage: str, choice: bool | None = None) -> bool:
    """The choice of this run, else what the stack remembers, else termination protection, else the stage's name."""
    if choice is not None:
        return choice
    if stack is not None and PROTECTION_TAG in stack.tags:
        return stack.tags[PROTECTION_TAG] == _ON
    return (stack is not None and stack.protected) or protected_by_default(stage)


def protection_tag(protected: bool) -> dict[str, str]:
    """As it stands on the stack."""
    return {PROTECTION_TAG: _ON if protected else _OFF}


def refuse_short_cuts(stack_name: str, options: tuple[str, ...]) -> None:
    """`DeployRefusedError` for options that a protected stage does not take. Call it for protected stages only."""
    if options:
        raise DeployRefusedError(
            " ".join(options),
            f"not for {stack_name}, which is protected",
            "a stage for trying things out",
            "deploy without it, or take the protection away first: `pingbox deploy --no-protect`",
        )


# Type -> the property that protects a resource against deletion, and its values for on and off.
_PROPERTIES: Mapping[str, tuple[str, Any, Any]] = {
    "AWS::Cognito::UserPool": ("DeletionProtection", "ACTIVE", "INACTIVE"),
    "AWS::DSQL::Cluster": ("DeletionProtectionEnabled", True, False),
    "AWS::DocDB::DBCluster": ("DeletionProtection", True, False),
    "AWS::DynamoDB::Table": ("DeletionProtectionEnabled", True, False),
    "AWS::Neptune::DBCluster": ("DeletionProtection", True, False),
    "AWS::RDS::DBCluster": ("DeletionProtection", True, False),
    "AWS::RDS::DBInstance": ("DeletionProtection", True, False),
    "AWS::RDS::GlobalCluster": ("DeletionProtection", True, False),
}


def for_creation(template: Mapping[str, Any]) -> dict[str, Any] | None:
    """The template with every deletion protection off, for the first creation; None where nothing is protected.

    A creation that fails cannot take back what is protected already: it would stay as an orphan. A second change
    switches the protection on.
    """
    entries = {name: _unprotected(entry) for name, entry in template["Resources"].items()}
    return None if entries == template["Resources"] else {**template, "Resources": entries}


def _unprotected(entry: Any) -> Any:
    if not isinstance(entry, dict) or entry.get("Type") not in _PROPERTIES:
        return entry
    name, on, off = _PROPERTIES[entry["Type"]]
    properties = entry.get("Properties", {})
    if str(properties.get(name)).lower() != str(on).lower():
        return entry
    return {**entry, "Properties": {**properties, name: off}}
