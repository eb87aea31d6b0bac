"""What every command takes: where (`--app --stage --region --profile`) and what (`--template`, `--parameter`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pingbox.deploy.errors import DeployError, RefusedError

Command = Callable[..., Any]


@dataclass(frozen=True)
class TargetOptions:
    """Which stage of which app, by whose credentials. None means: as the AWS configuration says."""

    app: str
    stage: str
    region: str | None
    profile: str | None
    expect_account: str | None = None


@dataclass(frozen=True)
class AppOptions:
    """`template` None is the chat. `site` None keeps what the stack has. `settings` are template parameters by name.

    `adopt`: the stack of this name may be one that something else deployed.
    """

    template: Path | None
    site: str | None
    settings: Mapping[str, str]
    unwatched: bool
    adopt: bool = False


@dataclass(frozen=True)
class UpdateOptions:
    """`express`: do not wait until every resource answers. `rollback`: after a failure, back to what was before."""

    express: bool = False
    rollback: bool = True


DEFAULT_UPDATE = UpdateOptions()


def where_options(command: Command) -> Command:
    """Adds the options and hands them over as one `where`; errors of the deploy become one line and exit code 1."""

    @click.option("--app", default="pingbox", show_default=True, help="Name of the app: the stack is called APP-STAGE.")
    @click.option("--stage", default="dev", show_default=True, help="Stage; `prod` keeps its data.")
    @click.option("--region", help="AWS region, else what the AWS configuration says.")
    @click.option("--profile", help="Profile of ~/.aws/config.")
    @click.option("--expect-account", metavar="ID", help="Refuse to work in any other AWS account.")
    @functools.wraps(command)
    def wrapped(
        app: str, stage: str, region: str | None, profile: str | None, expect_account: str | None, **rest: Any
    ) -> None:
        try:
            command(where=TargetOptions(app, stage, region, profile, expect_account), **rest)
        except DeployError as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def what_options(command: Command) -> Command:
    """Adds the options of what is to be deployed and hands them over as one `what`."""

    @click.option(
        "--template",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Deploy this CloudFormation template instead of the chat.",
    )
    @click.option("--site", type=click.Choice(["website", "cloudfront"]), help="How the page is served [website].")
    @click.option("--parameter", "settings", multiple=True, metavar="NAME=VALUE", help="A template parameter.")
    @click.option("--allowed-origin", "origins", multiple=True, help="Another page that may connect.")
    @click.option("--alarm-email", help="Who gets a mail when the bill nears the budget.")
    @click.option("--budget", type=click.IntRange(1), help="US dollars a month for the alarm [5].")
    @click.option("--no-alarm", "unwatched", is_flag=True, help="Let guests in without a spending alarm.")
    @click.option("--adopt", is_flag=True, help="Take over a stack of this name that something else deployed.")
    @functools.wraps(command)
    def wrapped(
        template: Path | None,
        site: str | None,
        settings: tuple[str, ...],
        origins: tuple[str, ...],
        alarm_email: str | None,
        budget: int | None,
        unwatched: bool,
        adopt: bool,
        **rest: Any,
    ) -> None:
        named = {
            "AllowedOrigins": ",".join(origins) or None,
            "AlarmEmail": alarm_email,
            "MonthlyBudget": None if budget is None else str(budget),
        }
        chosen = {name: value for name, value in named.items() if value is not None}
        command(what=AppOptions(template, site, {**chosen, **_pairs(settings)}, unwatched, adopt), **rest)

    return wrapped


def _pairs(settings: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise RefusedError("--parameter", repr(setting), "NAME=VALUE", "write it with an equals sign")
        pairs[name] = value
    return pairs
