"""The executor: one step after the other, each a few calls. Nothing is decided here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile, SiteFile
from pingbox.deploy.aws import buckets
from pingbox.deploy.aws.client import Aws
from pingbox.deploy.aws.guard import changed, is_overtaken, refuse_changed, refuse_overtaken, refuse_taken
from pingbox.deploy.aws.watch import Watch, wait_for
from pingbox.deploy.errors import AwsError
from pingbox.deploy.plan.actual import DIGEST, find_stack
from pingbox.deploy.plan.steps import (
    ContinueRollback,
    CreateArtifactBucket,
    CreateSecret,
    DeleteSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ExecuteChangeSet,
    MarkSwapped,
    ProtectStack,
    PutArtifact,
    RemoveArtifacts,
    RemoveBucketIfEmpty,
    Step,
    SwapCode,
    WriteNote,
)

SECRET_BYTES = 48
_FUNCTION_SETTLE_SECONDS = 120


def perform(aws: Aws, steps: Sequence[Step], watch: Watch, on_step: Callable[[Step, int], None]) -> None:
    """Carry out the steps in order. The first error ends it; what was done stays done.

    `on_step` is called before each, with how many are left, this one included.
    """
    for number, step in enumerate(steps):
        on_step(step, len(steps) - number)
        _perform(aws, step, watch)


def _perform(aws: Aws, step: Step, watch: Watch) -> None:  # noqa: C901 - a table: one line per step
    match step:
        case CreateArtifactBucket(bucket, region):
            buckets.create_private(aws, bucket, region)
        case PutArtifact(bucket, key, body, content_type):
            aws.call("s3", "put_object", Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        case CreateSecret(name, tags):
            _create_secret(aws, name, tags)
        case DeleteSecret(name, stack):
            refuse_taken(aws, stack)
            aws.call("ssm", "delete_parameter", Name=name)
        case ContinueRollback():
            _continue_rollback(aws, step, watch)
        case DeleteStack():
            _delete_stack(aws, step, watch)
        case ExecuteChangeSet():
            _execute(aws, step, watch)
        case ProtectStack():
            _protect(aws, step)
        case SwapCode(functions, bucket, key):
            _swap(aws, functions, bucket, key, watch)
        case MarkSwapped(bucket, marker, key):
            _mark(aws, bucket, marker, key)
        case WriteNote(bucket, key, note):
            body = note.as_json().encode()
            aws.call("s3", "put_object", Bucket=bucket, Key=key, Body=body, ContentType="application/json")
        case RemoveArtifacts(bucket, keys, stack):
            _remove_artifacts(aws, bucket, keys, stack)
        case EmptyBucket(bucket, stack):
            refuse_changed(aws, stack)
            buckets.empty(aws, bucket)
        case RemoveBucketIfEmpty(bucket):
            buckets.remove_if_empty(aws, bucket)
        case DeleteTable(table):
            _delete_table(aws, table, watch)
        case PutFile(bucket, file):
            _put_file(aws, bucket, file)
        case RemoveFile(bucket, path):
            aws.call("s3", "delete_object", Bucket=bucket, Key=path)
        case Invalidate(distribution, paths):
            _invalidate(aws, distribution, paths)
        case _:
            assert_never(step)


def _continue_rollback(aws: Aws, step: ContinueRollback, watch: Watch) -> None:
    arguments = {"StackName": step.expected.arn, **_role(step.role)}
    refuse_changed(aws, step.expected)
    watch.run(step.stack, lambda: aws.call("cloudformation", "continue_update_rollback", **arguments))


def _delete_stack(aws: Aws, step: DeleteStack, watch: Watch) -> None:
    """By ARN, and only if it is still what was shown: a stack of the same name may be another one by now."""
    arguments = {"StackName": step.expected.arn, **_role(step.role)}

    def start() -> None:
        refuse_changed(aws, step.expected)
        aws.call("cloudformation", "delete_stack", **arguments)

    watch.run(step.expected.arn, start, step.resources)


def _execute(aws: Aws, step: ExecuteChangeSet, watch: Watch) -> None:
    """`DeployRefusedError` when another operation came first: CloudFormation drops all other change sets then."""
    arguments = {"StackName": step.stack, "ChangeSetName": step.change_set, **_on_failure(step.rollback)}

    def start() -> None:
        refuse_overtaken(aws, step.stack, step.change_set, step.expected)
        try:
            aws.call("cloudformation", "execute_change_set", **arguments)
        except AwsError as error:
            if is_overtaken(error):
                raise changed(step.stack, find_stack(aws, step.stack), "that of the plan") from error
            raise

    watch.run(step.stack, start, step.resources)


def _role(arn: str | None) -> dict[str, str]:
    return {} if arn is None else {"RoleARN": arn}


def _remove_artifacts(aws: Aws, bucket: str, keys: Iterable[str], stack: str | None) -> None:
    if stack is not None:
        refuse_taken(aws, stack)
    batch = [{"Key": key} for key in keys]
    for start in range(0, len(batch), buckets.BATCH):
        buckets.remove(aws, bucket, batch[start : start + buckets.BATCH])


def _create_secret(aws: Aws, name: str, tags: Iterable[tuple[str, str]]) -> None:
    """A secret that another deploy made a moment ago will do: it is the same parameter."""
    try:
        aws.call(
            "ssm",
            "put_parameter",
            Name=name,
            Type="SecureString",
            Value=secrets.token_urlsafe(SECRET_BYTES),
            Description="Signs the chat's guest tokens",
            Tags=[{"Key": key, "Value": value} for key, value in tags],
        )
    except AwsError as error:
        if error.code != "ParameterAlreadyExists":
            raise


def _on_failure(rollback: bool | None) -> dict[str, bool]:
    """A rollback takes back what it created, also what is to be retained later: it would be an orphan."""
    if rollback is None:
        return {}
    return {"DisableRollback": not rollback, "RetainExceptOnCreate": rollback}


def _protect(aws: Aws, step: ProtectStack) -> None:
    stack = step.stack if step.expected is None else refuse_changed(aws, step.expected).arn
    aws.call("cloudformation", "update_termination_protection", StackName=stack, EnableTerminationProtection=step.on)


def _swap(aws: Aws, functions: Iterable[str], bucket: str, key: str, watch: Watch) -> None:
    """All functions first, then wait for each: AWS works on them side by side."""
    named = tuple(functions)
    for name in named:
        aws.call("lambda", "update_function_code", FunctionName=name, S3Bucket=bucket, S3Key=key)
    for name in named:
        wait_for(lambda name=name: _is_updated(aws, name), watch, _FUNCTION_SETTLE_SECONDS, f"the update of {name}")  # type: ignore[misc]


def _is_updated(aws: Aws, function: str) -> bool:
    state = aws.call("lambda", "get_function_configuration", FunctionName=function)
    if state.get("LastUpdateStatus") == "Failed":
        raise AwsError("UpdateFunctionCode", "Failed", str(state.get("LastUpdateStatusReason", "no reason given")))
    return bool(state.get("LastUpdateStatus", "Successful") == "Successful")


def _mark(aws: Aws, bucket: str, marker: str, key: str | None) -> None:
    if key is None:
        aws.call("s3", "delete_object", Bucket=bucket, Key=marker)
        return
    body = json.dumps({"key": key}).encode()
    aws.call("s3", "put_object", Bucket=bucket, Key=marker, Body=body, ContentType="application/json")


def _delete_table(aws: Aws, table: str, watch: Watch) -> None:
    aws.call("dynamodb", "update_table", TableName=table, DeletionProtectionEnabled=False)
    wait_for(lambda: _is_active(aws, table), watch, _FUNCTION_SETTLE_SECONDS, f"the table {table}")
    aws.call("dynamodb", "delete_table", TableName=table)


def _is_active(aws: Aws, table: str) -> bool:
    status: str = aws.call("dynamodb", "describe_table", TableName=table)["Table"]["TableStatus"]
    return status == "ACTIVE"


def _put_file(aws: Aws, bucket: str, file: SiteFile) -> None:
    aws.call(
        "s3",
        "put_object",
        Bucket=bucket,
        Key=file.path,
        Body=file.body,
        ContentType=file.content_type,
        CacheControl=file.cache_control,
        **({"ContentEncoding": file.encoding} if file.encoding else {}),
        Metadata={DIGEST: file.digest},
    )


def _invalidate(aws: Aws, distribution: str, paths: tuple[str, ...]) -> None:
    batch = {
        "Paths": {"Quantity": len(paths), "Items": list(paths)},
        "CallerReference": secrets.token_hex(16),  # AWS takes the same reference for the same request
    }
    aws.call("cloudfront", "create_invalidation", DistributionId=distribution, InvalidationBatch=batch)
