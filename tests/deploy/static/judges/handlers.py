"""What CloudFormation's resource handlers call, out of the schemas that cfn-lint ships. Environment `static`.

Standard input: a list of resource types. Standard output: type -> IAM actions for create, read, update and delete.
"""

from __future__ import annotations

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

_STEPS = ("create", "read", "update", "delete")


def main() -> None:
    """Read each schema's handlers."""
    found = {}
    for type_name in json.load(sys.stdin):
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_name).schema["handlers"]
        actions = {action for step in _STEPS for action in handlers.get(step, {}).get("permissions", ())}
        found[type_name] = sorted(actions)
    json.dump(found, sys.stdout)


main()
