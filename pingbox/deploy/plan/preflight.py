"""Questions that are cheaper to ask before than after: who pays, is the region on, may a bucket be public."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pingbox.chat.model import Site
from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.stack import Stack, StackState
from pingbox.deploy.aws.stand_in import StandIn
from pingbox.deploy.commands.options import UpdateOptions
from pingbox.deploy.errors import AwsError, DeployRefusedError
from pingbox.deploy.plan.target import DeployTarget

Fact = TypeVar("Fact")
UNRESERVED_MINIMUM = 40
"""Lambda always keeps this many of an account's concurrent executions unreserved; ten in the newest accounts."""


@dataclass(frozen=True)
class Preflight:
    """What was found. `arn` is the caller's identity. `public_block` is the account-level S3 setting, by name;
    `concurrency` the account's limit and `unreserved` what of it no function reserves; `alias` the account's name.

    Each is None where AWS would not say; `unanswered` then says why (not for the alias: many accounts have none).
    """

    account: str
    arn: str
    public_block: Mapping[str, bool] | None
    concurrency: int | None
    unanswered: tuple[str, ...] = ()
    unreserved: int | None = None
    alias: str | None = None


def run(aws: Aws, expected_account: str | None = None) -> Preflight:
    """Ask. The first call is `GetCallerIdentity`: it needs no permission, and without credentials nothing follows.

    Nor does anything in another account than the expected one (`DeployRefusedError`).
    """
    identity = aws.call("sts", "get_caller_identity")
    account = str(identity["Account"])
    refuse_wrong_account(account, expected_account)
    unanswered: list[str] = []
    block = _asked(lambda: _public_block(aws, account), "the account's S3 public access block", unanswered)
    limit = _asked(lambda: _concurrency(aws), "the account's Lambda concurrency", unanswered)
    return Preflight(
        account,
        str(identity["Arn"]),
        block,
        limit.total if limit else None,
        tuple(unanswered),
        limit.unreserved if limit else None,
        _asked(lambda: _alias(aws), "the account's alias", []),
    )


def refuse_wrong_account(found: str, expected: str | None) -> None:
    """`DeployRefusedError` unless the credentials belong to the expected account (None: any)."""
    if expected is not None and found != expected:
        raise DeployRefusedError(
            "the AWS account", found, f"{expected} (--expect-account)", "pass the other account's --profile"
        )


def refuse_wrong_region(found: str, expected: str | None) -> None:
    """`DeployRefusedError` unless the calls go to the expected region (None: any)."""
    if expected is not None and found != expected:
        raise DeployRefusedError("the AWS region", found, f"{expected} (--expect-region)", "pass --region")


def refuse_foreign(target: DeployTarget, stack: Stack | None) -> None:
    """`DeployRefusedError` for a stack that something else, or another app of ours, deployed under this name.

    A change set for it would remove what it consists of; deleting it would be worse.
    """
    if stack is not None and stack.state is StackState.IN_REVIEW and not stack.tags:
        return  # it has no resources yet, and CloudFormation need not show the tags of a change set
    if stack is not None and not target.tags.items() <= stack.tags.items():
        owner = stack.tags.get("pingbox:app")
        raise DeployRefusedError(
            f"the stack {stack.name}",
            f"app {owner}, stage {stack.tags.get('pingbox:stage')}" if owner else "not deployed by PingBox",
            f"tagged pingbox:app={target.app} and pingbox:stage={target.stage}",
            "pass another --app or --stage; if this stack is to become yours, `pingbox deploy --adopt`",
        )


def refuse_unknown_express(how: UpdateOptions, aws: Aws) -> None:
    """`DeployRefusedError` for express mode with a botocore that lacks it."""
    if how.express and not aws.knows("cloudformation", "create_change_set", "DeploymentConfig"):
        raise DeployRefusedError(
            "--express", "a botocore that does not know it", "1.43.38 or newer", "pip install --upgrade boto3"
        )


def refuse_public_site(block: Mapping[str, bool] | None, site: Site) -> None:
    """`DeployRefusedError` when the account forbids public buckets and the page wants one."""
    forbidding = sorted(name for name in ("BlockPublicPolicy", "RestrictPublicBuckets") if (block or {}).get(name))
    if site is Site.WEBSITE and forbidding:
        raise DeployRefusedError(
            "the account's S3 public access block",
            f"{' and '.join(forbidding)} on",
            "off, for a bucket that serves a public website",
            "pass --site cloudfront (recommended, the bucket stays private), or lift the block for the account",
        )


def refuse_concurrency(unreserved: int | None, reserved: int, wanted: int) -> None:
    """`DeployRefusedError` when the stack's functions would reserve more than the account has left.

    `unreserved` is what is unreserved now (None: AWS did not say), `reserved` what this stack has reserved already, and
    `wanted` what it is to reserve. AWS keeps a minimum unreserved.
    """
    if unreserved is None or wanted <= reserved:
        return
    left = unreserved + reserved - wanted
    if left < UNRESERVED_MINIMUM:
        raise DeployRefusedError(
            "the account's Lambda concurrency",
            f"{wanted} to be reserved by this stack, {unreserved + reserved} available, so {left} would be left",
            f"at least {UNRESERVED_MINIMUM} left unreserved",
            "reserve less, or ask AWS for a higher limit; without ReservedConcurrency nothing is reserved",
        )


def warnings(found: Preflight, stand_in: StandIn | None = None) -> list[str]:
    """What will not stop the deploy and may surprise later. A stand-in for AWS need not know an account's settings."""
    texts = [] if stand_in else list(found.unanswered)
    if found.concurrency is not None and found.concurrency < UNRESERVED_MINIMUM:
        texts.append(f"this account runs at most {found.concurrency} functions at once; a busy chat is throttled above")
    return texts


def _asked(question: Callable[[], Fact], what: str, unanswered: list[str]) -> Fact | None:
    """The answer, or None with a note: an advance check that may not be made must not stop what it checks."""
    try:
        return question()
    except AwsError as error:
        unanswered.append(
            f"{what} could not be read ({error.code}); if it forbids something, CloudFormation will say so"
        )
        return None


def _public_block(aws: Aws, account: str) -> Mapping[str, bool]:
    try:
        answer = aws.call("s3control", "get_public_access_block", AccountId=account)
    except AwsError as error:
        if error.code == "NoSuchPublicAccessBlockConfiguration":
            return {}
        raise
    settings: Mapping[str, bool] = answer["PublicAccessBlockConfiguration"]
    return settings


@dataclass(frozen=True)
class _Concurrency:
    total: int
    unreserved: int


def _concurrency(aws: Aws) -> _Concurrency:
    limit = aws.call("lambda", "get_account_settings")["AccountLimit"]
    total = int(limit["ConcurrentExecutions"])
    return _Concurrency(total, int(limit.get("UnreservedConcurrentExecutions", total)))


def _alias(aws: Aws) -> str | None:
    aliases = aws.call("iam", "list_account_aliases").get("AccountAliases", ())
    return str(aliases[0]) if aliases else None
