"""The steps of a deploy and of a destroy. `perform/steps.py` performs and `describe.py` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile
from pingbox.deploy.aws.stack import StackVersion
from pingbox.deploy.plan.source import DeployNote


@dataclass(frozen=True)
class CreateArtifactBucket:
    """Private, without ACLs."""

    bucket: str
    region: str


@dataclass(frozen=True)
class PutArtifact:
    """Upload a zip or a template under a name that follows from its content."""

    bucket: str
    key: str
    body: bytes
    content_type: str


@dataclass(frozen=True)
class CreateSecret:
    """A random SecureString, which CloudFormation cannot create. Its value is made by the performer, never shown."""

    name: str
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DeleteSecret:
    """Remove the token secret: every guest's token is void.

    `stack` is the name that no stack may have by then: a new one would use this secret.
    """

    name: str
    stack: str


@dataclass(frozen=True)
class ContinueRollback:
    """Bring a stack whose rollback failed to a state from which it can be updated."""

    stack: str
    expected: StackVersion
    role: str | None = None


@dataclass(frozen=True)
class DeleteStack:
    """Delete the stack and wait, if it is still the expected version.

    `why` is shown; `resources` is how many there are, 0 if unknown. `role` is the ARN that CloudFormation works with.
    """

    stack: str
    expected: StackVersion
    why: str = ""
    resources: int = 0
    role: str | None = None


@dataclass(frozen=True)
class ExecuteChangeSet:
    """Carry out a change set that was shown, and wait. `resources` is how many there are, for the progress bar.

    `rollback`: whether a failure brings back what was before; None where the change set itself says so (express).
    `expected` is the stack that the change set was made for, None for one that the change set creates.
    """

    stack: str
    change_set: str
    resources: int
    rollback: bool | None = True
    expected: StackVersion | None = None


@dataclass(frozen=True)
class ProtectStack:
    """Switch termination protection on or off; with `expected`, only on that version of the stack."""

    stack: str
    on: bool
    expected: StackVersion | None = None


@dataclass(frozen=True)
class SwapCode:
    """Give running functions this code past CloudFormation."""

    functions: tuple[str, ...]
    bucket: str
    key: str


@dataclass(frozen=True)
class MarkSwapped:
    """Record in the artifact bucket that its functions run `key`; without a key, forget it."""

    bucket: str
    marker: str
    key: str | None


@dataclass(frozen=True)
class WriteNote:
    """Record in the artifact bucket what was deployed, when and by whom."""

    bucket: str
    key: str
    note: DeployNote


@dataclass(frozen=True)
class RemoveArtifacts:
    """Remove these keys. `stack` is a name that no stack may have by then, None where the stack stays."""

    bucket: str
    keys: tuple[str, ...]
    stack: str | None = None


@dataclass(frozen=True)
class EmptyBucket:
    """Remove every object, version and delete marker: CloudFormation refuses to delete a bucket that holds any.

    `stack` is the version of the stack that the bucket belonged to when this was decided.
    """

    bucket: str
    stack: StackVersion


@dataclass(frozen=True)
class RemoveBucketIfEmpty:
    """Remove the artifact bucket, unless another app or stage still uses it."""

    bucket: str


@dataclass(frozen=True)
class DeleteTable:
    """Remove a table that was retained, its deletion protection first."""

    table: str


Step = (
    CreateArtifactBucket
    | PutArtifact
    | CreateSecret
    | DeleteSecret
    | ContinueRollback
    | DeleteStack
    | ExecuteChangeSet
    | ProtectStack
    | SwapCode
    | MarkSwapped
    | WriteNote
    | RemoveArtifacts
    | EmptyBucket
    | RemoveBucketIfEmpty
    | DeleteTable
    | PutFile
    | RemoveFile
    | Invalidate
)


@dataclass(frozen=True)
class Express:
    """CloudFormation's express mode: a resource counts as done once it is configured, not once it answers."""

    rollback: bool

    def arguments(self) -> dict[str, Any]:
        """Express mode alone would not roll back, so rollback is always stated."""
        return {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": not self.rollback}}


@dataclass(frozen=True)
class ChangeSetRequest:
    """Everything `CreateChangeSet` needs. `url` is set instead of `body` for a template beyond the inline limit.

    `previous` names parameters that keep the value they have: what was chosen once need not be said again. `role` is
    the ARN that CloudFormation works with; `nested` asks for change sets of nested stacks as well.
    """

    stack: str
    name: str
    create: bool
    parameters: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    previous: tuple[str, ...] = ()
    body: str | None = None
    url: str | None = None
    express: Express | None = None
    role: str | None = None
    nested: bool = False

    def arguments(self, capabilities: tuple[str, ...]) -> dict[str, Any]:
        """boto3's arguments."""
        source = {"TemplateBody": self.body} if self.url is None else {"TemplateURL": self.url}
        return {
            "StackName": self.stack,
            "ChangeSetName": self.name,
            "ChangeSetType": "CREATE" if self.create else "UPDATE",
            "Capabilities": list(capabilities),
            "Parameters": [
                *({"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters),
                *({"ParameterKey": key, "UsePreviousValue": True} for key in self.previous),
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags],
            **source,
            **(self.express.arguments() if self.express else {}),
            **({"RoleARN": self.role} if self.role else {}),
            **({"IncludeNestedStacks": True} if self.nested else {}),
        }
