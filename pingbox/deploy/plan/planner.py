"""Which steps lead from the actual state to the desired one. Pure: two values in, lists of steps out."""

from __future__ import annotations

import hashlib

from pingbox.deploy.aws.stack import StackState, StackVersion
from pingbox.deploy.commands.options import DEFAULT_UPDATE, UpdateOptions
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.actual import MARKER, UNSETTLED, Actual
from pingbox.deploy.plan.data_types import NESTED_STACKS
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.source import DeployNote
from pingbox.deploy.plan.steps import (
    ChangeSetRequest,
    ContinueRollback,
    CreateArtifactBucket,
    CreateSecret,
    DeleteStack,
    Express,
    MarkSwapped,
    ProtectStack,
    PutArtifact,
    RemoveArtifacts,
    Step,
    SwapCode,
    WriteNote,
)
from pingbox.deploy.plan.target import DeployTarget


def recovery(target: DeployTarget, actual: Actual, role: str | None = None) -> list[Step]:
    """What has to happen to a stuck stack before it can be changed. `DeployRefusedError` while it is busy.

    `role` is the ARN of the role that CloudFormation works with.
    """
    match actual.state:
        case StackState.ABSENT | StackState.READY | StackState.PARTLY_UPDATED | StackState.IN_REVIEW:
            return []
        case StackState.FAILED_CREATION:
            why = "it was never in use"
            return [DeleteStack(target.stack, _version(actual), why, role=role)]
        case StackState.ROLLBACK_FAILED:
            return [ContinueRollback(target.stack, _version(actual), role)]
        case StackState.DELETE_FAILED:
            # What is left of it may be tables; and a bucket that is not empty would only stop the deletion again.
            raise DeployRefusedError(
                f"the stack {target.stack}",
                "DELETE_FAILED",
                "a stack that is not half deleted",
                "finish with `pingbox destroy`, which empties its buckets first, then deploy",
            )
        case StackState.BUSY:
            status = actual.stack.status if actual.stack else "busy"
            raise DeployRefusedError(
                f"the stack {target.stack}",
                status,
                "a stack without a running operation",
                "wait until the other operation is over",
            )


def _version(actual: Actual) -> StackVersion:
    assert actual.stack is not None  # only a stack that is there has a state to recover from
    return actual.stack.version


def template_upload(desired: Desired, actual: Actual) -> list[Step]:
    """A template beyond the inline limit has to lie in the bucket before a change set can be made."""
    if desired.fits_inline:
        return []
    body = desired.template.encode()
    return [*_bucket(desired, actual), *_put(desired, actual, template_key(desired), body, "application/json")]


def template_key(desired: Desired) -> str:
    """Named by its content."""
    digest = hashlib.sha256(desired.template.encode()).hexdigest()[:32]
    return f"{desired.target.artifact_prefix}{digest}.template"


def change_set(desired: Desired, actual: Actual, name: str, how: UpdateOptions = DEFAULT_UPDATE) -> ChangeSetRequest:
    """The request for the change set."""
    resources = desired.document["Resources"].values()
    url = None if desired.fits_inline else desired.target.artifact_url(template_key(desired))
    return ChangeSetRequest(
        stack=desired.target.stack,
        name=name,
        create=not (actual.stack and actual.stack.can_change),
        parameters=tuple(desired.parameters.items()),
        tags=tuple(desired.stack_tags(actual.stack.tags if actual.stack else {}).items()),
        previous=_unchanged_parameters(desired, actual),
        body=None if url else desired.template,
        url=url,
        express=Express(how.rollback) if how.express else None,
        role=desired.role,
        nested=any(entry.get("Type") in NESTED_STACKS for entry in resources if isinstance(entry, dict)),
    )


def preparation(desired: Desired, actual: Actual) -> list[Step]:
    """What the stack's change needs to find: code and secret; and the bucket, for the note as well."""
    prefix = desired.target.artifact_prefix
    uploads = [
        step
        for artifact in desired.artifacts
        for step in _put(desired, actual, prefix + artifact.key, artifact.body, artifact.content_type)
    ]
    secret = [CreateSecret(desired.target.secret, tuple(desired.target.tags.items()))]
    return [
        *(_bucket(desired, actual) if desired.fits_inline else ()),
        *uploads,
        *(secret if desired.secret and not actual.secret else ()),
    ]


def note_step(desired: Desired, at: str, by: str) -> WriteNote:
    """The note about this deploy. `at` is the time in UTC as ISO 8601, `by` the ARN of the identity."""
    note = DeployNote(desired.source.kind, desired.source.name, desired.digest, at, by)
    return WriteNote(desired.target.artifact_bucket, desired.target.note, note)


def after_change(desired: Desired, actual: Actual, functions: tuple[str, ...]) -> list[Step]:
    """Once the stack is what it should be: protection, an end to hot-swapped code, old artifacts out.

    `functions` are the stack's physical functions. A change of the stack's own code has overwritten swapped code; but
    if the stack names the same code as before, CloudFormation saw nothing to do and the swapped code still runs.
    """
    target, bucket = desired.target, desired.target.artifact_bucket
    steps: list[Step] = []
    if desired.protect != bool(actual.stack and actual.stack.protected):
        steps.append(ProtectStack(target.stack, on=desired.protect))
    if actual.swapped is not None:
        steps.append(SwapCode(functions, bucket, desired.parameters["CodeKey"]))
        steps.append(MarkSwapped(bucket, target.artifact_prefix + MARKER, None))
    if stale := _stale(desired, actual):
        steps.append(RemoveArtifacts(bucket, stale))
    return steps


def hot_swap(desired: Desired, actual: Actual, functions: tuple[str, ...]) -> list[Step]:
    """Code only, past CloudFormation. Empty when that very code runs already."""
    [artifact] = desired.artifacts
    target, bucket = desired.target, desired.target.artifact_bucket
    key = target.artifact_prefix + artifact.key
    marker = target.artifact_prefix + MARKER
    deployed = actual.stack.parameters.get("CodeKey") if actual.stack else None
    if key == (deployed if actual.swapped is None else actual.swapped):
        return []
    return [
        *_put(desired, actual, key, artifact.body, "application/zip"),
        # First: a swap that is interrupted must not be forgotten.
        MarkSwapped(bucket, marker, UNSETTLED),
        SwapCode(functions, bucket, key),
        MarkSwapped(bucket, marker, None if key == deployed else key),
    ]


def _unchanged_parameters(desired: Desired, actual: Actual) -> tuple[str, ...]:
    """Parameters that the running stack has, the new template still declares, and this run does not set."""
    if actual.stack is None or not actual.stack.can_change:
        return ()
    declared = desired.document.get("Parameters", {})
    return tuple(sorted((set(actual.stack.parameters) & set(declared)) - set(desired.parameters)))


def _stale(desired: Desired, actual: Actual) -> tuple[str, ...]:
    """Artifacts of neither this template nor the one before it: a rollback still finds its code."""
    previous = actual.stack.parameters.get("CodeKey", "") if actual.stack else ""
    if previous == desired.parameters.get("CodeKey"):
        return ()  # the code before this one is unknown
    kept = {desired.target.artifact_prefix + artifact.key for artifact in desired.artifacts}
    kept |= {previous, template_key(desired), desired.target.artifact_prefix + MARKER, desired.target.note}
    if not desired.artifacts or "CodeKey" not in desired.parameters:
        return ()  # a user's own template names its code in ways we do not follow back: keep everything
    return tuple(sorted((actual.artifacts or frozenset()) - kept))


def _bucket(desired: Desired, actual: Actual) -> list[Step]:
    if actual.artifacts is not None:
        return []
    return [CreateArtifactBucket(desired.target.artifact_bucket, desired.target.region)]


def _put(desired: Desired, actual: Actual, key: str, body: bytes, content_type: str) -> list[Step]:
    if key in (actual.artifacts or frozenset()):
        return []
    return [PutArtifact(desired.target.artifact_bucket, key, body, content_type)]
