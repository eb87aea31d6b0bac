"""Which steps lead from what is there to what is wished. Pure: wish and reality in, lists of steps out."""

from __future__ import annotations

import hashlib
import json

from pingbox.deploy.aws.stack import Standing
from pingbox.deploy.commands.options import USUAL, How
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan.actual import MARKER, UNSETTLED, Actual
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.stage import Place
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
)


def mending(place: Place, reality: Actual) -> list[Step]:
    """What has to happen to a stuck stack before it can be changed. `RefusedError` while it is busy."""
    match reality.standing:
        case Standing.ABSENT | Standing.READY | Standing.HALF_WAY:
            return []
        case Standing.NEVER_CAME_UP:
            return [DeleteStack(place.stack, "its first creation failed, nothing of it was ever in use")]
        case Standing.ROLLBACK_FAILED:
            return [ContinueRollback(place.stack)]
        case Standing.DELETE_FAILED:
            # What is left of it may be tables; and a bucket that is not empty would only stop the deletion again.
            raise RefusedError(
                f"the stack {place.stack}",
                "DELETE_FAILED",
                "a stack that is not half deleted",
                "finish with `pingbox destroy`, which empties its buckets first, then deploy",
            )
        case Standing.BUSY:
            status = reality.stack.status if reality.stack else "busy"
            raise RefusedError(
                f"the stack {place.stack}", status, "a stack that is at rest", "wait until the other operation is over"
            )


def template_upload(wish: Desired, reality: Actual) -> list[Step]:
    """A template beyond the inline limit has to lie in the bucket before a change set can be made."""
    if wish.fits_inline:
        return []
    body = wish.template.encode()
    return [*_bucket(wish, reality), *_put(wish, reality, template_key(wish), body, "application/json")]


def template_key(wish: Desired) -> str:
    """Named by its content."""
    digest = hashlib.sha256(wish.template.encode()).hexdigest()[:32]
    return f"{wish.place.artifact_prefix}{digest}.template"


def change_set(wish: Desired, reality: Actual, name: str, how: How = USUAL) -> ChangeSetRequest:
    """The request for the change set."""
    url = None if wish.fits_inline else _url(wish.place, template_key(wish))
    return ChangeSetRequest(
        stack=wish.place.stack,
        name=name,
        create=not (reality.stack and reality.stack.can_change),
        parameters=tuple(wish.parameters.items()),
        tags=tuple(wish.place.tags.items()),
        previous=_unchanged_parameters(wish, reality),
        body=None if url else wish.template,
        url=url,
        express=Express(how.rollback) if how.express else None,
    )


def preparation(wish: Desired, reality: Actual) -> list[Step]:
    """What the stack's change needs to find: bucket, code, secret."""
    prefix = wish.place.artifact_prefix
    uploads = [
        step
        for artifact in wish.artifacts
        for step in _put(wish, reality, prefix + artifact.key, artifact.body, "application/zip")
    ]
    secret = [CreateSecret(wish.place.secret, tuple(wish.place.tags.items()))]
    return [
        *(_bucket(wish, reality) if wish.artifacts and wish.fits_inline else ()),
        *uploads,
        *(secret if wish.secret and not reality.secret else ()),
    ]


def after_change(wish: Desired, reality: Actual, functions: tuple[str, ...]) -> list[Step]:
    """Once the stack is what it should be: protection, an end to hot-swapped code, old artifacts out.

    `functions` are the stack's physical functions. A change of the stack's own code has overwritten swapped code; but
    if the stack names the same code as before, CloudFormation saw nothing to do and the swapped code still runs.
    """
    place, bucket = wish.place, wish.place.artifact_bucket
    steps: list[Step] = []
    if wish.protect and not (reality.stack and reality.stack.protected):
        steps.append(ProtectStack(place.stack, on=True))
    if reality.swapped is not None:
        steps.append(SwapCode(functions, bucket, wish.parameters["CodeKey"]))
        steps.append(MarkSwapped(bucket, place.artifact_prefix + MARKER, None))
    if stale := _stale(wish, reality):
        steps.append(RemoveArtifacts(bucket, stale))
    return steps


def hot_swap(wish: Desired, reality: Actual, functions: tuple[str, ...]) -> list[Step]:
    """Code only, past CloudFormation. Empty when that very code runs already."""
    [artifact] = wish.artifacts
    place, bucket = wish.place, wish.place.artifact_bucket
    key = place.artifact_prefix + artifact.key
    marker = place.artifact_prefix + MARKER
    deployed = reality.stack.parameters.get("CodeKey") if reality.stack else None
    if key == (deployed if reality.swapped is None else reality.swapped):
        return []
    return [
        *_put(wish, reality, key, artifact.body, "application/zip"),
        # First: a swap that is interrupted must not be forgotten.
        MarkSwapped(bucket, marker, UNSETTLED),
        SwapCode(functions, bucket, key),
        MarkSwapped(bucket, marker, None if key == deployed else key),
    ]


def _unchanged_parameters(wish: Desired, reality: Actual) -> tuple[str, ...]:
    """Parameters that the running stack has, the new template still declares, and nobody spoke of this time."""
    if reality.stack is None or not reality.stack.can_change:
        return ()
    declared = json.loads(wish.template).get("Parameters", {})
    return tuple(sorted((set(reality.stack.parameters) & set(declared)) - set(wish.parameters)))


def _stale(wish: Desired, reality: Actual) -> tuple[str, ...]:
    """Artifacts of neither this template nor the one before it: a rollback still finds its code."""
    previous = reality.stack.parameters.get("CodeKey", "") if reality.stack else ""
    if previous == wish.parameters.get("CodeKey"):
        return ()  # nobody knows any more which code came before this
    kept = {wish.place.artifact_prefix + artifact.key for artifact in wish.artifacts}
    kept |= {previous, template_key(wish), wish.place.artifact_prefix + MARKER}
    if not wish.artifacts or "CodeKey" not in wish.parameters:
        return ()  # a user's own template names its code in ways we do not follow back: keep everything
    return tuple(sorted((reality.artifacts or frozenset()) - kept))


def _bucket(wish: Desired, reality: Actual) -> list[Step]:
    if reality.artifacts is not None:
        return []
    return [CreateArtifactBucket(wish.place.artifact_bucket, wish.place.region)]


def _put(wish: Desired, reality: Actual, key: str, body: bytes, content_type: str) -> list[Step]:
    if key in (reality.artifacts or frozenset()):
        return []
    return [PutArtifact(wish.place.artifact_bucket, key, body, content_type)]


def _url(place: Place, key: str) -> str:
    suffix = "amazonaws.com.cn" if place.region.startswith("cn-") else "amazonaws.com"
    return f"https://{place.artifact_bucket}.s3.{place.region}.{suffix}/{key}"
