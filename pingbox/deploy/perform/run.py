"""What the commands share, without click: credentials, target, actual and desired state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pingbox.chat.declaration import FUNCTIONS
from pingbox.chat.model import Site
from pingbox.deploy.artifacts.own_template import own_desired
from pingbox.deploy.artifacts.package import chat_artifact
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.aws.client import Aws, Boto
from pingbox.deploy.commands.options import AppOptions, TargetOptions
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan import preflight
from pingbox.deploy.plan.actual import NOTHING, Actual, observe
from pingbox.deploy.plan.desired import Desired, chat_desired
from pingbox.deploy.plan.target import DeployTarget, checked_target

SiteFiles = Callable[[], Iterable[SiteFile]]
OURS = frozenset({"Stage", "CodeBucket", "CodeKey", "TokenParameter"})
"""Parameters of the chat's template that follow from the target and the code; they cannot be set."""
UNKNOWN_REGION = "<region>"


@dataclass(frozen=True)
class Session:
    """AWS, the target with its account, and what the preflight found."""

    aws: Aws
    target: DeployTarget
    found: preflight.Preflight


def connect(where: TargetOptions, aws: Aws | None = None) -> Session:
    """Ask who we are. `RefusedError` without credentials or in the wrong account."""
    aws = aws or Boto(where.profile, where.region)
    target = checked_target(where.app, where.stage, aws.region)
    found = preflight.run(aws, where.expect_account)
    return Session(aws, replace(target, account=found.account, stand_in=aws.stand_in), found)


def load_state(session: Session, what: AppOptions, files: SiteFiles | None) -> tuple[Desired, Actual]:
    """The desired and the actual state; every refusal has been checked."""
    actual = observe(session.aws, session.target)
    if not what.adopt:
        preflight.refuse_foreign(session.target, actual.stack)
    desired = desired_for(session.target, what, files, actual)
    if what.template is None:
        known = {**(actual.stack.parameters if actual.stack else {}), **what.settings}
        preflight.refuse_public_site(session.found.public_block, _site(what, actual))
        preflight.refuse_concurrency(session.found.concurrency, known, len(FUNCTIONS))
        # Asked once: a stack that runs without an alarm was deployed so on purpose.
        deployed = actual.stack is not None and actual.stack.can_change
        chosen = what.unwatched or (deployed and "AlarmEmail" not in what.settings)
        preflight.refuse_unwatched_guests(session.target, not known.get("AlarmEmail"), chosen)
    return desired, actual


def dry_desired(where: TargetOptions, what: AppOptions, files: SiteFiles | None) -> Desired:
    """The desired state of a first deploy, without credentials or network."""
    target = checked_target(where.app, where.stage, where.region or UNKNOWN_REGION)
    return desired_for(target, what, files, NOTHING)


def desired_for(target: DeployTarget, what: AppOptions, files: SiteFiles | None, actual: Actual) -> Desired:
    """The desired state of the chat, or of the user's own template."""
    if what.template is not None:
        return own_desired(target, what.template, what.settings)
    if files is None:
        raise RefusedError("the page", "no files", "the page that belongs to the chat", "install pingbox whole")
    _refuse_unknown(what.settings, target)
    return chat_desired(target, chat_artifact(), files(), _site(what, actual), what.settings)


def _site(what: AppOptions, actual: Actual) -> Site:
    """What was asked for, else what the stack has, else the plain website."""
    if what.site is not None:
        return Site(what.site)
    outputs: Mapping[str, str] = actual.stack.outputs if actual.stack else {}
    return Site.CLOUDFRONT if "SiteDistribution" in outputs else Site.WEBSITE


def _refuse_unknown(settings: Mapping[str, str], target: DeployTarget) -> None:
    from pingbox.chat.template.parameters import parameters

    known = {parameter.name for parameter in parameters(target.stage)} - OURS
    if unknown := sorted(set(settings) - known):
        raise RefusedError(
            "--parameter", ", ".join(unknown), "one of " + ", ".join(sorted(known)), "see `pingbox template`"
        )
