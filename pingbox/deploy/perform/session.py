"""What the commands share, without click: credentials, target, actual and desired state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pingbox.chat.model import Site
from pingbox.deploy.artifacts.own_template import own_desired
from pingbox.deploy.artifacts.package import chat_artifact
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.aws.client import Aws, Boto
from pingbox.deploy.commands.options import DEFAULT_UPDATE, AppOptions, TargetOptions, UpdateOptions
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan import preflight
from pingbox.deploy.plan.actual import NOTHING, Actual, deployed_template, observe
from pingbox.deploy.plan.boundary import BOUNDARY_TAG, bounded, checked_boundary
from pingbox.deploy.plan.concurrency import reserved_concurrency
from pingbox.deploy.plan.desired import Desired, chat_desired
from pingbox.deploy.plan.protection import is_protected, refuse_short_cuts
from pingbox.deploy.plan.source import CHAT_SOURCE, deployed_source, refuse_other_app, template_source
from pingbox.deploy.plan.target import DeployTarget, checked_target, refuse_long_stack

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
    """Ask AWS who the caller is. `DeployRefusedError` without credentials, and in the wrong account or region."""
    aws = aws or Boto(where.profile, where.region)
    target = checked_target(where.app, where.stage, aws.region)
    preflight.refuse_wrong_region(aws.region, where.expect_region)
    found = preflight.run(aws, where.expect_account)
    return Session(aws, replace(target, account=found.account, stand_in=aws.stand_in), found)


def load_state(
    session: Session,
    what: AppOptions,
    files: SiteFiles | None,
    how: UpdateOptions = DEFAULT_UPDATE,
    *,
    plan_only: bool = False,
) -> tuple[Desired, Actual]:
    """The desired and the actual state; every refusal has been checked.

    `plan_only`: nothing will be deployed, so no address for the spending alarm is needed.
    """
    actual = observe(session.aws, session.target)
    if not what.adopt:
        preflight.refuse_foreign(session.target, actual.stack)
    desired = desired_for(session.target, what, files, actual)
    if desired.protect:
        refuse_short_cuts(session.target.stack, how.short_cuts)
    preflight.refuse_unknown_express(how, session.aws)
    _refuse_other_app(session, what, desired, actual)
    known = {**(actual.stack.parameters if actual.stack else {}), **what.settings}
    preflight.refuse_concurrency(
        session.found.unreserved,
        reserved_concurrency(desired.document, actual.stack.parameters if actual.stack else {}, deployed=True),
        reserved_concurrency(desired.document, known),
    )
    if what.template is None:
        preflight.refuse_public_site(session.found.public_block, _site(what, actual))
        if not plan_only and (missing := missing_alarm(session, what, actual)):
            raise missing
    return desired, actual


def missing_alarm(session: Session, what: AppOptions, actual: Actual) -> DeployRefusedError | None:
    """The refusal of a chat with guests and without a spending alarm; None if there is one, or if it was chosen so.

    Asked once: a stack that runs without an alarm was deployed so on purpose.
    """
    known = {**(actual.stack.parameters if actual.stack else {}), **what.settings}
    deployed = actual.stack is not None and actual.stack.can_change
    chosen = what.unwatched or (deployed and "AlarmEmail" not in what.settings)
    if what.template is not None or chosen or known.get("AlarmEmail"):
        return None
    return DeployRefusedError(
        f"the spending alarm of {session.target.stack}",
        "no address",
        "an address for the alarm, because guests may use the chat",
        "pass --alarm-email you@example.com, or --no-alarm if something else watches the bill",
    )


def _refuse_other_app(session: Session, what: AppOptions, desired: Desired, actual: Actual) -> None:
    stack = actual.stack
    if what.replace_app or stack is None or not stack.can_change:
        return
    same_chat = desired.source == CHAT_SOURCE == deployed_source(stack)
    if not same_chat:
        refuse_other_app(stack, desired.source, deployed_template(session.aws, stack.arn), desired.document)


def dry_desired(where: TargetOptions, what: AppOptions, files: SiteFiles | None) -> Desired:
    """The desired state of a first deploy, without credentials or network."""
    target = checked_target(where.app, where.stage, where.region or UNKNOWN_REGION)
    return desired_for(target, what, files, NOTHING)


def desired_for(target: DeployTarget, what: AppOptions, files: SiteFiles | None, actual: Actual) -> Desired:
    """The desired state of the chat, or of the user's own template, with what the stack remembers."""
    protect = is_protected(actual.stack, target.stage, what.protect)
    desired = replace(
        _app(target, what, files, actual, protect=protect),
        protect=protect,
        tags=what.tags,
        role=what.role,
    )
    remembered = actual.stack.tags.get(BOUNDARY_TAG) if actual.stack else None
    boundary = checked_boundary(what.boundary) or remembered
    if boundary is None:
        return desired
    template = json.dumps(bounded(desired.document, boundary), indent=2) + "\n"
    return replace(desired, template=template, boundary=boundary)


def _app(target: DeployTarget, what: AppOptions, files: SiteFiles | None, actual: Actual, *, protect: bool) -> Desired:
    if what.template is not None:
        return replace(own_desired(target, what.template, what.settings), source=template_source(what.template))
    if files is None:
        raise DeployRefusedError("the page", "no files", "the page that belongs to the chat", "install pingbox whole")
    refuse_long_stack(target)
    _refuse_unknown(what.settings, target)
    return chat_desired(target, chat_artifact(), files(), _site(what, actual), what.settings, protect=protect)


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
        raise DeployRefusedError(
            "--parameter", ", ".join(unknown), "one of " + ", ".join(sorted(known)), "see `pingbox template`"
        )
