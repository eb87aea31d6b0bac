"""What is to be deployed, as one value: the template with its parameters, the artifacts it names, the page's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import as_json
from pingbox.deploy.artifacts.package import Artifact
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.aws.stand_in import StandIn, reachable
from pingbox.deploy.plan.boundary import BOUNDARY_TAG
from pingbox.deploy.plan.protection import protected_by_default, protection_tag
from pingbox.deploy.plan.source import CHAT_SOURCE, Source
from pingbox.deploy.plan.target import DeployTarget

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
INLINE_BYTES = 51_200  # a longer template has to be fetched from a bucket


@dataclass(frozen=True)
class Desired:
    """`site` None means that the app has no page of ours. `secret`: the token secret is to be made.

    `guests`: guests may use it and no spending alarm is set. `protect`: see `protection.py`. `source` is what it is
    made from. `tags` are the user's own. `role` is the ARN of the role that CloudFormation works with, `boundary` that
    of the policy that bounds every role of the template; None for neither.
    """

    target: DeployTarget
    template: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    site: tuple[SiteFile, ...] | None = None
    secret: bool = False
    guests: bool = False
    protect: bool = False
    source: Source = CHAT_SOURCE
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    boundary: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The template as a mapping."""
        parsed: dict[str, Any] = json.loads(self.template)
        return parsed

    @property
    def digest(self) -> str:
        """SHA-256 in hex over template and code."""
        digest = hashlib.sha256(self.template.encode())
        for artifact in self.artifacts:
            digest.update(artifact.digest.encode())
        return digest.hexdigest()

    def stack_tags(self, there: Mapping[str, str]) -> dict[str, str]:
        """The stack's tags afterwards: those that are `there` already stay. AWS's own (`aws:`) cannot be set."""
        kept = {key: value for key, value in there.items() if not key.startswith("aws:")}
        ours = {**self.target.tags, **self.source.tags, **protection_tag(self.protect)}
        boundary = {BOUNDARY_TAG: self.boundary} if self.boundary else {}
        return {**kept, **self.tags, **boundary, **ours}

    @property
    def fits_inline(self) -> bool:
        """Whether the template may travel inside the call."""
        return len(self.template.encode()) <= INLINE_BYTES


def chat_desired(
    target: DeployTarget,
    artifact: Artifact,
    files: Iterable[SiteFile],
    site: Site,
    settings: Mapping[str, str],
    *,
    protect: bool | None = None,
) -> Desired:
    """The chat. `settings` are template parameters that the deploying person chose, by name.

    `protect` None: as the stage's name says.
    """
    protect = protected_by_default(target.stage) if protect is None else protect
    app = chat(target.stage, site, protect=protect)
    parameters = {
        **_origins(target, settings),
        **settings,
        "Stage": target.stage,
        "CodeBucket": target.artifact_bucket,
        "CodeKey": target.artifact_prefix + artifact.key,
        "TokenParameter": target.secret,
    }
    return Desired(
        target=target,
        template=as_json(app),
        parameters=parameters,
        artifacts=(artifact,),
        site=tuple(files),
        secret=True,
        guests=not settings.get("AlarmEmail"),
        protect=protect,
    )


def _origins(target: DeployTarget, settings: Mapping[str, str]) -> Mapping[str, str]:
    """Before a stand-in for AWS the page comes from its address, and so does its origin."""
    if target.stand_in is None or "AllowedOrigins" in settings:
        return {}
    return {"AllowedOrigins": target.stand_in.origin}


def page_config(outputs: Mapping[str, str], stand_in: StandIn | None = None) -> SiteFile:
    """`config.json`, the only file that differs from stage to stage: where the page connects. Never cached."""
    body = json.dumps({"wsUrl": reachable(outputs, stand_in)["WebSocketUrl"]}).encode()
    return SiteFile("config.json", body, "application/json", "no-store")
