"""Commands for what is deployed: `status`, `logs`, `open`, `destroy`."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pingbox.deploy.commands.options import TargetOptions, checked_role, target_options

if TYPE_CHECKING:
    from pingbox.deploy.commands.context import Context
    from pingbox.deploy.commands.logs import Line
    from pingbox.deploy.perform.destroy import Inventory
    from pingbox.deploy.perform.session import Session

DRIFTED = 2
"""Exit code of `status` when what runs is not what the template says. 0: it is, 1: unhealthy, absent or an error."""


@click.command()
@target_options
@click.option("--drift/--no-drift", default=True, show_default=True, help="Compare every resource with the template.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def status(ctx: click.Context, /, where: TargetOptions, drift: bool, as_json: bool) -> None:
    """Show outputs, health and drift. Exit code 0: as it should be, 2: drifted, 1: unhealthy or not there."""
    from pingbox.deploy.aws.watch import Watch
    from pingbox.deploy.commands.output import console, status_json, status_view
    from pingbox.deploy.commands.status import status as read_status
    from pingbox.deploy.perform.session import connect

    session = connect(where)
    found = read_status(session.aws, session.target, Watch(session.aws, lambda event, resources: None), drift=drift)
    if found is None:
        raise click.ClickException(f"There is no stack {session.target.stack} in {session.target.region}.")
    console().print_json(json.dumps(status_json(found))) if as_json else console().print(status_view(found))
    ctx.exit(1 if not found.healthy else 0 if found.in_sync else DRIFTED)


@click.command()
@target_options
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--function", help="Only this one, by its name in the template or in short: message.")
@click.option("--since", type=click.FloatRange(min=0), default=10, show_default=True, help="Minutes to look back.")
def logs(where: TargetOptions, follow: bool, function: str | None, since: float) -> None:
    """Print the functions' log lines, oldest first."""
    from pingbox.deploy.commands.logs import Tail, log_groups
    from pingbox.deploy.perform.session import connect

    session = connect(where)
    tail = Tail(session.aws, log_groups(session.aws, session.target, function))
    start = int((time.time() - since * 60) * 1000)
    with contextlib.suppress(KeyboardInterrupt):  # which is how following ends
        for line in tail.follow(start) if follow else tail.fresh(start):
            _print_line(line)


@click.command("open")
@target_options
@click.option("--print", "only_print", is_flag=True, help="Print the address instead of opening it.")
def open_page(where: TargetOptions, only_print: bool) -> None:
    """Open the page in the browser."""
    from pingbox.deploy.aws.stand_in import reachable
    from pingbox.deploy.perform.session import connect
    from pingbox.deploy.plan.actual import find_stack

    session = connect(where)
    stack = find_stack(session.aws, session.target.stack)
    url = reachable(stack.outputs, session.target.stand_in).get("SiteUrl") if stack else None
    if url is None:
        raise click.ClickException(f"{session.target.stack} has no page. Run `pingbox deploy` first.")
    click.echo(url)
    if not only_print:
        click.launch(url)


@click.command()
@target_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--keep-data", is_flag=True, help="Leave everything that holds data: tables, buckets, queues, secrets...")
@click.option("--delete-data", is_flag=True, help="Delete tables that the stage retains as well.")
@click.option("--remove-protection", is_flag=True, help="Take the protection of the stage away first.")
@click.option("--role-arn", "role", metavar="ARN", help="Role that CloudFormation works with.")
@click.pass_context
def destroy(
    ctx: click.Context,
    /,
    where: TargetOptions,
    yes: bool,
    keep_data: bool,
    delete_data: bool,
    remove_protection: bool,
    role: str | None,
) -> None:
    """Take a stage down: list what goes, ask for its name, delete it, and show that nothing is left."""
    from pingbox.deploy.aws.interrupt import report_interrupt
    from pingbox.deploy.aws.watch import Watch
    from pingbox.deploy.commands.context import context
    from pingbox.deploy.commands.output import console
    from pingbox.deploy.commands.progress import Live
    from pingbox.deploy.perform.destroy import destroy_steps, kept, refuse_destroying, take_inventory
    from pingbox.deploy.perform.keep import keep
    from pingbox.deploy.perform.session import connect
    from pingbox.deploy.perform.steps import perform
    from pingbox.deploy.plan.preflight import refuse_foreign

    if keep_data and delete_data:
        raise click.UsageError("--keep-data and --delete-data contradict each other")
    checked_role(role)
    session = connect(where)
    inventory = take_inventory(session.aws, session.target)
    here = context(session, inventory.actual)
    refuse_foreign(session.target, inventory.actual.stack)
    _refuse_nothing(session, inventory, here)
    refuse_destroying(inventory, keep_data=keep_data)
    stays = kept(inventory, delete_data=delete_data, keep_data=keep_data)
    console().print(here.view(), end="\n\n")
    _show_inventory(inventory, stays)
    _ask_for_protection(inventory, here, yes=yes, delete_data=delete_data, allowed=remove_protection)
    _ask_for_name(session.target.stack, here, yes)
    live = ctx.with_resource(Live(console()))
    watch = Watch(session.aws, live.event)
    with report_interrupt(session.target.stack, "`pingbox destroy` again goes on with what is left"):
        if keep_data:
            inventory = keep(session.aws, inventory, watch, role)
        steps = destroy_steps(inventory, delete_data=delete_data, keep_data=keep_data, role=role)
        perform(session.aws, steps, watch, live.step)
    _show_leftovers(ctx, session, inventory, stays)


def _print_line(line: Line) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.time / 1000))
    click.echo(f"{at}.{line.time % 1000:03}Z {line.function}  {line.message}")


def _show_inventory(inventory: Inventory, stays: Mapping[str, str]) -> None:
    from pingbox.deploy.commands.columns import resources_listing
    from pingbox.deploy.commands.output import console
    from pingbox.deploy.perform.describe import count

    console().print(resources_listing(inventory.resources, stays))
    if inventory.actual.artifacts:
        click.echo(f"and {count(len(inventory.actual.artifacts), 'artifact')} in {inventory.target.artifact_bucket}")
    if inventory.actual.secret:
        word = "kept:" if inventory.target.secret in stays else "and"
        click.echo(f"{word} the token secret {inventory.target.secret}")


def _refuse_nothing(session: Session, inventory: Inventory, here: Context) -> None:
    """An error: a user who finds nothing to destroy may look in the wrong region."""
    from pingbox.deploy.perform.leftovers import tagged_leftovers

    if not inventory.is_empty:
        return
    left = tagged_leftovers(session.aws, session.target).found
    kept = "".join(f"\nkept by an earlier destroy: {entry.type} {entry.id}" for entry in left)
    raise click.ClickException(f"Nothing of {session.target.stack} is there ({here.place}).{kept}")


def _ask_for_protection(inventory: Inventory, here: Context, *, yes: bool, delete_data: bool, allowed: bool) -> None:
    """Taking the protection away is a question of its own, and `--yes` does not answer it."""
    from pingbox.deploy.errors import DeployRefusedError
    from pingbox.deploy.perform.destroy import refuse_protected

    try:
        refuse_protected(inventory, delete_data=delete_data, removal_allowed=allowed)
    except DeployRefusedError as refusal:
        if yes:
            raise
        click.echo(f"{refusal.what}: {refusal.found} ({here.place}).")
        click.confirm("Take this protection away?", abort=True)


def _ask_for_name(stack: str, here: Context, yes: bool) -> None:
    if yes:
        return
    click.echo(f"This cannot be undone in {here.place}.")
    typed = click.prompt(f"Type the stack's name ({stack}) to go on")
    if typed.strip() != stack:
        raise click.ClickException(f"{typed!r} is not {stack!r}; nothing was deleted.")


def _show_leftovers(ctx: click.Context, session: Session, inventory: Inventory, stays: Mapping[str, str]) -> None:
    """Ask for each thing once more, and for what bears the stage's tags. Exit code 1 when something is left."""
    from pingbox.deploy.perform.leftovers import find_leftovers, tagged_leftovers

    report = find_leftovers(session.aws, inventory.resources)
    tagged = tagged_leftovers(session.aws, session.target)
    known = {entry.id for entry in report.found} | set(stays)
    earlier = [entry for entry in tagged.found if entry.id not in known]
    left = [entry for entry in report.found if entry.id not in stays]
    for physical, type_name in sorted(stays.items()):
        click.echo(f"kept: the {type_name.rpartition('::')[2].lower()} {physical}")
    for entry in left:
        click.echo(f"still there: {entry.type} {entry.id}", err=True)
    for entry in earlier:
        click.echo(f"there before and still there: {entry.type} {entry.id}")
    unknown = sorted({*report.unknown, *tagged.unknown})
    for type_name in unknown:
        click.echo(f"could not be looked for: {type_name}")
    if left:
        ctx.exit(1)
    click.echo("Nothing else is left." if stays or unknown or earlier else "Nothing is left.")
