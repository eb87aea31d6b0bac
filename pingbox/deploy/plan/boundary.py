"""A permissions boundary on every role of a template: it bounds whatever the role's policies say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pingbox.deploy.errors import DeployRefusedError

BOUNDARY_TAG = "pingbox:boundary"
# No comma, which IAM allows and a tag does not: the stack remembers the ARN by a tag.
_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/[\w+=.@/-]{1,512}")
_MAKES_A_ROLE = frozenset({"AWS::IAM::Role", "AWS::IAM::User"})
_MAKES_A_ROLE_UNLESS_GIVEN = frozenset({"AWS::Serverless::Function", "AWS::Serverless::StateMachine"})


def checked_boundary(arn: str | None) -> str | None:
    """The ARN. `DeployRefusedError` for anything but the ARN of a managed policy."""
    if arn is not None and not _ARN.fullmatch(arn):
        raise DeployRefusedError(
            "--permissions-boundary",
            repr(arn),
            "the ARN of a managed policy, like arn:aws:iam::123456789012:policy/pingbox-dev-boundary",
            "`pingbox policy --boundary` prints a policy for it",
        )
    return arn


def bounded(template: Mapping[str, Any], boundary: str) -> dict[str, Any]:
    """The template with the boundary on every role and user that it makes, itself or by SAM; one's own stays."""
    resources = {name: _bounded(entry, boundary) for name, entry in template["Resources"].items()}
    return {**template, "Resources": resources}


def _bounded(entry: Any, boundary: str) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    type_name, properties = entry.get("Type"), entry.get("Properties", {})
    makes = type_name in _MAKES_A_ROLE or (type_name in _MAKES_A_ROLE_UNLESS_GIVEN and "Role" not in properties)
    if not makes or "PermissionsBoundary" in properties:
        return entry
    return {**entry, "Properties": {**properties, "PermissionsBoundary": boundary}}
