"""What is there now, as one value, and the reading of it. Reading changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.deploy.artifacts.raw_template import parse_template
from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.aws.stack import Stack, StackState, described
from pingbox.deploy.errors import AwsError
from pingbox.deploy.plan.source import DeployNote, note_of
from pingbox.deploy.plan.target import DeployTarget

MARKER = "hotswap.json"
UNSETTLED = ""
"""In place of a key, while a swap is under way: if it stays, the swap was interrupted and it is unknown what runs."""
DIGEST = "pingbox-digest"
_MISSING_BUCKET = {"NoSuchBucket", "404", "NotFound"}


@dataclass(frozen=True)
class Actual:
    """`artifacts` are the keys under the target's prefix, None when there is no artifact bucket yet.

    `swapped` is the artifact key that a hot swap left running, `UNSETTLED` if the swap was interrupted, None when the
    functions run what the stack says. `note` is about the last deploy, None where none was written.
    """

    stack: Stack | None = None
    artifacts: frozenset[str] | None = None
    secret: bool = False
    swapped: str | None = None
    site: Mapping[str, str] = field(default_factory=dict)
    note: DeployNote | None = None

    @property
    def state(self) -> StackState:
        """The stack's state; absent when there is none."""
        return self.stack.state if self.stack else StackState.ABSENT


NOTHING = Actual()


def observe(aws: Aws, target: DeployTarget) -> Actual:
    """Ask AWS for everything a plan depends on. `target.account` has to be known."""
    stack = find_stack(aws, target.stack)
    artifacts = _artifacts(aws, target)
    bucket = stack.outputs.get("SiteBucket") if stack else None
    marked = artifacts is not None and target.artifact_prefix + MARKER in artifacts
    noted = artifacts is not None and target.note in artifacts
    return Actual(
        stack=stack,
        artifacts=artifacts,
        secret=_has_secret(aws, target.secret),
        swapped=_swapped(aws, target) if marked else None,
        site=site_digests(aws, bucket) if bucket else {},
        note=note_of(_text(aws, target, target.note)) if noted else None,
    )


def find_stack(aws: Aws, name: str) -> Stack | None:
    """The stack of this name or ARN, or None."""
    try:
        answer = aws.call("cloudformation", "describe_stacks", StackName=name)
    except AwsError as error:
        if error.code == "ValidationError" and "does not exist" in error.reason:
            return None
        raise
    return described(answer["Stacks"][0])


def site_digests(aws: Aws, bucket: str) -> dict[str, str]:
    """Path -> digest of every object; an object that we did not write has the empty digest."""
    return {path: _digest(aws, bucket, path) for path in object_keys(aws, bucket) or ()}


def object_keys(aws: Aws, bucket: str, prefix: str = "", owner: str | None = None) -> list[str] | None:
    """All keys under the prefix, or None when there is no such bucket.

    `owner` is the account that must own it: another account may own a bucket with a name that can be guessed.
    """
    arguments: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    if owner:
        arguments["ExpectedBucketOwner"] = owner
    keys: list[str] = []
    try:
        answer = aws.call("s3", "list_objects_v2", **arguments)
        while True:
            keys += [entry["Key"] for entry in answer.get("Contents", ())]
            if not answer.get("IsTruncated"):
                return keys
            answer = aws.call("s3", "list_objects_v2", **arguments, ContinuationToken=answer["NextContinuationToken"])
    except AwsError as error:
        if error.code in _MISSING_BUCKET:
            return None
        raise


def stack_resources(aws: Aws, stack: str) -> list[Mapping[str, Any]]:
    """The stack's resources, as `ListStackResources` lists them."""
    listing = pages(aws, "cloudformation", "list_stack_resources", StackName=stack)
    return [entry for page in listing for entry in page["StackResourceSummaries"]]


def deployed_template(aws: Aws, stack: str) -> Mapping[str, Any]:
    """The template of a stack (name or ARN) as it was sent; empty when no change set was executed yet.

    boto3 parses JSON by itself and returns YAML as text.
    """
    body = aws.call("cloudformation", "get_template", StackName=stack, TemplateStage="Original").get("TemplateBody")
    if not body:
        return {}
    parsed: Mapping[str, Any] = parse_template(body, f"the template of {stack}").root if isinstance(body, str) else body
    return parsed


def physical_ids(aws: Aws, stack: str, type_name: str) -> dict[str, str]:
    """Logical id -> physical id of the stack's resources of one type."""
    return {
        entry["LogicalResourceId"]: entry["PhysicalResourceId"]
        for entry in stack_resources(aws, stack)
        if entry["ResourceType"] == type_name and entry.get("PhysicalResourceId")
    }


def _artifacts(aws: Aws, target: DeployTarget) -> frozenset[str] | None:
    keys = object_keys(aws, target.artifact_bucket, target.artifact_prefix, target.account)
    return None if keys is None else frozenset(keys)


def _digest(aws: Aws, bucket: str, key: str) -> str:
    head = aws.call("s3", "head_object", Bucket=bucket, Key=key)
    return str(head.get("Metadata", {}).get(DIGEST, ""))


def _has_secret(aws: Aws, name: str) -> bool:
    try:
        aws.call("ssm", "get_parameter", Name=name, WithDecryption=False)
    except AwsError as error:
        if error.code == "ParameterNotFound":
            return False
        raise
    return True


def _swapped(aws: Aws, target: DeployTarget) -> str | None:
    key: str = json.loads(_text(aws, target, target.artifact_prefix + MARKER))["key"]
    return key


def _text(aws: Aws, target: DeployTarget, key: str) -> str:
    answer = aws.call("s3", "get_object", Bucket=target.artifact_bucket, Key=key)
    return str(answer["Body"].read().decode())
