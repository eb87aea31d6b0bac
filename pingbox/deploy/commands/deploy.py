"""`plan` and `deploy`, and `template` and `policy`. Heavy imports wait inside, so that `--help` is quick.

The page's files come in as the click context's object: a function that gives them. The composition root sets it: this
room knows no page.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pingbox.deploy.aws.interrupt import report_interrupt
from pingbox.deploy.commands.options import (
    DEFAULT_UPDATE,
    AppOptions,
    TargetOptions,
    UpdateOptions,
    app_options,
    checked_role,
    target_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pingbox.deploy.commands.context import Context
    from pingbox.deploy.perform.deployment import DeployRun, Plan
    from pingbox.deploy.plan.actual import Actual
    from pingbox.deploy.plan.target import DeployTarget

CHANGES = 2
"""Exit code of `plan` when there is something to do. 0: nothing, 1: an error."""
_ALLOW_REPLACE = "Let data, addresses and keys be lost that the plan says are lost."


@dataclass(frozen=True)
class _Run:
    """One run: what it works on, what is there, and where it works."""

    deployment: DeployRun
    actual: Actual
    context: Context


@click.command()
@target_options
@app_options
@click.option("--allow-replace", is_flag=True, help=_ALLOW_REPLACE)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def plan(ctx: click.Context, /, where: TargetOptions, what: AppOptions, allow_replace: bool, as_json: bool) -> None:
    """Show what a deploy would do; change nothing. Exit code 0: nothing to do, 2: changes, 1: error."""
    from pingbox.deploy.commands.output import console, plan_json, plan_view
    from pingbox.deploy.perform.deployment import refuse_loss

    run = _ready(ctx, where, what, quiet=True, plan_only=True)
    _refuse_stuck(run)
    planned = run.deployment.plan(run.actual)
    run.deployment.discard(planned)
    if not as_json:
        console().print(run.context.view(), plan_view(planned), sep="\n\n")
        refuse_loss(planned, allow_replace)
        ctx.exit(0 if planned.empty else CHANGES)
    refusal = _refusal(planned, allow_replace)
    console().print_json(json.dumps({**plan_json(planned), **run.context.as_json(), "refused": refusal}))
    ctx.exit(1 if refusal else 0 if planned.empty else CHANGES)


@click.command()
@target_options
@app_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what a first deploy would do: no credentials, no network.")
@click.option("--hotswap", is_flag=True, help="Only the functions' code, in seconds. Not for protected stages.")
@click.option("--allow-replace", is_flag=True, help=_ALLOW_REPLACE)
@click.option("--express", is_flag=True, help="Do not wait until everything answers. Not for protected stages.")
@click.option(
    "--disable-rollback", is_flag=True, help="After a failure leave it as it is, to look at. Not for protected stages."
)
@click.option("--json", "as_json", is_flag=True, help="Print nothing but the outputs, for machines.")
@click.pass_context
def deploy(
    ctx: click.Context,
    /,
    where: TargetOptions,
    what: AppOptions,
    yes: bool,
    dry_run: bool,
    hotswap: bool,
    allow_replace: bool,
    express: bool,
    disable_rollback: bool,
    as_json: bool,
) -> None:
    """Put the chat, or your own template, on AWS: plan, confirm, watch, done. Again: "no changes"."""
    _refuse_contradictions(yes, dry_run, hotswap, as_json)
    if dry_run:
        _dry_run(ctx, where, what)
        return
    run = _ready(ctx, where, what, UpdateOptions(express, not disable_rollback, hotswap), quiet=as_json)
    if hotswap:
        _hot_swap(run)
        return
    run = _recovered(run, yes)
    planned = run.deployment.plan(run.actual)
    _confirm(run, planned, yes=yes, allow_replace=allow_replace, quiet=as_json)
    with report_interrupt(planned.stack, "`pingbox deploy` again finishes what is missing"):
        _carry_out(run, planned, as_json)


@click.command()
@click.option("--stage", default="dev", show_default=True)
@click.option("--site", type=click.Choice(["website", "cloudfront"]), default="website", show_default=True)
@click.option("--protect/--no-protect", default=None, help="Retain the messages. [on, but for dev, test and the like]")
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def template(stage: str, site: str, protect: bool | None, form: str) -> None:
    """Print the chat's CloudFormation template."""
    from pingbox.chat.declaration import chat
    from pingbox.chat.model import Site
    from pingbox.chat.template.render import as_json, as_yaml
    from pingbox.deploy.plan.protection import is_protected

    app = chat(stage, Site(site), protect=is_protected(None, stage, protect))
    click.echo(as_json(app) if form == "json" else as_yaml(app), nl=False)


@click.command()
@target_options
@click.option("--account", required=True, metavar="ID", help="The AWS account, twelve digits.")
@click.option("--site", type=click.Choice(["website", "cloudfront"]), default="website", show_default=True)
@click.option("--boundary", is_flag=True, help="Print the permissions boundary of the functions' roles instead.")
@click.option("--permissions-boundary", "arn", metavar="ARN", help="The boundary, if it has another name.")
@click.option("--role-arn", "role", metavar="ARN", help="For deploys through this role of CloudFormation.")
def policy(where: TargetOptions, account: str, site: str, boundary: bool, arn: str | None, role: str | None) -> None:
    """Print the IAM policy that the deploying person or pipeline needs for one stage of the chat."""
    from dataclasses import replace

    from pingbox.chat.model import Site
    from pingbox.deploy.plan.boundary import checked_boundary
    from pingbox.deploy.plan.deployer_policy import DeployerPolicy
    from pingbox.deploy.plan.target import checked_target, refuse_long_stack

    region = where.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        raise click.UsageError("the policy names the region: pass --region")
    if not re.fullmatch(r"[0-9]{12}", account):
        raise click.UsageError(f"--account {account!r} is not an account id of twelve digits")
    target = replace(checked_target(where.app, where.stage, region), account=account)
    refuse_long_stack(target)
    policies = DeployerPolicy(target, checked_boundary(arn))
    if boundary:
        document = policies.boundary()
    elif role is not None:
        document = policies.document_with_role(str(checked_role(role)))
    else:
        document = policies.document(Site(site))
    click.echo(json.dumps(document, indent=2))
    click.echo(f"The boundary is expected as {arn or policies.boundary_arn}.", err=True)


def _refusal(planned: Plan, allow_replace: bool) -> dict[str, Any] | None:
    """Why a deploy would refuse this plan, as JSON; None if it would not."""
    from pingbox.deploy.errors import DeployRefusedError
    from pingbox.deploy.perform.deployment import refuse_loss

    try:
        refuse_loss(planned, allow_replace)
    except DeployRefusedError as refused:
        return refused.as_json()
    return None


def _refuse_contradictions(yes: bool, dry_run: bool, hotswap: bool, as_json: bool) -> None:
    """Options of which one would be ignored without a word."""
    if as_json and (dry_run or hotswap):
        raise click.UsageError("--json prints the outputs of a deploy; a dry run and a hot swap have none")
    if as_json and not yes:
        raise click.UsageError("--json shows no plan to say yes to: pass --yes, or look at `pingbox plan --json` first")
    if dry_run and hotswap:
        raise click.UsageError("--dry-run and --hotswap contradict each other")


def _ready(
    ctx: click.Context,
    where: TargetOptions,
    what: AppOptions,
    how: UpdateOptions = DEFAULT_UPDATE,
    *,
    quiet: bool,
    plan_only: bool = False,
) -> _Run:
    from rich.text import Text

    from pingbox.deploy.aws.watch import Watch
    from pingbox.deploy.commands.context import context
    from pingbox.deploy.commands.output import console
    from pingbox.deploy.commands.progress import Live
    from pingbox.deploy.perform.deployment import DeployRun
    from pingbox.deploy.perform.session import connect, load_state, missing_alarm
    from pingbox.deploy.plan.preflight import warnings

    session = connect(where)
    desired, actual = load_state(session, what, ctx.obj, how, plan_only=plan_only)
    live = ctx.with_resource(Live(console(), quiet=quiet))
    alarm = [str(missing)] if plan_only and (missing := missing_alarm(session, what, actual)) else []
    for warning in [*warnings(session.found, session.target.stand_in), *alarm]:
        console(stderr=True).print(Text(f"warning: {warning}", "yellow"))
    _show_findings(session.target, what, actual.stack.parameters if actual.stack else {})
    watch = Watch(session.aws, live.event)
    deployment = DeployRun(session.aws, desired, watch, live.step, how, session.found.arn)
    return _Run(deployment, actual, context(session, actual, desired.protect))


def _refuse_stuck(run: _Run) -> None:
    """`plan` changes nothing, so it cannot recover the stack; it says what `deploy` would do first."""
    from pingbox.deploy.errors import DeployRefusedError
    from pingbox.deploy.perform.describe import describe
    from pingbox.deploy.plan import planner

    steps = planner.recovery(run.deployment.desired.target, run.actual)
    if steps and run.actual.stack:
        raise DeployRefusedError(
            f"the stack {run.actual.stack.name}",
            run.actual.stack.status,
            "a stack that can be changed",
            f"`pingbox deploy` offers to {', '.join(map(describe, steps))} first",
        )


def _recovered(run: _Run, yes: bool) -> _Run:
    """The run with a stack that can be changed. Asks first, naming account and region."""
    from dataclasses import replace

    from pingbox.deploy.commands.output import console
    from pingbox.deploy.perform.describe import describe
    from pingbox.deploy.plan import planner

    steps = planner.recovery(run.deployment.desired.target, run.actual, run.deployment.desired.role)
    if not steps:
        return run
    if not yes and run.actual.stack:
        console().print(run.context.view())
        what = ", ".join(map(describe, steps))
        click.confirm(f"The stack is in {run.actual.stack.status}. To go on: {what}. Do it?", abort=True)
    return replace(run, actual=run.deployment.recover(run.actual))


def _confirm(run: _Run, planned: Plan, *, yes: bool, allow_replace: bool, quiet: bool) -> None:
    """Show the plan and ask. When this does not end in a yes, the change set is taken back."""
    from pingbox.deploy.commands.output import console, plan_view
    from pingbox.deploy.perform.deployment import refuse_loss, refuse_no_way_back

    if not quiet:
        console().print(run.context.view(), plan_view(planned), sep="\n\n")
    try:
        refuse_loss(planned, allow_replace)
        refuse_no_way_back(planned, run.deployment.how)
        if not (yes or planned.empty):
            click.confirm(f"Carry this out in {run.context.place}?", abort=True)
    except BaseException:
        run.deployment.discard(planned)
        raise


def _carry_out(run: _Run, planned: Plan, as_json: bool) -> None:
    from pingbox.deploy.aws.stand_in import reachable
    from pingbox.deploy.commands.output import console, outputs_view

    stack = run.deployment.execute(planned, run.actual)
    outputs = reachable(stack.outputs, run.deployment.desired.target.stand_in)
    if as_json:
        console().print_json(json.dumps({"stack": stack.name, "outputs": dict(outputs)}))
    elif outputs:
        console().print(outputs_view(outputs))


def _hot_swap(run: _Run) -> None:
    desired = run.deployment.desired
    if not desired.artifacts or "CodeKey" not in desired.parameters:
        raise click.UsageError("--hotswap is for the chat; a template of your own names its code in its own way")
    steps = run.deployment.hot_swap(run.actual)
    click.echo(
        "The functions run the new code; CloudFormation does not know. `pingbox deploy` settles it."
        if steps
        else "no changes: this code is running already"
    )


def _dry_run(ctx: click.Context, where: TargetOptions, what: AppOptions) -> None:
    from pingbox.deploy.artifacts.site import site_steps
    from pingbox.deploy.perform.describe import describe, page_lines
    from pingbox.deploy.perform.session import dry_desired
    from pingbox.deploy.plan import planner
    from pingbox.deploy.plan.actual import NOTHING
    from pingbox.deploy.plan.steps import ExecuteChangeSet

    desired = dry_desired(where, what, ctx.obj)
    document: dict[str, Any] = desired.document
    change = ExecuteChangeSet(desired.target.stack, "", len(document["Resources"]))
    steps = [
        *planner.template_upload(desired, NOTHING),
        *planner.preparation(desired, NOTHING),
        change,
        *planner.after_change(desired, NOTHING, ()),
    ]
    page = page_lines(site_steps(desired.site or (), {}, "the page's bucket"))
    lines = [*map(describe, steps), *page, describe(planner.note_step(desired, "", ""))]
    for number, line in enumerate(lines, 1):
        click.echo(f"{number:3}. {line}")
    for artifact in desired.artifacts:
        click.echo(f"zip {artifact.digest[:32]} ({len(artifact.body):,} bytes)")
    _show_findings(desired.target, what, {})


def _show_findings(target: DeployTarget, what: AppOptions, previous: Mapping[str, str]) -> None:
    """What `serve` would say of the template, before anything of it is uploaded."""
    from pingbox.deploy.artifacts.own_findings import own_findings

    if what.template is not None:
        for line in own_findings(target, what.template, what.settings, previous):
            click.secho(line, err=True, fg="yellow" if line.startswith("warning") else None)
