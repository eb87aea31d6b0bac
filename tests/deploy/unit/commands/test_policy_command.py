"""`pingbox policy`: what an administrator pipes into a file, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from pingbox.deploy.commands.deploy import policy

HERE = ("--account", "123456789012", "--region", "eu-central-1", "--stage", "prod")
BOUNDARY = "arn:aws:iam::123456789012:policy/pingbox-prod-eu-central-1-boundary"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(policy, arguments, env={"AWS_REGION": None, "AWS_DEFAULT_REGION": None})


def actions(result: Result) -> set[str]:
    assert result.exit_code == 0, result.output
    return {action for entry in json.loads(result.stdout)["Statement"] for action in entry["Action"]}


def test_standard_output_is_the_policy_and_nothing_else() -> None:
    """Where the boundary is expected goes to standard error."""
    result = run(*HERE)
    assert "iam:PutRolePolicy" in actions(result)
    assert BOUNDARY in result.stderr
    assert BOUNDARY in result.stdout


def test_the_boundary_allows_what_functions_do() -> None:
    """No IAM, no whole service."""
    allowed = actions(run(*HERE, "--boundary"))
    assert "dynamodb:PutItem" in allowed
    assert not any(action.startswith("iam:") or action.endswith("*") for action in allowed)


def test_with_a_role_there_is_little_left() -> None:
    allowed = actions(run(*HERE, "--role-arn", "arn:aws:iam::123456789012:role/cloudformation"))
    assert "iam:PassRole" in allowed
    assert "iam:CreateRole" not in allowed


def test_cloudfront_is_in_it_only_when_it_is_used() -> None:
    """Its access controls bear no tags, so that part is open to those of others."""
    services = {action.split(":")[0] for action in actions(run(*HERE)) if not action.endswith(":*")}
    assert "cloudfront" not in services
    assert "cloudfront:UpdateDistribution" in actions(run(*HERE, "--site", "cloudfront"))


def test_another_boundary_may_be_named() -> None:
    own = "arn:aws:iam::123456789012:policy/company/boundary"
    assert own in run(*HERE, "--permissions-boundary", own).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--region", "eu-central-1"), "--account"),
        (("--region", "eu-central-1", "--account", "12345"), "twelve digits"),
        (("--account", "123456789012"), "--region"),
        ((*HERE, "--permissions-boundary", "x"), "--permissions-boundary"),
        ((*HERE, "--role-arn", "x"), "--role-arn"),
        ((*HERE, "--app", "a" * 30), "at most 32"),
    ],
)
def test_what_would_be_too_wide_or_wrong_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """A star for the account or the region would be a policy for all of them."""
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in result.output
