"""`destroy --keep-data`: an update that gives everything that holds data the deletion policy `Retain`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.guard import refuse_changed
from pingbox.deploy.aws.watch import Watch
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.perform.destroy import Inventory, take_inventory
from pingbox.deploy.plan.desired import CAPABILITIES, INLINE_BYTES


def keep(aws: Aws, inventory: Inventory, watch: Watch, role: str | None = None) -> Inventory:
    """The inventory afterwards, with everything that holds data retained. `DeployRefusedError` if that did not succeed.

    A stack whose data is retained already is left alone.
    """
    stack = inventory.actual.stack
    if stack is None or inventory.data <= inventory.retained:
        return inventory
    arguments = {
        "StackName": stack.arn,
        **_template(aws, inventory, json.dumps(retaining(inventory.template, inventory.data))),
        "Capabilities": list(CAPABILITIES),
        "Parameters": [{"ParameterKey": name, "UsePreviousValue": True} for name in stack.parameters],
        **({"RoleARN": role} if role else {}),
    }
    refuse_changed(aws, stack.version)
    watch.run(stack.arn, lambda: aws.call("cloudformation", "update_stack", **arguments))
    after = take_inventory(aws, inventory.target)
    if lost := sorted(after.data - after.retained):
        raise DeployRefusedError(
            f"the stack {stack.name}",
            f"would still delete {', '.join(lost)}",
            "everything that holds data to be retained; nothing was deleted",
            "run the command again",
        )
    return after


def retaining(template: Mapping[str, Any], logical_ids: Collection[str]) -> dict[str, Any]:
    """The template with these resources retained. Pure."""
    resources = {
        name: _retained(entry) if name in logical_ids else entry for name, entry in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _retained(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A policy cannot be updated by itself: "No updates are to be performed". A word in the metadata goes with it."""
    metadata = {**entry.get("Metadata", {}), "pingbox:kept": "by destroy --keep-data"}
    return {**entry, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Metadata": metadata}


def _template(aws: Aws, inventory: Inventory, body: str) -> dict[str, str]:
    """Inside the call, or through the artifact bucket when it is too long for that."""
    if len(body.encode()) <= INLINE_BYTES:
        return {"TemplateBody": body}
    target = inventory.target
    if inventory.actual.artifacts is None:
        raise DeployRefusedError(
            f"the template of {target.stack}",
            f"{len(body.encode()):,} bytes, and no bucket {target.artifact_bucket}",
            "the artifact bucket, through which a template of this size has to go",
            "deploy once more, then destroy",
        )
    key = f"{target.artifact_prefix}{hashlib.sha256(body.encode()).hexdigest()[:32]}.template"
    aws.call(
        "s3", "put_object", Bucket=target.artifact_bucket, Key=key, Body=body.encode(), ContentType="application/json"
    )
    return {"TemplateURL": target.artifact_url(key)}
