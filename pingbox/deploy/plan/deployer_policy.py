"""What the deploying person or pipeline may do: everything to this one stage, nothing to its neighbours.

A service is open as a whole only on names that begin with the stack's: CloudFormation names resources after it.
IAM is never open as a whole. A test holds this against the permissions that CloudFormation's own handlers declare.
"""

from __future__ import annotations

from typing import Any

from pingbox.deploy.plan.target import DeployTarget
from pingbox.model.partitions import partition_of

Statement = dict[str, Any]

_ROLE_ACTIONS = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)


def deployer_policy(target: DeployTarget, account: str = "*") -> dict[str, Any]:
    """The policy document for one stage. `account` and the target's region may be `*`; the narrower, the better."""
    return {
        "Version": "2012-10-17",
        "Statement": [*_named(target, account), *_roles(target, account), *_by_id(target, account), *_questions()],
    }


def _named(target: DeployTarget, account: str) -> list[Statement]:
    """Resources whose names begin with the stack's, and the two that we name ourselves."""
    partition, here = partition_of(target.region), f"{target.region}:{account}"
    stack, buckets = target.stack, f"{target.stack.lower()}-*"
    artifacts = f"pingbox-artifacts-{account}-{target.region}"
    arns = {
        "cloudformation": [f"cloudformation:{here}:stack/{stack}/*", f"cloudformation:{here}:changeSet/*"],
        "lambda": [f"lambda:{here}:function:{stack}-*"],
        "dynamodb": [f"dynamodb:{here}:table/{stack}-*"],
        "events": [f"events:{here}:rule/{stack}-*"],
        "sqs": [f"sqs:{here}:{stack}-*"],
        "logs": [f"logs:{here}:log-group:{stack}-*", f"logs:{here}:log-group:{stack}-*:*"],
        "s3": [f"s3:::{name}{inside}" for name in (buckets, artifacts) for inside in ("", "/*")],
        "ssm": [f"ssm:{here}:parameter{target.secret}"],
        "budgets": [f"budgets::{account}:budget/{stack}-spending"],
    }
    return [
        _allow([f"{service}:*"], [f"arn:{partition}:{resource}" for resource in resources])
        for service, resources in arns.items()
    ]


def _roles(target: DeployTarget, account: str) -> list[Statement]:
    """The functions' roles, which may be handed to Lambda only."""
    role = f"arn:{partition_of(target.region)}:iam::{account}:role/{target.stack}-*"
    passing = _allow(["iam:PassRole"], [role])
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    return [_allow(list(_ROLE_ACTIONS), [role]), passing]


def _by_id(target: DeployTarget, account: str) -> list[Statement]:
    """API Gateway and CloudFront give their resources ids that are unknown beforehand."""
    partition = partition_of(target.region)
    gateway = [f"arn:{partition}:apigateway:{target.region}::/{path}" for path in ("apis", "apis/*", "tags/*")]
    kinds = ("distribution", "origin-access-control", "response-headers-policy", "connection-group", "vpcorigin")
    delivery = [f"arn:{partition}:cloudfront::{account}:{kind}/*" for kind in kinds]
    verbs = ("DELETE", "GET", "PATCH", "POST", "PUT", "TagResource", "UntagResource")
    return [_allow([f"apigateway:{verb}" for verb in verbs], gateway), _allow(["cloudfront:*"], delivery)]


def _questions() -> list[Statement]:
    """Questions that AWS answers for no single resource, and templates that are only validated."""
    actions = (
        "billing:GetBillingViewData",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudformation:ValidateTemplate",
        "iam:ListAccountAliases",
        "lambda:GetAccountSettings",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "s3:GetAccountPublicAccessBlock",
        "ssm:DescribeParameters",
        "sts:GetCallerIdentity",
        "tag:GetResources",
    )
    return [_allow(list(actions), ["*"])]


def _allow(actions: list[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
