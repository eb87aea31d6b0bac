"""One run of a command: credentials, place, reality, wish. What the commands have in common, free of click."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pingbox.deploy.artifacts.own_template import own_wish
from pingbox.deploy.artifacts.package import chat_artifact
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.aws.client import Aws, Boto
from pingbox.deploy.commands.options import What, Where
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan import preflight
from pingbox.deploy.plan.actual import NOTHING, Actual, observe
from pingbox.deploy.plan.desired import Desired, chat_desired
from pingbox.deploy.plan.stage import Place, checked_place
from pingbox.deploy.template.app import FUNCTIONS
from pingbox.deploy.template.model import Site

SiteFiles = Callable[[], Iterable[SiteFile]]
OURS = frozenset({"Stage", "CodeBucket", "CodeKey", "TokenParameter"})
"""Parameters of the chat's template that follow from the place and the code; nobody chooses them."""
UNKNOWN_REGION = "<region>"


@dataclass(frozen=True)
class Ground:
    """Where a command stands: AWS, the place with its account, and what the preflight found."""

    aws: Aws
    place: Place
    found: preflight.Preflight


def ground(where: Where, aws: Aws | None = None) -> Ground:
    """Ask who we are. `RefusedError` without credentials or in the wrong account."""
    aws = aws or Boto(where.profile, where.region)
    place = checked_place(where.app, where.stage, aws.region)
    found = preflight.look(aws, where.expect_account)
    return Ground(aws, replace(place, account=found.account, stand_in=aws.stand_in), found)


def reach(ground: Ground, what: What, files: SiteFiles | None) -> tuple[Desired, Actual]:
    """The wish beside the reality, all refusals behind us."""
    reality = observe(ground.aws, ground.place)
    if not what.adopt:
        preflight.refuse_foreign(ground.place, reality.stack)
    wish = wish_for(ground.place, what, files, reality)
    if what.template is None:
        known = {**(reality.stack.parameters if reality.stack else {}), **what.settings}
        preflight.refuse_public_site(ground.found.public_block, _site(what, reality))
        preflight.refuse_concurrency(ground.found.concurrency, known, len(FUNCTIONS))
        # Asked once: a stack that runs without an alarm was deployed so by somebody who said so.
        deployed = reality.stack is not None and reality.stack.can_change
        chosen = what.unwatched or (deployed and "AlarmEmail" not in what.settings)
        preflight.refuse_unwatched_guests(ground.place, not known.get("AlarmEmail"), chosen)
    return wish, reality


def dry_wish(where: Where, what: What, files: SiteFiles | None) -> Desired:
    """The wish of a first deploy, made without asking anybody: no credentials, no network."""
    place = checked_place(where.app, where.stage, where.region or UNKNOWN_REGION)
    return wish_for(place, what, files, NOTHING)


def wish_for(place: Place, what: What, files: SiteFiles | None, reality: Actual) -> Desired:
    """The chat's wish, or that of somebody's own template."""
    if what.template is not None:
        return own_wish(place, what.template, what.settings)
    if files is None:
        raise RefusedError("the page", "no files", "the page that belongs to the chat", "install pingbox whole")
    _refuse_unknown(what.settings, place)
    return chat_desired(place, chat_artifact(), files(), _site(what, reality), what.settings)


def _site(what: What, reality: Actual) -> Site:
    """What was asked for, else what the stack has, else the plain website."""
    if what.site is not None:
        return Site(what.site)
    outputs: Mapping[str, str] = reality.stack.outputs if reality.stack else {}
    return Site.CLOUDFRONT if "SiteDistribution" in outputs else Site.WEBSITE


def _refuse_unknown(settings: Mapping[str, str], place: Place) -> None:
    from pingbox.deploy.template.parameters import parameters

    known = {parameter.name for parameter in parameters(place.stage)} - OURS
    if unknown := sorted(set(settings) - known):
        raise RefusedError(
            "--parameter", ", ".join(unknown), "one of " + ", ".join(sorted(known)), "see `pingbox template`"
        )
