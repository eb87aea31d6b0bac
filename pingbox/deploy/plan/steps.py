"""The steps of a deploy and of a destroy. `perform/steps.py` performs and `describe.py` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile


@dataclass(frozen=True)
class CreateArtifactBucket:
    """Encrypted, private, versions off, half-done uploads dropped after a day."""

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
    """Remove the token secret: every guest's token is void."""

    name: str


@dataclass(frozen=True)
class ContinueRollback:
    """Bring a stack whose way back failed to a state from which it can be updated."""

    stack: str


@dataclass(frozen=True)
class DeleteStack:
    """Delete the stack and wait. `why` is shown; `resources` is how many there are, 0 if unknown."""

    stack: str
    why: str = ""
    resources: int = 0


@dataclass(frozen=True)
class ExecuteChangeSet:
    """Carry out a change set that was shown, and wait. `resources` is how many there are, for the progress bar.

    `rollback`: whether a failure brings back what was before; None where the change set itself says so (express).
    """

    stack: str
    change_set: str
    resources: int
    rollback: bool | None = True


@dataclass(frozen=True)
class ProtectStack:
    """Switch termination protection on or off."""

    stack: str
    on: bool


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
class RemoveArtifacts:
    """Remove these keys."""

    bucket: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class EmptyBucket:
    """Remove every object, version and delete marker: CloudFormation refuses to delete a bucket that holds any."""

    bucket: str


@dataclass(frozen=True)
class RemoveBucketIfEmpty:
    """Remove the artifact bucket, unless another app or stage still uses it."""

    bucket: str


@dataclass(frozen=True)
class DeleteTable:
    """Remove a table that outlived its stack, its deletion protection first."""

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

    `previous` names parameters that keep the value they have: what was chosen once need not be said again.
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
        }
