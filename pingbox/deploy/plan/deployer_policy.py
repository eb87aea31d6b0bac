"""What the deploying person or pipeline may do: everything to this one stage of the chat, nothing to its neighbours.

The names come from the template: CloudFormation calls a resource STACK-LOGICALID-RANDOM. Where a name is not known
before (API Gateway, CloudFront) the stage's tags decide. A role can only be made with the permissions boundary on it:
otherwise a deployer could write a role's policy and the code that runs with it, and so do anything in the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from pingbox.deploy.plan.target import DeployTarget

Statement = dict[str, Any]

_BOUNDED_ROLE_ACTIONS = (
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
_ROLE_ACTIONS = (
    "iam:DeleteRole",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_ITEM_ACTIONS = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
)
_TAGGED_SERVICES = ("apigateway", "cloudfront", "dynamodb", "events", "iam", "lambda", "logs", "sqs", "ssm")


class DeployerPolicy:
    """The policies for one stage of the chat, of which `target.account` is known.

    `boundary` is the ARN of the permissions boundary; None means the one that `boundary_arn` names.
    """

    def __init__(self, target: DeployTarget, boundary: str | None = None) -> None:
        """Nothing is asked for: the names follow from the target and the chat's template."""
        self._target = target
        self._boundary = boundary or self.boundary_arn

    @property
    def boundary_arn(self) -> str:
        """Where the boundary is expected. IAM knows no regions, so its name has one."""
        target = self._target
        return f"arn:{self._partition}:iam::{target.account}:policy/{target.stack}-{target.region}-boundary"

    def document(self, site: Site = Site.WEBSITE) -> dict[str, Any]:
        """For a person or pipeline that deploys with its own permissions."""
        return _document(
            self._stack(),
            self._named(),
            *self._artifacts(),
            *self._roles(),
            *self._gateway(),
            *(self._delivery() if site is Site.CLOUDFRONT else ()),
            _questions(),
            *self._neighbours(),
        )

    def document_with_role(self, role: str) -> dict[str, Any]:
        """For deploys through a role that CloudFormation works with (`--role-arn`): no IAM at all."""
        passing = _allow(["iam:PassRole"], [role])
        passing["Condition"] = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
        return _document(
            self._stack(),
            passing,
            self._named(),
            *self._artifacts(),
            _allow(["apigateway:GET"], [self._gateway_arn("apis/*")]),
            _allow(["iam:GetRole"], [self._alike("iam", "role/", "Role", region="")]),
            _questions(),
            *self._neighbours(),
        )

    def boundary(self) -> dict[str, Any]:
        """What the functions' roles can do at most, whatever their own policies say."""
        target, here = self._target, self._here
        tables = self._names("AWS::DynamoDB::Table", "dynamodb", "table/")
        connections = f"arn:{self._partition}:execute-api:{here}:*/{target.stage}/*/@connections/*"
        groups = [f"{group}:*" for group in self._names("AWS::Logs::LogGroup", "logs", "log-group:")]
        return _document(
            _allow(list(_ITEM_ACTIONS), [*tables, *(f"{table}/index/*" for table in tables)]),
            _allow(["execute-api:ManageConnections"], [connections]),
            _allow(["lambda:InvokeFunction"], self._names("AWS::Lambda::Function", "lambda", "function:")),
            _allow(["logs:CreateLogStream", "logs:PutLogEvents"], groups),
            _allow(["sqs:SendMessage"], self._names("AWS::SQS::Queue", "sqs", "")),
            _allow(["ssm:GetParameter"], [self._secret]),
        )

    @property
    def _partition(self) -> str:
        region = self._target.region
        return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"

    @property
    def _here(self) -> str:
        return f"{self._target.region}:{self._target.account}"

    @property
    def _secret(self) -> str:
        return f"arn:{self._partition}:ssm:{self._here}:parameter{self._target.secret}"

    def _names(self, type_name: str, service: str, prefix: str, region: str | None = None) -> list[str]:
        """The ARNs of the template's resources of one type. `region` "" is for services without regions."""
        resources = template(chat(self._target.stage)).resources
        ids = [entry.logical_id for entry in resources if entry.type == type_name]
        return [self._arn(service, f"{prefix}{self._target.stack}-{name}-*", region) for name in ids]

    def _alike(self, service: str, prefix: str, ending: str, region: str | None = None) -> str:
        """One ARN for all resources whose logical ids end alike: IAM limits the length of a policy.

        It fits longer stack names as well, so it is for services whose resources bear tags: `_neighbours` denies those.
        """
        return self._arn(service, f"{prefix}{self._target.stack}-*{ending}-*", region)

    def _arn(self, service: str, resource: str, region: str | None = None) -> str:
        here = self._here if region is None else f"{region}:{self._target.account}"
        return f"arn:{self._partition}:{service}:{here}:{resource}"

    def _stack(self) -> Statement:
        return _allow(
            ["cloudformation:*"], [f"arn:{self._partition}:cloudformation:{self._here}:stack/{self._target.stack}/*"]
        )

    def _named(self) -> Statement:
        """Resources whose names are known: those of the stack, the secret, the budget, the page's bucket."""
        target = self._target
        page = f"arn:{self._partition}:s3:::{target.stack.lower()}-sitebucket-*"
        budget = f"arn:{self._partition}:budgets::{target.account}:budget/{target.stack}-{target.region}-spending"
        groups = self._alike("logs", "log-group:", "LogGroup")
        services = ("budgets", "dynamodb", "events", "lambda", "logs", "s3", "sqs", "ssm")
        return _allow(
            [f"{service}:*" for service in services],
            [
                self._alike("lambda", "function:", "Lambda"),
                *self._names("AWS::DynamoDB::Table", "dynamodb", "table/"),
                *self._names("AWS::Events::Rule", "events", "rule/"),
                *self._names("AWS::SQS::Queue", "sqs", ""),
                groups,
                f"{groups}:*",
                page,
                f"{page}/*",
                budget,
                self._secret,
            ],
        )

    def _artifacts(self) -> tuple[Statement, ...]:
        """The account's artifact bucket, and in it this stage's own prefix only."""
        target = self._target
        bucket = f"arn:{self._partition}:s3:::{target.artifact_bucket}"
        listing = _allow(["s3:ListBucket"], [bucket])
        listing["Condition"] = {"StringLike": {"s3:prefix": f"{target.artifact_prefix}*"}}
        return (
            _allow(["s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPublicAccessBlock"], [bucket]),
            listing,
            _allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], [f"{bucket}/{target.artifact_prefix}*"]),
        )

    def _roles(self) -> tuple[Statement, ...]:
        """The functions' roles: made and given permissions only with the boundary, handed to Lambda only."""
        roles = self._alike("iam", "role/", "Role", region="")
        bounded = _allow(list(_BOUNDED_ROLE_ACTIONS), [roles])
        bounded["Condition"] = {"ArnEquals": {"iam:PermissionsBoundary": self._boundary}}
        # PassRole knows no tags of the role, so each is named.
        passing = _allow(["iam:PassRole"], self._names("AWS::IAM::Role", "iam", "role/", region=""))
        passing["Condition"] = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
        return bounded, _allow(list(_ROLE_ACTIONS), [roles]), passing

    def _gateway(self) -> tuple[Statement, ...]:
        """An API is made with the stage's tags, and changed only if it has them. Everybody may read."""
        made = _allow(["apigateway:POST", "apigateway:PUT", "apigateway:TagResource"], [self._gateway_arn("apis")])
        made["Condition"] = {"StringEquals": self._tag_keys("RequestTag")}
        verbs = ("DELETE", "PATCH", "POST", "PUT", "TagResource", "UntagResource")
        changed = _allow(
            [f"apigateway:{verb}" for verb in verbs], [self._gateway_arn(path) for path in ("apis/*", "tags/*")]
        )
        changed["Condition"] = {"StringEquals": self._tag_keys("ResourceTag")}
        return made, changed, _allow(["apigateway:GET"], [self._gateway_arn("apis/*")])

    def _delivery(self) -> tuple[Statement, ...]:
        """A distribution by its tags. Access controls and headers policies have no tags: those of others are open."""
        account, partition = self._target.account, self._partition
        distribution = f"arn:{partition}:cloudfront::{account}:distribution/*"
        made = _allow(
            ["cloudfront:CreateDistribution", "cloudfront:CreateDistributionWithTags", "cloudfront:TagResource"],
            [distribution],
        )
        made["Condition"] = {"StringEquals": self._tag_keys("RequestTag")}
        actions = ("CreateInvalidation", "DeleteDistribution", "TagResource", "UntagResource", "UpdateDistribution")
        changed = _allow([f"cloudfront:{action}" for action in actions], [distribution])
        changed["Condition"] = {"StringEquals": self._tag_keys("ResourceTag")}
        kinds = ("origin-access-control", "response-headers-policy")
        untagged = [f"arn:{partition}:cloudfront::{account}:{kind}/*" for kind in kinds]
        names = ("OriginAccessControl", "ResponseHeadersPolicy")
        reading = ("GetDistribution", "GetDistributionConfig", "GetInvalidation", "ListTagsForResource")
        return (
            made,
            changed,
            _allow([f"cloudfront:*{name}*" for name in names], untagged),
            _allow([f"cloudfront:{action}" for action in reading], [distribution]),
        )

    def _neighbours(self) -> tuple[Statement, ...]:
        """What bears the tags of another app or stage is closed, also where a name begins alike."""
        return tuple(
            {
                "Effect": "Deny",
                "Action": [f"{service}:*" for service in _TAGGED_SERVICES],
                "Resource": ["*"],
                "Condition": {
                    "StringNotEquals": {f"aws:ResourceTag/{key}": value},
                    "Null": {f"aws:ResourceTag/{key}": "false"},
                },
            }
            for key, value in self._target.tags.items()
        )

    def _tag_keys(self, kind: str) -> dict[str, str]:
        return {f"aws:{kind}/{key}": value for key, value in self._target.tags.items()}

    def _gateway_arn(self, path: str) -> str:
        return f"arn:{self._partition}:apigateway:{self._target.region}::/{path}"


def _questions() -> Statement:
    """Questions that AWS answers for no single resource, and templates that are only validated."""
    return _allow(
        [
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
        ],
        ["*"],
    )


def _document(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: Iterable[str], resources: Iterable[str]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
