"""`pingbox policy`: enough for CloudFormation's own handlers, clean for parliament, small enough to be attached."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from pingbox.deploy.plan.deployer_policy import DeployerPolicy
from pingbox.deploy.plan.target import STACK_LENGTH, DeployTarget
from support.deploy.template_judges import handler_actions, parliament

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudformation"
POLICY = DeployerPolicy(DeployTarget("pingbox", "dev", "eu-central-1", ACCOUNT)).document(Site.CLOUDFRONT)
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


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_parliament_has_nothing_to_say(region: str) -> None:
    """No unknown action, no resource that does not fit its action, no condition key that the action does not know.

    Where whole services are open on some names, parliament would have every action fit every name.
    """
    policies = DeployerPolicy(DeployTarget("pingbox", "dev", region, ACCOUNT))
    documents = (policies.document(Site.CLOUDFRONT), policies.document_with_role(ROLE), policies.boundary())
    # parliament's list of actions is older than these; CloudFormation's schemas name them.
    younger = {action for actions in handler_actions(TYPES).values() for action in actions}
    for policy in documents:
        spelled_out = [entry for entry in policy["Statement"] if not any("*" in action for action in entry["Action"])]
        assert len(spelled_out) > 4
        found = parliament({"deployer": {**policy, "Statement": spelled_out}})
        assert [text for text in found if text.rpartition("Unknown action ")[2] not in younger] == []


@pytest.mark.parametrize("site", Site)
def test_it_fits_into_one_managed_policy(site: Site) -> None:
    """IAM's limit is 6,144 characters without white space, also for the longest names and the longest region."""
    app = "a" * (STACK_LENGTH - len("-production"))
    policies = DeployerPolicy(DeployTarget(app, "production", "ap-northeast-1", ACCOUNT))
    assert len(policies.boundary_arn.rpartition("/")[2]) <= 128
    for policy in (policies.document(site), policies.document_with_role(ROLE), policies.boundary()):
        assert len(json.dumps(policy, separators=(",", ":"))) < 6144


def test_a_role_is_written_only_with_the_boundary() -> None:
    """And nothing of IAM is open as a whole, attached, or handed to anything but Lambda."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/pingbox-dev-eu-central-1-boundary"
    allowed = [entry for entry in POLICY["Statement"] if entry["Effect"] == "Allow"]
    actions = {action: entry for entry in allowed for action in entry["Action"] if action.startswith("iam:")}
    assert not any("*" in action for action in actions)
    assert not {"iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"} & set(actions)
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePolicy"):
        assert actions[action]["Condition"] == {"ArnEquals": {"iam:PermissionsBoundary": boundary}}
    assert actions["iam:PassRole"]["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}


def test_with_a_role_of_cloudformation_there_is_no_iam_at_all() -> None:
    document = DeployerPolicy(DeployTarget("pingbox", "dev", "eu-central-1", ACCOUNT)).document_with_role(ROLE)
    allowed = [entry for entry in document["Statement"] if entry["Effect"] == "Allow"]
    writing = {action for entry in allowed for action in entry["Action"] if action.startswith("iam:")}
    assert writing == {"iam:PassRole", "iam:GetRole", "iam:ListAccountAliases"}
    [passing] = [entry for entry in allowed if "iam:PassRole" in entry["Action"]]
    assert passing["Resource"] == [ROLE]


@pytest.mark.parametrize(
    ("type_name", "service", "prefix"),
    [
        ("AWS::Lambda::Function", "lambda", "function:"),
        ("AWS::DynamoDB::Table", "dynamodb", "table/"),
        ("AWS::Events::Rule", "events", "rule/"),
        ("AWS::SQS::Queue", "sqs", ""),
        ("AWS::Logs::LogGroup", "logs", "log-group:"),
        ("AWS::IAM::Role", "iam", "role/"),
        ("AWS::S3::Bucket", "s3", ""),
    ],
)
@pytest.mark.parametrize("stage", ["dev", "Some_Stage", "s" * (STACK_LENGTH - len("pingbox-"))])
def test_every_name_that_aws_derives_matches(type_name: str, service: str, prefix: str, stage: str) -> None:
    """STACK-LOGICALID-RANDOM, up to the longest stack name that is allowed, within the service's own limit."""
    target = DeployTarget("pingbox", stage, "eu-central-1", ACCOUNT)
    allowed = [entry for entry in DeployerPolicy(target).document()["Statement"] if entry["Effect"] == "Allow"]
    arns = [arn for entry in allowed for arn in entry["Resource"] if f":{service}:" in arn]
    limit = {"lambda": 64, "iam": 64, "s3": 63, "events": 64, "sqs": 80}.get(service, 255)
    for entry in template(chat(stage)).resources:
        if entry.type == type_name:
            name = f"{target.stack}-{entry.logical_id}-ABCDEFGHIJKLM"
            name = name.lower() if service == "s3" else name
            assert len(name) <= limit
            assert any(fnmatchcase(f"{prefix}{name}", arn.split(":", 5)[5]) for arn in arns), name


def test_names_that_are_unique_in_the_account_hold_the_region() -> None:
    """Two regions with one app and stage do not collide; CloudFront's names have at most 64 characters."""
    longest = len("-ap-northeast-1-site") + STACK_LENGTH
    assert longest <= 64
    resources = template(chat("dev", Site.CLOUDFRONT)).document()["Resources"]
    names = [
        resources["SiteAccessControl"]["Properties"]["OriginAccessControlConfig"]["Name"],
        resources["SiteHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["Name"],
        resources["SpendingAlarm"]["Properties"]["Budget"]["BudgetName"],
    ]
    assert all("${AWS::Region}" in name["Fn::Sub"] for name in names)
