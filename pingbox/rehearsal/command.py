"""`pingbox rehearse`: run what would be deployed and talk through it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import click

from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.errors import DeployError
from pingbox.rehearsal.acceptance import UnexpectedError, converse
from pingbox.rehearsal.server import TARGET, Rehearsal


@click.command()
@click.option("--port", default=0, show_default=True, help="Port of the page and the WebSocket; 0: a free one.")
@click.option("--serve", "go_on", is_flag=True, help="Go on answering until Ctrl-C instead of ending.")
@click.pass_context
def rehearse(ctx: click.Context, /, port: int, go_on: bool) -> None:
    """Run the very zip, template and page that would be deployed, and hold a conversation through them."""
    try:
        asyncio.run(_rehearse(ctx.obj(), port, go_on))
    except (DeployError, UnexpectedError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error}; pass another --port") from error


async def _rehearse(page: Iterable[SiteFile], port: int, go_on: bool) -> None:
    from pingbox.chat.model import Site
    from pingbox.deploy.artifacts.package import chat_artifact
    from pingbox.deploy.plan.desired import chat_desired

    artifact = chat_artifact()
    rehearsal = Rehearsal(chat_desired(TARGET, artifact, page, Site.WEBSITE, {}), port=port)
    click.echo(f"zip {artifact.digest} ({len(artifact.body):,} bytes)")
    try:
        await rehearsal.start()
        click.echo(f"page {rehearsal.url}  websocket {rehearsal.websocket}")
        await converse(rehearsal.websocket, rehearsal.origin, lambda step: click.echo(f"ok: {step}"))
        if go_on:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
    finally:
        await rehearsal.stop()
