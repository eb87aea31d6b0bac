"""Where a deploy goes, and the names that follow from it. No state file: the same words always find the same stack."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pingbox.deploy.aws.stand_in import StandIn
from pingbox.deploy.errors import DeployRefusedError
from pingbox.model import stage_names
from pingbox.model.partitions import url_suffix

_APP = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_APP_LENGTH = 40
STACK_LENGTH = 32
"""AWS derives the names of roles and functions (64 characters at most) from the stack's; from longer ones it cuts
letters, and the names would no longer begin as `pingbox policy` says."""
_STAGE_LENGTH = 32  # with the app in front of it, it names a stack


@dataclass(frozen=True)
class DeployTarget:
    """One stage of one app in one region. `account` is the twelve digits, None in a dry run.

    `stand_in` is what plays AWS here, None for AWS itself.
    """

    app: str
    stage: str
    region: str
    account: str | None = None
    stand_in: StandIn | None = None

    @property
    def stack(self) -> str:
        """The stack's name. A stage may hold underscores, which a stack's name may not."""
        return f"{self.app}-{self.stage.replace('_', '-')}"

    @property
    def artifact_bucket(self) -> str:
        """One bucket per account and region for all apps and stages, separated by `artifact_prefix`."""
        return f"pingbox-artifacts-{self.account or '<account>'}-{self.region}"

    @property
    def artifact_prefix(self) -> str:
        """Where this stage's artifacts lie in the bucket; ends in a slash."""
        return f"{self.app}/{self.stage}/"

    def artifact_url(self, key: str) -> str:
        """Where CloudFormation fetches a template that lies in the bucket, in the form of AWS's own `package`."""
        return f"https://s3.{self.region}.{url_suffix(self.region)}/{self.artifact_bucket}/{key}"

    @property
    def secret(self) -> str:
        """The SSM parameter with the token secret."""
        return f"/pingbox/{self.app}/{self.stage}/token-secret"

    @property
    def note(self) -> str:
        """The key of the note about the last deploy."""
        return f"{self.artifact_prefix}deployed.json"

    @property
    def tags(self) -> dict[str, str]:
        """On the stack, and by it on every resource that can bear tags."""
        return {"pingbox:app": self.app, "pingbox:stage": self.stage}


def refuse_long_stack(target: DeployTarget) -> None:
    """`DeployRefusedError` when app and stage together are too long for the names of the chat's resources."""
    if len(target.stack) > STACK_LENGTH:
        raise DeployRefusedError(
            "app and stage together",
            f"{target.stack}, {len(target.stack)} characters",
            f"at most {STACK_LENGTH}, so that AWS need not shorten the names of the resources",
            "pass a shorter --app or --stage",
        )


def checked_target(app: str, stage: str, region: str) -> DeployTarget:
    """The target, or `DeployRefusedError` for a name that AWS would refuse only minutes later."""
    if len(app) > _APP_LENGTH or not _APP.fullmatch(app):
        raise DeployRefusedError(
            "the app's name",
            repr(app),
            f"lower-case letters, digits and single hyphens, a letter first, at most {_APP_LENGTH}",
            "pass another --app",
        )
    if len(stage) > _STAGE_LENGTH or not stage_names.is_stage_name(stage):
        raise DeployRefusedError(
            "the stage's name",
            repr(stage),
            f"{stage_names.DESCRIPTION}, at most {_STAGE_LENGTH} characters",
            "pass another --stage",
        )
    return DeployTarget(app, stage, region)
