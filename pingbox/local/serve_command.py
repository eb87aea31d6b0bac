"""`pingbox serve`: options to `ServeSettings`, then the running house until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pingbox.settings import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_STAGE, ServeSettings, SettingsError


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, help="Port for page, WebSocket and @connections; 0 = free."
)
@click.option("--stage", default=None, help=f"Stage name: the path of the WebSocket.  [default: {DEFAULT_STAGE}]")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the chat in the browser.")
@click.option("--ephemeral", is_flag=True, help="Keep everything in memory and forget it at the end.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the addresses here as JSON once it answers.",
)
@click.option("--verbose", is_flag=True, help="Show every frame, management call and log line too.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def serve(ephemeral: bool, **options: Any) -> None:
    """Chat offline: serve the page, the WebSocket API and @connections on one port, with real Lambda handlers."""
    try:
        settings = ServeSettings(data_dir=None, **options)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from pingbox.local.running import run

    run(settings)
