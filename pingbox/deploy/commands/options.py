"""The options that commands share: the target (`--app --stage --region --profile`), the app, the way of updating."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from pingbox.deploy.errors import DeployError, DeployRefusedError

Command = Callable[..., Any]
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_TAG_KEY = re.compile(r"(?!aws:)[\w .:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")


@dataclass(frozen=True)
class TargetOptions:
    """Which stage of which app, by whose credentials. None means: as the AWS configuration says."""

    app: str
    stage: str
    region: str | None
    profile: str | None
    expect_account: str | None = None
    expect_region: str | None = None


@dataclass(frozen=True)
class AppOptions:
    """`template` None is the chat. `site` None keeps what the stack has. `settings` are template parameters by name.

    `adopt`: the stack of this name may be one that something else deployed. `replace_app`: it may be another app.
     `protect` None keeps what the stack remembers. `tags` are added to the stack's; `role` and `boundary` are ARNs.
    """

    template: Path | None
    site: str | None
    settings: Mapping[str, str]
    unwatched: bool
    adopt: bool = False
    replace_app: bool = False
    protect: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    boundary: str | None = None


@dataclass(frozen=True)
class UpdateOptions:
    """`express`: do not wait until every resource answers. `rollback`: after a failure, back to what was before.

    `hotswap`: only the functions' code, without CloudFormation.
    """

    express: bool = False
    rollback: bool = True
    hotswap: bool = False

    @property
    def short_cuts(self) -> tuple[str, ...]:
        """The options that a protected stage does not take, as they were typed."""
        taken = {"--express": self.express, "--disable-rollback": not self.rollback, "--hotswap": self.hotswap}
        return tuple(name for name, on in taken.items() if on)


DEFAULT_UPDATE = UpdateOptions()


def target_options(command: Command) -> Command:
    """Adds the options and passes them as one `where`; errors of the deploy become one line and exit code 1.

    With `--json` they become JSON on standard output.
    """

    @click.option("--app", default="pingbox", show_default=True, help="Name of the app: the stack is called APP-STAGE.")
    @click.option("--stage", default="dev", show_default=True, help="Name of the stage.")
    @click.option("--region", help="AWS region, else what the AWS configuration says.")
    @click.option("--profile", help="Profile of ~/.aws/config.")
    @click.option("--expect-account", metavar="ID", help="Refuse to work in any other AWS account.")
    @click.option("--expect-region", metavar="NAME", help="Refuse to work in any other region.")
    @functools.wraps(command)
    def wrapped(
        app: str,
        stage: str,
        region: str | None,
        profile: str | None,
        expect_account: str | None,
        expect_region: str | None,
        **rest: Any,
    ) -> None:
        where = TargetOptions(app, stage, region, profile, expect_account, expect_region)
        try:
            command(where=where, **rest)
        except DeployError as error:
            if rest.get("as_json"):
                _exit_with(error.as_json())
            raise click.ClickException(str(error)) from error
        except click.UsageError:
            raise
        except click.ClickException as error:
            if rest.get("as_json"):
                _exit_with({"message": error.message}, error.exit_code)
            raise

    return wrapped


def _exit_with(error: Mapping[str, Any], code: int = 1) -> None:
    click.echo(json.dumps({"error": error}, indent=2))
    raise click.exceptions.Exit(code)


def app_options(command: Command) -> Command:
    """Adds the options of what is to be deployed and passes them as one `what`."""

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
    @click.option(
        "--protect/--no-protect",
        default=None,
        help="Protect the stage against loss; remembered. [on, but for dev, test, preview and the like]",
    )
    @click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag for the stack and its resources.")
    @click.option("--role-arn", "role", metavar="ARN", help="Role that CloudFormation works with.")
    @click.option(
        "--permissions-boundary", "boundary", metavar="ARN", help="Policy that bounds every role; remembered."
    )
    @click.option("--adopt", is_flag=True, help="Take over a stack of this name that something else deployed.")
    @click.option("--replace-app", is_flag=True, help="Replace another app that was deployed under this name.")
    @functools.wraps(command)
    def wrapped(
        template: Path | None,
        site: str | None,
        settings: tuple[str, ...],
        origins: tuple[str, ...],
        alarm_email: str | None,
        budget: int | None,
        unwatched: bool,
        protect: bool | None,
        tags: tuple[str, ...],
        role: str | None,
        boundary: str | None,
        adopt: bool,
        replace_app: bool,
        **rest: Any,
    ) -> None:
        named = {
            "AllowedOrigins": ",".join(origins) or None,
            "AlarmEmail": alarm_email,
            "MonthlyBudget": None if budget is None else str(budget),
        }
        chosen = {name: value for name, value in named.items() if value is not None}
        what = AppOptions(
            template,
            site,
            {**chosen, **_pairs("--parameter", settings)},
            unwatched,
            adopt,
            replace_app,
            protect,
            checked_tags(_pairs("--tag", tags)),
            checked_role(role),
            boundary,
        )
        command(what=what, **rest)

    return wrapped


def checked_role(arn: str | None) -> str | None:
    """The ARN. `DeployRefusedError` for anything but the ARN of a role."""
    if arn is not None and not _ROLE.fullmatch(arn):
        raise DeployRefusedError(
            "--role-arn", repr(arn), "a role's ARN, like arn:aws:iam::123456789012:role/cloudformation", "check it"
        )
    return arn


def checked_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """The tags. `DeployRefusedError` for what AWS refuses, and for keys that PingBox sets."""
    for key, value in tags.items():
        if key.startswith("pingbox:") or not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            raise DeployRefusedError(
                "--tag",
                f"{key}={value}",
                "letters, digits, spaces and _.:/=+-@; at most 128 characters for the key and 256 for the value; "
                "no key that begins with aws: or pingbox:",
                "choose another tag",
            )
    return tags


def _pairs(option: str, settings: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise DeployRefusedError(option, repr(setting), "NAME=VALUE", "write it with an equals sign")
        pairs[name] = value
    return pairs
