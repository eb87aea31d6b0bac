"""The second executor: it says what the first would do. The dry run cannot lie, because both read the same steps."""

from __future__ import annotations

from typing import assert_never

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile
from pingbox.deploy.plan.actual import UNSETTLED
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
)


def describe(step: Step) -> str:  # noqa: C901 - a table: one line per step
    """The step in plain words, imperative, without a full stop."""
    match step:
        case CreateArtifactBucket(bucket, region):
            return f"create the artifact bucket {bucket} in {region}"
        case PutArtifact(_, key, body, _):
            return f"upload {key} ({len(body):,} bytes)"
        case CreateSecret(name, _):
            return f"create the token secret {name}"
        case DeleteSecret(name):
            return f"delete the token secret {name}"
        case ContinueRollback(stack):
            return f"continue the rollback of the stack {stack}"
        case DeleteStack(stack, why, _):
            return f"delete the stack {stack}" + (f" ({why})" if why else "")
        case ExecuteChangeSet(stack, _, resources, _):
            return f"change {count(resources, 'resource')} of the stack {stack}"
        case ProtectStack(stack, on):
            return f"switch termination protection of {stack} {'on' if on else 'off'}"
        case SwapCode(functions, _, key):
            return f"swap the code of {', '.join(functions)} for {key}"
        case MarkSwapped(_, _, key):
            noted = "note that the code is being swapped" if key == UNSETTLED else "note that the code was swapped"
            return "forget that the code was swapped" if key is None else noted
        case RemoveArtifacts(bucket, keys):
            return f"remove {count(len(keys), 'artifact')} from {bucket}"
        case EmptyBucket(bucket):
            return f"empty the bucket {bucket}, old versions included"
        case RemoveBucketIfEmpty(bucket):
            return f"remove the bucket {bucket} unless another app uses it"
        case DeleteTable(table):
            return f"delete the table {table}"
        case PutFile(_, file):
            return f"upload {file.path} ({len(file.body):,} bytes, {file.cache_control})"
        case RemoveFile(bucket, path):
            return f"remove {path} from {bucket}"
        case Invalidate(distribution, paths):
            return f"invalidate {', '.join(paths)} on {distribution}"
        case _:
            assert_never(step)


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
