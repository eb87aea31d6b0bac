"""The second executor: it says what the first would do. The dry run cannot lie, because both read the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile, SiteStep
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
    WriteNote,
)

_FILES_SHOWN = 8


def describe(step: Step) -> str:  # noqa: C901 - a table: one line per step
    """The step in plain words, imperative, without a full stop."""
    match step:
        case CreateArtifactBucket(bucket, _):
            return f"create the artifact bucket {bucket}"
        case PutArtifact(_, key, body, _):
            return f"upload {_file_name(key)} ({len(body):,} bytes)"
        case CreateSecret(name, _):
            return f"create the secret {name}"
        case DeleteSecret(name, _):
            return f"delete the secret {name}"
        case ContinueRollback(stack, _, _):
            return f"continue the rollback of the stack {stack}"
        case DeleteStack(stack, _, why, _, _):
            return f"delete the stack {stack}" + (f" ({why})" if why else "")
        case ExecuteChangeSet(stack, _, resources, _, _):
            return f"change {count(resources, 'resource')} of the stack {stack}"
        case ProtectStack(stack, on, _):
            return f"switch termination protection of {stack} {'on' if on else 'off'}"
        case SwapCode(functions, _, key):
            return f"swap the code of {count(len(functions), 'function')} for {_file_name(key)}"
        case MarkSwapped(_, _, key):
            noted = "note that the code is being swapped" if key == UNSETTLED else "note that the code was swapped"
            return "forget that the code was swapped" if key is None else noted
        case WriteNote():
            return "record what was deployed"
        case RemoveArtifacts(bucket, keys, _):
            return f"remove {count(len(keys), 'artifact')} from {bucket}"
        case EmptyBucket(bucket, _):
            return f"empty {bucket} entirely"
        case RemoveBucketIfEmpty(bucket):
            return f"remove {bucket} if empty"
        case DeleteTable(table):
            return f"delete the table {table}"
        case PutFile(_, file):
            return f"upload {file.path} ({len(file.body):,} bytes, {file.cache_control})"
        case RemoveFile(_, path):
            return f"remove {path} from the page"
        case Invalidate(distribution, paths):
            return f"invalidate {count(len(paths), 'path')} on {distribution}"
        case _:
            assert_never(step)


def page_lines(steps: Sequence[SiteStep]) -> list[str]:
    """What happens to the page, file by file while they are few, else in one line."""
    if len(steps) <= _FILES_SHOWN:
        return [describe(step) for step in steps]
    bodies = [step.file.body for step in steps if isinstance(step, PutFile)]
    texts = [f"upload {count(len(bodies), 'file')} ({sum(map(len, bodies)):,} bytes)"]
    if removed := sum(isinstance(step, RemoveFile) for step in steps):
        texts.append(f"remove {count(removed, 'file')}")
    return [", ".join(texts)]


def _file_name(key: str) -> str:
    return key.rpartition("/")[2]


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
