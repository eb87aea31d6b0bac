"""`pingbox policy`: enough for CloudFormation's own handlers, clean for parliament, small enough to be attached."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from pingbox.deploy.plan.deployer_policy import deployer_policy
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.template_judges import handler_actions, parliament

POLICY = deployer_policy(DeployTarget("pingbox", "dev", "eu-central-1"), "123456789012")
TYPES = sorted({resource.type for site in Site for resource in template(chat("dev", site)).resources})

# Features that the template does not use: schemas name what any template with this type might need.
UNUSED = re.compile(
    r"^(ec2|elasticfilesystem|firehose|kinesis|kms|s3tables|s3files):"
    r"|^iam:(CreateServiceLinkedRole|PassRole)$"  # PassRole is there, for Lambda only
    r"|^lambda:(GetCodeSigningConfig|GetLayerVersion|PassCapacityProvider)$"
    r"|^logs:(CreateLogDelivery|DeleteResourcePolicy|PutResourcePolicy)$"
    r"|^s3:REST\.PUT\.OBJECT$"
)


def test_it_covers_what_cloudformation_does_for_us() -> None:
    """Every permission that the handlers of our resource types declare is allowed, except for unused features."""
    allowed = [action.lower() for statement in POLICY["Statement"] for action in statement["Action"]]
    missing = {
        f"{type_name}: {action}"
        for type_name, actions in handler_actions(TYPES).items()
        for action in actions
        if not UNUSED.search(action) and not any(fnmatchcase(action.lower(), pattern) for pattern in allowed)
    }
    assert missing == set()


@pytest.mark.parametrize("region", ["*", "eu-central-1", "cn-north-1"])
def test_parliament_has_nothing_to_say(region: str) -> None:
    """No unknown action, no resource that does not fit its action.

    Where a whole service is open on some names, parliament would have every action of the service fit them.
    """
    policy = deployer_policy(DeployTarget("pingbox", "dev", region), "123456789012")
    spelled_out = [entry for entry in policy["Statement"] if not entry["Action"][0].endswith(":*")]
    assert len(spelled_out) == 4
    # parliament's list of actions is older than these; CloudFormation's schemas vouch for them.
    younger = {action for actions in handler_actions(TYPES).values() for action in actions}
    found = parliament({"deployer": {**policy, "Statement": spelled_out}})
    assert [text for text in found if text.rpartition("Unknown action ")[2] not in younger] == []


def test_it_fits_into_one_managed_policy() -> None:
    """IAM's limit is 6,144 characters without white space."""
    assert len(json.dumps(POLICY, separators=(",", ":"))) < 6144


def test_iam_is_open_on_the_stacks_roles_only() -> None:
    """No star in an IAM action, and no other role."""
    for statement in POLICY["Statement"]:
        if any(action.startswith("iam:") for action in statement["Action"]):
            assert statement["Resource"] == ["arn:aws:iam::123456789012:role/pingbox-dev-*"]
            assert not any("*" in action for action in statement["Action"])
