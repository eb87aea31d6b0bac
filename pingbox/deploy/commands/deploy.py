"""`plan` and `deploy`, with `template` and `policy` beside them. Heavy imports wait inside, so that `--help` is quick.

The page's files come in as the click context's object: a function that gives them. The composition root sets it: this
room knows no page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pingbox.deploy.aws.interrupted import report_interrupt
from pingbox.deploy.commands.options import (
    DEFAULT_UPDATE,
    AppOptions,
    TargetOptions,
    UpdateOptions,
    what_options,
    where_options,
)

if TYPE_CHECKING:
    from pingbox.deploy.perform.deployment import Deployment, Plan
    from pingbox.deploy.plan.actual import Actual

CHANGES = 2
"""Exit code of `plan` when there is something to do. 0: nothing, 1: an error."""


@click.command()
@where_options
@what_options
@click.option("--allow-replace", is_flag=True, help="Let tables and buckets be replaced, with what is in them.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def plan(ctx: click.Context, /, where: TargetOptions, what: AppOptions, allow_replace: bool, as_json: bool) -> None:
    """Show what a deploy would do; change nothing. Exit code 0: nothing to do, 2: changes, 1: error."""
    from pingbox.deploy.commands.output import console, plan_json, plan_view
    from pingbox.deploy.perform.deployment import refuse_loss

    deployment, actual = _ready(ctx, where, what, quiet=True)
    _refuse_stuck(deployment, actual)
    planned = deployment.plan(actual)
    deployment.discard(planned)
    console().print_json(json.dumps(plan_json(planned))) if as_json else console().print(plan_view(planned))
    refuse_loss(planned, allow_replace)
    ctx.exit(0 if planned.empty else CHANGES)


@click.command()
@where_options
@what_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what a first deploy would do: no credentials, no network.")
@click.option("--hotswap", is_flag=True, help="Only the functions' code, in seconds, past CloudFormation.")
@click.option("--allow-replace", is_flag=True, help="Let tables and buckets be replaced, with what is in them.")
@click.option("--express", is_flag=True, help="Do not wait until everything answers. Not for prod.")
@click.option("--disable-rollback", is_flag=True, help="After a failure leave it as it is, to look at. Not for prod.")
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
    how = UpdateOptions(express, rollback=not disable_rollback)
    deployment, actual = _ready(ctx, where, what, how, quiet=as_json)
    if hotswap:
        _hot_swap(deployment, actual)
        return
    actual = _recovered(deployment, actual, yes)
    planned = deployment.plan(actual)
    _confirm(deployment, planned, yes=yes, allow_replace=allow_replace, quiet=as_json)
    with report_interrupt(planned.stack, "`pingbox deploy` again finishes what is missing"):
        _carry_out(deployment, planned, actual, as_json)


@click.command()
@click.option("--stage", default="dev", show_default=True)
@click.option("--site", type=click.Choice(["website", "cloudfront"]), default="website", show_default=True)
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def template(stage: str, site: str, form: str) -> None:
    """Print the chat's CloudFormation template."""
    from pingbox.chat.declaration import chat
    from pingbox.chat.model import Site
    from pingbox.chat.template.render import as_json, as_yaml

    app = chat(stage, Site(site))
    click.echo(as_json(app) if form == "json" else as_yaml(app), nl=False)


@click.command()
@where_options
@click.option("--account", default="*", help="Account id to write into the ARNs.")
def policy(where: TargetOptions, account: str) -> None:
    """Print the IAM policy that the deploying person or pipeline needs."""
    from pingbox.deploy.plan.deployer_policy import deployer_policy
    from pingbox.deploy.plan.target import checked_target

    target = checked_target(where.app, where.stage, where.region or "*")
    click.echo(json.dumps(deployer_policy(target, account), indent=2))


def _refuse_contradictions(yes: bool, dry_run: bool, hotswap: bool, as_json: bool) -> None:
    """Options of which one would be passed over in silence."""
    if as_json and (dry_run or hotswap):
        raise click.UsageError("--json prints the outputs of a deploy; a dry run and a hot swap have none")
    if as_json and not yes:
        raise click.UsageError("--json shows no plan to say yes to: pass --yes, or look at `pingbox plan --json` first")
    if dry_run and hotswap:
        raise click.UsageError("--dry-run and --hotswap contradict each other")


def _ready(
    ctx: click.Context, where: TargetOptions, what: AppOptions, how: UpdateOptions = DEFAULT_UPDATE, *, quiet: bool
) -> tuple[Deployment, Actual]:
    from rich.text import Text

    from pingbox.deploy.aws.watch import Watch
    from pingbox.deploy.commands.output import console
    from pingbox.deploy.commands.progress import Live
    from pingbox.deploy.perform.deployment import Deployment
    from pingbox.deploy.perform.run import connect, load_state
    from pingbox.deploy.plan.preflight import refuse_no_safety, warnings
    from pingbox.deploy.rules import findings

    session = connect(where)
    refuse_no_safety(session.target, how, session.aws)
    desired, actual = load_state(session, what, ctx.obj)
    live = ctx.with_resource(Live(console(), quiet=quiet))
    own = [] if what.template is None else findings(json.loads(desired.template))
    for warning in [*warnings(session.found, session.target.stand_in), *map(str, own)]:
        console(stderr=True).print(Text(f"warning: {warning}", "yellow"))
    return Deployment(session.aws, desired, Watch(session.aws, live.event), live.step, how), actual


def _refuse_stuck(deployment: Deployment, actual: Actual) -> None:
    """`plan` changes nothing, so it cannot recover the stack; it says what `deploy` would do first."""
    from pingbox.deploy.errors import RefusedError
    from pingbox.deploy.perform.describe import describe
    from pingbox.deploy.plan import planner

    steps = planner.recovery(deployment.desired.target, actual)
    if steps and actual.stack:
        recover = ", ".join(map(describe, steps))
        raise RefusedError(
            f"the stack {actual.stack.name}",
            actual.stack.status,
            "a stack that can be changed",
            f"`pingbox deploy` offers to {recover} first",
        )


def _recovered(deployment: Deployment, actual: Actual, yes: bool) -> Actual:
    from pingbox.deploy.perform.describe import describe
    from pingbox.deploy.plan import planner

    steps = planner.recovery(deployment.desired.target, actual)
    if steps and not yes and actual.stack:
        recover = ", ".join(map(describe, steps))
        click.confirm(f"The stack is stuck in {actual.stack.status}. To go on: {recover}. Do it?", abort=True)
    return deployment.recover(actual)


def _confirm(deployment: Deployment, planned: Plan, *, yes: bool, allow_replace: bool, quiet: bool) -> None:
    """Show the plan and ask. Whatever ends here takes the change set back."""
    from pingbox.deploy.commands.output import console, plan_view
    from pingbox.deploy.perform.deployment import refuse_loss, refuse_no_way_back

    if not quiet:
        console().print(plan_view(planned))
    try:
        refuse_loss(planned, allow_replace)
        refuse_no_way_back(planned, deployment.how)
        if not (yes or planned.empty):
            click.confirm("Carry this out?", abort=True)
    except BaseException:
        deployment.discard(planned)
        raise


def _carry_out(deployment: Deployment, planned: Plan, actual: Actual, as_json: bool) -> None:
    from pingbox.deploy.aws.stand_in import reachable
    from pingbox.deploy.commands.output import console, outputs_view

    stack = deployment.execute(planned, actual)
    outputs = reachable(stack.outputs, deployment.desired.target.stand_in)
    if as_json:
        console().print_json(json.dumps({"stack": stack.name, "outputs": dict(outputs)}))
    elif outputs:
        console().print(outputs_view(outputs))


def _hot_swap(deployment: Deployment, actual: Actual) -> None:
    if not deployment.desired.artifacts or "CodeKey" not in deployment.desired.parameters:
        raise click.UsageError("--hotswap is for the chat; a template of your own names its code in its own way")
    steps = deployment.hot_swap(actual)
    click.echo(
        "The functions run the new code; CloudFormation does not know. `pingbox deploy` settles it."
        if steps
        else "no changes: this code is running already"
    )


def _dry_run(ctx: click.Context, where: TargetOptions, what: AppOptions) -> None:
    from pingbox.deploy.artifacts.site import site_steps
    from pingbox.deploy.perform.describe import describe
    from pingbox.deploy.perform.run import dry_desired
    from pingbox.deploy.plan import planner
    from pingbox.deploy.plan.actual import NOTHING
    from pingbox.deploy.plan.steps import ExecuteChangeSet
    from pingbox.deploy.rules import findings

    desired = dry_desired(where, what, ctx.obj)
    document: dict[str, Any] = json.loads(desired.template)
    change = ExecuteChangeSet(desired.target.stack, "", len(document["Resources"]))
    steps = [
        *planner.template_upload(desired, NOTHING),
        *planner.preparation(desired, NOTHING),
        change,
        *planner.after_change(desired, NOTHING, ()),
        *site_steps(desired.site or (), {}, "the page's bucket"),
    ]
    for number, step in enumerate(steps, 1):
        click.echo(f"{number:3}. {describe(step)}")
    for artifact in desired.artifacts:
        click.echo(f"zip {artifact.digest} ({len(artifact.body):,} bytes)")
    for finding in findings(document):
        click.echo(f"warning: {finding}", err=True)
