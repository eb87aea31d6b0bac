"""`pingbox serve`: options to `ServeSettings`, then the running house until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pingbox.local.data_dir import default_data_dir
from pingbox.settings import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_STAGE, ServeSettings, SettingsError

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of page, WebSocket, @connections; 0: free.")
@click.option("--stage", default=None, help=f"Stage name, the WebSocket's path.  [default: {DEFAULT_STAGE}]")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the chat in the browser.")
@click.option("--data-dir", type=_FOLDER, help="Where messages are kept.  [default: your user data folder]")
@click.option("--ephemeral", is_flag=True, help="Keep everything in memory and forget it at the end.")
@click.option(
    "--durability",
    type=click.Choice(["normal", "full"]),
    default="normal",
    show_default=True,
    help="normal: an answered write survives a crash of PingBox; full: a loss of power too.",
)
@click.option("--dynamodb-endpoint", metavar="URL", help="Use this DynamoDB engine instead of the local one.")
@click.option(
    "--dynamodb",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    help="aws: real tables in your account, after you said yes.",
)
@click.option("--serial", is_flag=True, help="One message of a connection after the other; default: concurrent.")
@click.option("--rate", type=click.IntRange(min=0), help="Actions a minute and connection; 0: no limit.  [default: 60]")
@click.option("--ready-file", type=_FILE, help="Write the addresses here as JSON once it answers.")
@click.option("--verbose", is_flag=True, help="Show every frame's size, management call and log line too.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def serve(data_dir: Path | None, ephemeral: bool, dynamodb: str, **options: Any) -> None:
    """Chat offline: serve the page, the WebSocket API and @connections on one port, with the real Lambda handlers."""
    if ephemeral and data_dir is not None:
        raise click.UsageError(f"--ephemeral keeps nothing, --data-dir {data_dir} keeps it; give one of them")
    if dynamodb == "aws":
        click.confirm("The chat will create and use the tables Connections and Messages on AWS. Go on?", abort=True)
    try:
        settings = ServeSettings(
            data_dir=None if ephemeral else data_dir or default_data_dir(), real_dynamodb=dynamodb == "aws", **options
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from pingbox.local.running import run

    run(settings)
